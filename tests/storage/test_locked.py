"""Whoever writes somewhere keeps all others out, and leaves nothing behind."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from dlconv.storage.locked import locked

COUNT = """
import sys
from pathlib import Path
from dlconv.storage.locked import locked
path = Path(sys.argv[1])
for _ in range(100):
    with locked(path):
        path.write_text(str(int(path.read_text()) + 1))
"""
DIE = """
import os, signal, sys
from pathlib import Path
from dlconv.storage.locked import locked
with locked(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def below(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_it_is_beside_the_place_while_it_is_held(tmp_path):
    with locked(tmp_path / "out"), locked(tmp_path / "out"):
        assert below(tmp_path) == [".out.dlconv-lock"]
    assert below(tmp_path) == []


def test_processes_of_any_cache_are_one_at_a_time(tmp_path, monkeypatch):
    (tmp_path / "count").write_text("0")
    processes = []
    for number in range(3):
        monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "caches" / str(number)))
        command = [sys.executable, "-c", COUNT, str(tmp_path / "count")]
        processes.append(subprocess.Popen(command))
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "300"
    assert below(tmp_path) == ["count"]


def test_one_that_waits_says_so(tmp_path):
    waits = Event()
    said = []

    def wait():
        with locked(
            tmp_path / "link", "waiting", lambda message: (said.append(message), waits.set())
        ):
            return True

    (tmp_path / "link").symlink_to("out")
    with ThreadPoolExecutor(1) as pool:
        with locked(tmp_path / "out"):
            other = pool.submit(wait)
            assert waits.wait(20)
            assert not other.done()
        assert other.result()
    assert said == ["waiting"]


def test_one_that_was_killed_is_not_waited_for(tmp_path):
    killed = subprocess.run([sys.executable, "-c", DIE, str(tmp_path / "out")])
    assert killed.returncode == -signal.SIGKILL
    assert below(tmp_path) == [".out.dlconv-lock"]
    with locked(tmp_path / "out", "waiting", pytest.fail):
        pass
    assert below(tmp_path) == []


def test_folders_made_for_it_stay_only_if_something_is_in_them(tmp_path):
    with locked(tmp_path / "new" / "model" / "out"):
        assert (tmp_path / "new" / "model").is_dir()
    assert below(tmp_path) == []
    with locked(tmp_path / "new" / "model" / "out"):
        (tmp_path / "new" / "note").touch()
    assert below(tmp_path) == ["new", "note"]


def test_a_lock_that_cannot_be_removed_is_let_go_all_the_same(tmp_path, monkeypatch):
    def refuse(self, missing_ok=False):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch, locked(tmp_path / "out"):
        patch.setattr("pathlib.Path.unlink", refuse)
    with ThreadPoolExecutor(1) as pool, locked(tmp_path / "other"):
        assert pool.submit(_takes, tmp_path / "out").result(10)


def _takes(path):
    with locked(path):
        return True


def test_who_waits_is_told_for_what(tmp_path):
    told = []
    holding, done = Event(), Event()

    def hold():
        with locked(tmp_path / "out"):
            holding.set()
            done.wait(60)

    def tell(words):
        told.append(words)
        done.set()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        holding.wait(60)
        with locked(tmp_path / "out", say=tell):
            held.result(60)
    assert told == [f"waiting for another dlconv, which writes {tmp_path / 'out'}"]
