"""What lets somebody in, in an address of any command, is written and printed nowhere."""

import base64
import os
import shutil
import subprocess
import sys

import pytest
from support.hosting import static_server
from support.sample import TARBALL

SECRET = "hunter2-hunter2"
FORMS = (SECRET, base64.b64encode(f"me:{SECRET}".encode()).decode())
ENTRY = """
[models.net]
url = "{}"
dataset = "voc"
crop = [129, 129]
"""
ADDRESS = "http://me:{secret}@{host}/{path}?token={secret}#{secret}=1"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The host of a server that has a tarball and nothing else."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "models").mkdir()
    shutil.copy(TARBALL, folder / "models" / "net.tar.gz")
    with static_server(folder) as address:
        yield address.split("/")[2]


@pytest.fixture
def run(tmp_path):
    """Run a command in a folder of its own with its cache in it; return all that it prints."""
    (tmp_path / "work").mkdir()
    (tmp_path / "net.toml").write_text(ENTRY.format("http://host.invalid/models/net.tar.gz"))

    def run(*arguments: str, code: int = 0) -> str:
        places = {"DLCONV_CACHE": "cache", "DLCONV_LOCK": "dlconv.lock"}
        answer = subprocess.run(
            [sys.executable, "-m", "dlconv", *arguments],
            cwd=tmp_path / "work",
            env={**os.environ, **places, "DLCONV_REGISTRY": str(tmp_path / "net.toml")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == code, answer.stderr
        assert "Traceback" not in answer.stderr
        return answer.stdout + answer.stderr

    return run


def address(host: str, path: str = "") -> str:
    return ADDRESS.format(secret=SECRET, host=host, path=path)


def assert_hidden(folder, *said: str) -> None:
    for form in FORMS:
        assert not [words for words in said if form in words]
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in files if form.encode() in path.read_bytes()]
        assert not [path for path in folder.rglob("*") if form in path.name]


def test_what_is_fetched_and_made_knows_nothing_of_the_mirror_s_password(host, run, tmp_path):
    said = [run("fetch", "net", "--mirror", address(host), "--verbose", "--json")]
    assert f"{host} " in said[0]
    assert "models/net.tar.gz?***" in said[0]
    said += [run("tfjs", "net", "--json"), run("inspect", "net", "--json"), run("models", "--json")]
    assert "graph_sha256" in (tmp_path / "work" / "dlconv.lock").read_text()
    assert list((tmp_path / "work").rglob("manifest.json"))
    assert_hidden(tmp_path / "work", *said)


def test_a_download_that_fails_leaves_and_says_nothing_of_it(host, run, tmp_path):
    gone = address(host, "gone")
    said = [
        run("fetch", "net", "--mirror", gone, "--verbose", code=1),
        run("fetch", "net", "--mirror", address("[::1"), code=2),
        run("fetch", "net", "--mirror", f"me:{SECRET}@{host}", code=2),
        run("inspect", gone, code=1),
        run("check", gone, code=1),
    ]
    assert f"http://***@{host}/gone/models/net.tar.gz?***: 404" in said[0]
    assert_hidden(tmp_path / "work", *said)


def test_an_address_that_is_inspected_is_shown_without_it(host, run, tmp_path):
    said = [
        run("inspect", address(host, "models/net.tar.gz"), *options)
        for options in (["--json"], ["--markdown", "--verbose"])
    ]
    assert f"http://***@{host}/models/net.tar.gz?***" in said[0]
    assert_hidden(tmp_path / "work", *said)


def test_an_entry_that_holds_one_is_refused(host, run, tmp_path):
    for url in (address(host, "x"), f"http://me:{SECRET}@{host}/x", f"http://{host}/x?{SECRET}"):
        (tmp_path / "net.toml").write_text(ENTRY.format(url))
        for command in (["fetch", "net"], ["models"]):
            said = run(*command, code=1)
            assert "which would be published; a mirror may have it" in said
            assert_hidden(tmp_path / "work", said)
