import hashlib
import os
from pathlib import Path

import pytest

from dlconv.errors import UsageError
from dlconv.files import digest_of, new_directory, remove_leftovers, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_digest_is_that_of_the_bytes(tmp_path):
    content = os.urandom(3 << 20)
    (tmp_path / "file").write_bytes(content)
    assert digest_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()
    assert digest_of(tmp_path / "file", "md5") == hashlib.md5(content).hexdigest()


def test_a_file_is_replaced_and_nothing_else_stays(tmp_path):
    path = tmp_path / "new" / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["file"]


def test_a_file_has_the_rights_of_any_new_file(tmp_path):
    write_atomically(tmp_path / "ours", b"")
    (tmp_path / "theirs").touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


def test_a_directory_takes_its_place_when_it_is_complete(tmp_path):
    target = tmp_path / "out"
    for content in ("first", "second"):
        with new_directory(target) as work:
            (work / content).touch()
            assert content not in (names(target) if target.exists() else [])
        assert names(target) == [content]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_directory(tmp_path, error):
    target = tmp_path / "out"
    with new_directory(target) as work:
        (work / "old").touch()
    with pytest.raises(error), new_directory(target) as work:
        (work / "half").touch()
        raise error
    assert names(target) == ["old"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("target", [".", "..", "/", "../in"])
def test_the_working_folder_and_those_above_it_are_not_replaced(tmp_path, monkeypatch, target):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    with pytest.raises(UsageError, match="is the folder you are in"), new_directory(Path(target)):
        pytest.fail("it begins")
    assert names(tmp_path) == ["in"]


def test_of_a_link_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "link").symlink_to("old")
    with new_directory(tmp_path / "link") as work:
        (work / "new").touch()
    assert names(tmp_path) == ["link", "old"]
    assert names(tmp_path / "old") == ["new"]


def test_a_link_that_leads_to_itself_is_trouble_of_the_disk(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"), new_directory(tmp_path / "loop" / "in"):
        pytest.fail("it begins")


def test_what_a_killed_writer_left_can_be_removed_and_nothing_else(tmp_path):
    kept = [".model-of-mine", ".model-0123456789abcdeg", ".models-0123456789abcdef", "model"]
    for name in kept:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".model-0123456789abcdef").mkdir()
    (tmp_path / ".model-0123456789abcdef" / "shard").write_bytes(b"")
    (tmp_path / ".model-00000000ffffffff").write_bytes(b"")
    remove_leftovers(tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
