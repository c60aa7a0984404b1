"""Servers whose answers are no HTTP, or come without end: one line, and what came is kept."""

import contextlib
import dataclasses
import socket
import threading

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.raw import raw_server
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.errors import DlconvError
from dlconv.net.download import download
from dlconv.net.http import network_trouble, refusal_in_words
from dlconv.net.patience import Patience

DIGITS = b"9" * 5000
OK = b"HTTP/1.1 200 OK\r\n"
FOUND = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"


@pytest.fixture
def once() -> Patience:
    return Patience(2.0, 2.0, tries=1, first_wait_seconds=0.01, longest_wait_seconds=0.05)


@pytest.fixture
def target(cache):
    return cache / "net.tar.gz"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (FOUND + b"Location: http://[::1\r\n\r\n", "sends invalid HTTP: Invalid IPv6 URL"),
        (FOUND + b"Location: /\xff\r\n\r\n", "sends invalid HTTP: 'utf-8' codec"),
        (FOUND + b"Location: http://h:" + DIGITS + b"/\r\n\r\n", "cannot fetch|sends invalid HTTP"),
        (FOUND + b"Location: //\r\n\r\n", "cannot fetch|cannot reach"),
        (FOUND + b"Location: /x\r\n\r\n", "Exceeded 30 redirects"),
        (OK + b"Content-Length: " + DIGITS + b"\r\n\r\nabc", "bytes are more than"),
        (
            b"HTTP/1.1 206 OK\r\nContent-Range: bytes " + DIGITS + b"-5/" + DIGITS + b"\r\n\r\nabc",
            "answers 206 to a plain request",
        ),
        (
            b"HTTP/1.1 206 OK\r\nContent-Range: bytes 0-5/" + DIGITS + b"\r\n\r\nabc",
            "bytes are more than",
        ),
        (b"HTTP/1.1 503 No\r\nRetry-After: " + DIGITS + b"\r\n\r\n", "503 No"),
        (b"HTTP/1.1 " + DIGITS + b" OK\r\n\r\n", "cannot reach|sends invalid HTTP"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + DIGITS + b"\r\n", "stopped half-way"),
        (OK + b"x: y\r\n" * 200 + b"\r\n", "cannot reach"),
        (b"\0" * 99, "cannot reach"),
        (b"", "cannot reach"),
    ],
)
def test_what_is_no_http_is_one_line(target, once, reply: bytes, said: str) -> None:
    with raw_server(reply) as host, pytest.raises(DlconvError, match=said):
        download(f"http://{host}/net.tar.gz", target, patience=once)
    assert not target.exists()


NUMBERS = st.sampled_from([b"", b"-1", b"0", b"3", b"+3", b"3, 4", b"\xb2", b"1e9", DIGITS])
PLACES = st.sampled_from(
    [b"", b"/", b"//", b"/\xff", b"http://[::1", b"http://[", b"http://:", b"http://h:x/", b"\0"]
    + [
        b"http://\xc3\xa9.invalid/",
        b"http://" + b"a" * 300 + b"/",
        b"http://..//",
        b"?",
        b"#",
        b":",
    ]
    + [b"file:///etc/passwd", b"http://127.0.0.1:1/", b"http://a b/", b"%", b"%ff%00", b"http://*/"]
)
VALUES = {
    b"Location": PLACES,
    b"Content-Length": NUMBERS,
    b"Content-Range": st.builds(
        lambda first, last, total: b"bytes " + first + b"-" + last + b"/" + total,
        NUMBERS,
        NUMBERS,
        NUMBERS | st.just(b"*"),
    ),
    b"Retry-After": NUMBERS,
    b"ETag": st.sampled_from([b'"\xff"', b'"', b'"\xe2\x82\xac"', b"W/", b""]),
    b"Last-Modified": st.binary(max_size=9),
    b"Transfer-Encoding": st.sampled_from([b"chunked", b"gzip", b"gzip, chunked", b"\xff"]),
    b"Content-Encoding": st.sampled_from([b"gzip", b"br", b"\xff"]),
    b"Set-Cookie": st.binary(max_size=9) | st.just(b"a=b; expires=" + DIGITS),
    b"Content-Type": st.sampled_from(
        [b"text/html; charset=\xff", b"multipart/x", b"message/rfc822"]
    ),
    b"Connection": st.sampled_from([b"keep-alive", b"upgrade", b""]),
    b"WWW-Authenticate": st.binary(max_size=9),
}
HEADERS = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name])),
    max_size=4,
)
STARTS = st.sampled_from(
    [
        OK,
        b"HTTP/1.1 302 Found\r\n",
        b"HTTP/1.1 206 Part\r\n",
        b"HTTP/1.1 503 \xff\r\n",
        b"ICY 200\r\n",
    ]
    + [
        b"HTTP/1.1 416 No\r\n",
        b"HTTP/1.0 204\r\n",
        b"HTTP/9 1\r\n",
        b"HTTP/1.1 100 Go\r\n\r\n" + OK,
    ]
    + [b"HTTP/1.1 301 Gone\r\n", b"HTTP/1.1 401 Who\r\n", b"HTTP/1.1 304 Same\r\n", b"\r\n"]
)
BODIES = st.sampled_from(
    [b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"-1\r\n", b"\x1f\x8b", DIGITS + b"\r\n"]
)


def reply_of(start: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    return start + b"".join(b": ".join(each) + b"\r\n" for each in headers) + b"\r\n" + body


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(reply_of, STARTS, HEADERS, BODIES))
def test_any_answer_is_a_file_or_one_line(target, once, reply: bytes) -> None:
    with raw_server(reply) as host, contextlib.suppress(DlconvError):
        download(f"http://{host}/net.tar.gz", target, patience=once)
    with raw_server(reply) as host, contextlib.suppress(DlconvError):
        download(f"http://{host}/net.tar.gz", target, 3, verified=True, patience=once)
    url = f"http://{host}/"
    with raw_server(reply) as host, contextlib.suppress(DlconvError):
        with network_trouble(url):
            answer = requests.get(f"http://{host}/", timeout=2)
        raise refusal_in_words(answer, "")


def drip(connection: socket.socket, head: bytes, rest: bytes, until: threading.Event) -> None:
    """Send the head at once and the rest byte by byte, without end."""
    connection.sendall(head)
    while True:
        for place in range(len(rest)):
            if until.wait(0.01):
                return
            connection.sendall(rest[place : place + 1])


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (OK + b"Content-Length: 99999\r\n\r\n" + b"x" * 50_000, b"x"),
        (OK + b"\r\n" + b"x" * 50_000, b"x"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\nc350\r\n" + b"x" * 50_000 + b"\r\n",
            b"1\r\nx\r\n",
        ),
        (OK, b"x: y\r\n"),
        (b"", b"HTTP/1.1 "),
    ],
)
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"least_bytes_per_second": 1000.0, "over_seconds": 0.4},
            "the server sent less than 1,000 bytes a second for 0.4 s",
        ),
        ({"most_seconds": 0.8, "over_seconds": 0.8}, "the server was not done within 0.8 s"),
    ],
    ids=["slow", "long"],
)
def test_a_server_that_sends_too_slowly_is_left(target, once, head, rest, limits, said) -> None:
    limits = {"read_seconds": 30.0, "least_bytes_per_second": 0.0, **limits}
    patience = dataclasses.replace(once, **limits)
    closing = threading.Event()
    try:
        with (
            raw_server(lambda connection: drip(connection, head, rest, closing)) as host,
            pytest.raises(DlconvError) as caught,
        ):
            download(f"http://{host}/net.tar.gz", target, patience=patience)
    finally:
        closing.set()
    assert said in caught.value.message
    assert "run the same command again" in caught.value.hint
    part = target.with_name("net.tar.gz.part")
    assert not target.exists()
    assert not part.exists() or {*part.read_bytes()} == {*b"x"}


def test_a_slow_server_is_asked_again_for_the_rest(server, body, target, once) -> None:
    patience = dataclasses.replace(once, tries=20, read_seconds=30.0, over_seconds=0.5)
    server.answers(server.stalls_after(100_000, body), server.honest(body))
    download(server.url, target, len(body), patience=patience)
    assert target.read_bytes() == body
    assert len(server.requests) > 1


def test_a_redirect_without_end_is_not_read(target, once) -> None:
    """What comes with a redirect is of no use, and need have no end."""
    closing = threading.Event()
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
    patience = dataclasses.replace(once, over_seconds=30.0)
    try:
        with (
            raw_server(lambda connection: drip(connection, head, b"x", closing)) as host,
            pytest.raises(DlconvError, match="cannot reach"),
        ):
            download(f"http://{host}/net.tar.gz", target, patience=patience)
    finally:
        closing.set()


@pytest.mark.parametrize(
    "name", ["a" * 300 + ".pb", "a%00.pb", "%ff.pb", "..%2f.pb", "a%0ab", "%20"]
)
def test_a_name_that_no_file_may_have_is_no_trouble(cache, name: str) -> None:
    with raw_server(OK + b"Content-Length: 3\r\n\r\nabc") as host:
        answer = CliRunner().invoke(app, ["inspect", f"http://{host}/{name}"])
    assert answer.exit_code == 1
    assert "is not a GraphDef" in answer.stderr or "is named like no format" in answer.stderr
