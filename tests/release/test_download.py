"""Releases that are named by an address."""

import dataclasses
import functools
import http.server
import threading
from contextlib import nullcontext

import pytest

from dlconv.errors import DlconvError
from dlconv.progress import no_progress
from dlconv.release import download
from dlconv.release.check import check_release
from dlconv.release.document import RELEASE_NAME, as_json, read_release
from dlconv.release.download import downloaded_release


@pytest.fixture
def asked():
    """The paths that a server was asked for."""
    return []


@pytest.fixture
def address(release, asked):
    """The address of a server on whose top the release lies."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    handler = functools.partial(Quiet, directory=release)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def brought(spec):
    return downloaded_release(str(spec), lambda label: nullcontext(no_progress))


@pytest.mark.parametrize("end", ["", "/", "/release.json", "/?token=1#top"])
def test_a_release_is_fetched_whole_and_goes_afterwards(address, release, end):
    with brought(address + end) as folder:
        assert check_release(folder) == ()
        for path in release.rglob("*"):
            assert (
                path.is_dir()
                or path.read_bytes() == (folder / path.relative_to(release)).read_bytes()
            )
    assert not folder.exists()


def test_folders_and_files_of_this_computer_are_read_where_they_are(release):
    for spec in (release, release / RELEASE_NAME, release.as_uri(), f"{release.as_uri()}/"):
        with brought(spec) as folder:
            assert folder == release


def test_a_changed_byte_is_found_in_what_was_fetched(address, release):
    model = release / "onnx-float32" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[100] ^= 1
    model.write_bytes(content)
    with brought(address) as folder:
        (problem,) = check_release(folder)
        assert problem.path == "onnx-float32/model.onnx"


def test_no_file_is_fetched_beyond_its_size(address, release):
    with (release / "onnx-float32" / "model.onnx").open("ab") as file:
        file.write(b"\0" * 1000)
    with pytest.raises(DlconvError, match=r"model\.onnx: has [\d,]+ bytes, expected"):
        brought(address).__enter__()


def test_a_missing_file_is_named(address, release):
    (release / "tfjs-float32" / "model.json").unlink()
    with pytest.raises(DlconvError, match=r"/tfjs-float32/model\.json: 404 "):
        brought(address).__enter__()


def test_a_list_of_any_length_is_not_read(address, monkeypatch):
    monkeypatch.setattr(download, "MOST_RELEASE_BYTES", 1000)
    with pytest.raises(DlconvError, match=r"release\.json: [\d,]+ bytes are more than 1,000"):
        brought(address).__enter__()


def test_nothing_is_fetched_for_a_path_that_leaves_the_folder(address, release, asked):
    before = read_release(release)
    stranger = dataclasses.replace(before.artifacts[0].files[0], path="../../evil")
    changed = dataclasses.replace(before, files=[*before.files, stranger])
    (release / RELEASE_NAME).write_bytes(as_json(changed))
    with pytest.raises(DlconvError, match="'../../evil', which is outside the release"):
        brought(address).__enter__()
    assert asked == ["/release.json"]


@pytest.mark.parametrize("spec", ["http://", "https:///x", "file://host/x"])
def test_addresses_that_are_none_are_refused(spec):
    with pytest.raises(DlconvError, match="check the address"):
        brought(spec).__enter__()


def test_other_pages_are_no_release(address, release):
    (release / RELEASE_NAME).write_text("<html>Welcome</html>")
    with pytest.raises(DlconvError, match=r"release\.json is not a release of this dlconv"):
        brought(address).__enter__()
