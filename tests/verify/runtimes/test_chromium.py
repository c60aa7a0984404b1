import urllib.error
import urllib.request

import pytest

from dlconv.verify.runtimes import RuntimeMissingError
from dlconv.verify.runtimes.chromium import Page, _served, find_chromium


def test_a_browser_that_is_named_is_the_one(monkeypatch, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("DLCONV_CHROMIUM", str(program))
    assert find_chromium() == program


def test_a_name_of_no_program_is_told_in_one_line(monkeypatch):
    monkeypatch.setenv("DLCONV_CHROMIUM", "/no/such/browser")
    with pytest.raises(RuntimeMissingError, match="DLCONV_CHROMIUM=/no/such/browser is no program"):
        find_chromium()


def test_a_browser_that_does_not_start_says_what_to_install(monkeypatch, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("DLCONV_CHROMIUM", str(program))
    with pytest.raises(RuntimeMissingError, match="Chromium does not start") as raised:
        Page("tfjs-page.js", tmp_path, {}, tmp_path)
    assert "\n" not in raised.value.message
    assert "install" in raised.value.hint


@pytest.fixture
def address(tmp_path):
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact" / "model.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    with _served("tfjs-page.js", tmp_path / "artifact") as address:
        yield address


def test_pages_are_isolated(address):
    for place in ("", "tfjs-page.js", "artifact/model.json"):
        with urllib.request.urlopen(address + place) as answer:
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


@pytest.mark.parametrize(
    "place",
    [
        "artifact/gone.bin",
        "artifact/",
        "artifact/../secret.txt",
        "artifact/..%2fsecret.txt",
        "..%2f..%2fsecret.txt",
        "/etc/passwd",
        "%2e%2e",
    ],
)
def test_nothing_else_is_served(address, place):
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(address + place)
    assert raised.value.code == 404
