import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from dlconv.errors import DlconvError, UsageError
from dlconv.storage import files
from dlconv.storage.files import digest_of, new_directory, remove_leftovers, write_atomically

KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from dlconv.storage import files
files.exchange = lambda first, second: False
files._take_free_name = lambda source, target: os.kill(os.getpid(), signal.SIGKILL)
with files.new_directory(Path(sys.argv[1])) as work:
    (work / "new").touch()
"""


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


def test_there_is_no_moment_without_the_old_directory_or_the_new_one(tmp_path):
    target = tmp_path / "out"
    for name in ("out", "other"):
        (tmp_path / name).mkdir()
    if not files.exchange(target, tmp_path / "other"):
        pytest.skip("the disk of this machine cannot exchange names")
    is_over, missed = Event(), []

    def look():
        while not is_over.is_set():
            missed.extend([] if target.exists() else [1])

    with new_directory(target) as work:
        (work / "whole").touch()
    watcher = Thread(target=look)
    watcher.start()
    for _ in range(500):
        with new_directory(target) as work:
            (work / "whole").touch()
    is_over.set()
    watcher.join()
    assert not missed
    assert names(tmp_path) == ["other", "out"]


def test_a_killed_writer_between_two_names_loses_nothing(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "signed").touch()
    command = [sys.executable, "-c", KILLED_BETWEEN, str(target)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert not target.exists()
    with pytest.raises(ZeroDivisionError), new_directory(target):
        assert names(target) == ["signed"]
        raise ZeroDivisionError
    assert names(target) == ["signed"]
    assert names(tmp_path) == ["out"]


def test_an_old_directory_that_stood_aside_goes_once_the_new_one_is_there(tmp_path):
    for name in ("out", ".out-0123456789abcdef.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "of").write_text(name)
    remove_leftovers(tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "of").read_text() == "out"


@pytest.mark.parametrize("can_exchange", [True, False])
def test_what_came_there_meanwhile_is_not_replaced(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(files, "exchange", lambda first, second: False)
    target = tmp_path / "out"

    def refuse(there):
        raise UsageError(f"{there} holds {names(there)}")

    with pytest.raises(UsageError, match="out holds"), new_directory(target, refuse) as work:
        (work / "new").touch()
        target.mkdir()
        (target / "years of work").touch()
    with pytest.raises(UsageError, match="holds"), new_directory(target, refuse):
        pytest.fail("it begins")
    assert names(target) == ["years of work"]
    assert names(tmp_path) == ["out"]


def test_what_comes_at_the_last_moment_is_not_replaced(tmp_path, monkeypatch):
    target = tmp_path / "out"
    take = files._take_free_name

    def come_and_take(source, place):
        target.mkdir()
        (target / "years of work").touch()
        take(source, place)

    monkeypatch.setattr(files, "_take_free_name", come_and_take)
    with pytest.raises(DlconvError, match="came into being while"), new_directory(target):
        pass
    assert names(target) == ["years of work"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("is_made_again", [True, False])
def test_a_new_directory_that_somebody_removes_is_an_error(tmp_path, is_made_again):
    target = tmp_path / "out"
    with new_directory(target) as work:
        (work / "old").touch()
    with pytest.raises(DlconvError, match="was removed while"), new_directory(target) as work:
        shutil.rmtree(work)
        if is_made_again:
            work.mkdir()
            (work / "half").touch()
    assert names(target) == ["old"]
    assert names(tmp_path) == ["out"]
