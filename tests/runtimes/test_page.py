import urllib.error
import urllib.request

import pytest

from dlconv.runtimes.page import _served


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
