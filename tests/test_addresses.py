"""What lets somebody in is never shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlconv.addresses import complaint_about_secrets, host_of, shown, without_secrets
from dlconv.errors import DlconvError

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://me:hunter2@host/x", "https://***@host/x"),
        ("https://hunter2@host/x", "https://***@host/x"),
        ("https://hunter2@host/x@1", "https://***@host/x@1"),
        ("http://me:hunter2/hunter2@host:80/x", "http://***@host:80/x"),
        ("http://me:hun ter2\n@host/hunter", "http://***@host/hunter"),
        ("HTTP://me:@host/x", "HTTP://***@host/x"),
        ("https://host/x?token=hunter2#hunter2", "https://host/x?***"),
        ("https://host/x?hunter2", "https://host/x?***"),
        ("https://host/x#access_token=hunter2", "https://host/x#***"),
        ("s3://me:hunter2@bucket", "s3://***@bucket"),
        ("oci:me:hunter2@host/x", "oci:***@host/x"),
        ("http:/me:hunter2@host/x?a=hunter2", "http:/***@host/x?***"),
    ],
)
def test_an_address_is_shown_without_them(address, expected):
    assert shown(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "https://host:8080/models/x@1.tar.gz",
        "http://[::1]:80/a@b",
        "https://host/x#top",
        "file:///home/me/a:b@c",
        "C:\\what?.pb",
        "/home/me/what?.pb",
        "model.json?version=2",
        "a/b@c?d",
    ],
)
def test_what_holds_none_stays(address):
    assert shown(address) == without_secrets(address) == address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Errno 2] (http://me:hunter2@h/x?t=hunter2): 1", "[Errno 2] (http://***@h/x?***): 1"),
        ("exceeded with url: /x?t=hunter2 (Caused", "exceeded with url: /x?*** (Caused"),
        ('http://h:80 "GET /x?hunter2 HTTP/1.1" 200', 'http://h:80 "GET /x?*** HTTP/1.1" 200'),
        ("'http://me:hunter2@h' and 'http://me:hunter2@h'", "'http://***@h' and 'http://***@h'"),
        ("a tensor [1, ?, ?, 3] at /nets/what?.pb", "a tensor [1, ?, ?, 3] at /nets/what?.pb"),
    ],
)
def test_a_text_quotes_addresses_as_they_are_shown(text, expected):
    assert without_secrets(text) == expected
    assert DlconvError(text, text).message == DlconvError(text, text).hint == expected


@given(
    st.sampled_from(["http://me:{}@h/x", "https://{}@h/x", "ftp://h/x?key={}", "http://h/?{}"]),
    st.text(st.characters(codec="utf-8", exclude_characters="/?#@:[ \\"), min_size=3).filter(
        lambda text: text.isprintable() and " " not in text and not text.isdigit()
    ),
    st.sampled_from(["{}", "cannot fetch {}: gone", "('{}', 1)"]),
)
def test_no_printable_secret_is_left_in_an_error(form, secret, sentence):
    # Letters before and behind, so that no word of the message holds the same.
    secret = f"q{secret}q"
    address = form.format(secret)
    assert secret not in shown(address)
    assert secret not in str(DlconvError(sentence.format(address)))


def test_long_texts_take_no_long_time():
    begin = time.process_time()
    parts = ("a", "http://", "http://a:", "/?", "?.", "@http://a:b", "[a:/")
    for text in (part * 10**5 for part in parts):
        without_secrets(text)
        DlconvError(text)
    assert time.process_time() - begin < 10


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("https://me@host/x", "holds an account"),
        ("https://me:secret@host/x", "holds an account"),
        ("https://host/x?a=b", "holds a query"),
        ("https://host/x", ""),
        ("http://[::1", ""),
    ],
)
def test_what_lets_somebody_in_is_found(address, complaint):
    assert complaint_about_secrets(address) == complaint


def test_a_host_is_named_without_an_account():
    assert host_of("https://me:secret@host:80/x") == "host:80"
    assert host_of("http://[::1") == ""


@pytest.mark.parametrize("query", ["download=1", "dl=1", "raw=true", "download"])
def test_what_an_archive_has_its_files_asked_for_with_is_no_secret(query):
    address = f"https://host/net.tar.gz?{query}"
    assert complaint_about_secrets(address) == ""
    assert shown(address) == address


@pytest.mark.parametrize("tail", ["?dl=1&token=x", "?download=hunter2", "?x", "#sha256=ab"])
def test_what_is_written_otherwise_than_it_is_used_is_refused(tail):
    assert complaint_about_secrets(f"https://host/net.tar.gz{tail}")


def test_a_password_of_digits_is_one():
    for address in ("ftp://me:12345@host/x", "s3://AK:12345@bucket/x"):
        assert "12345" not in without_secrets(f"cannot open {address} today")


def test_a_long_text_takes_no_long_time():
    """Were it quadratic, a megabyte would take hours."""
    assert len(without_secrets('"A /' + "?" * 1_000_000)) > 0
