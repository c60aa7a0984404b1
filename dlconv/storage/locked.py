"""A lock beside what it guards, so that it holds for whoever writes there, from any machine.

For ``<folder>/<name>`` it is ``<folder>/.<name>.dlconv-lock``, which is there while somebody holds
it. It is the operating system's: it ends with the process that holds it, however that process ends,
and the file that a killed one leaves means nothing.
"""

import functools
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlconv.progress import Say
from dlconv.terminal import console

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Whoever fails removes the folders that it made, which others may be about to lock something in.
TRIES = 5
# What nobody needs to be told of.
BRIEF_SECONDS = 2.0

_held = threading.local()


@contextmanager
def locked(target: Path, waiting: str = "", say: Say = console.say) -> Iterator[None]:
    """Hold the lock of a place; say once what it is waiting for if somebody else holds it.

    Whoever holds it may take it again. Folders above the place are made, and go with the lock if
    nothing came to be in them. Raises OSError where they cannot be made.
    """
    target = Path(os.path.realpath(target))
    path = target.with_name(f".{target.name}.dlconv-lock")
    locks = vars(_held)
    if str(path) in locks:
        yield
        return
    lacking = [folder for folder in path.parents if not folder.exists()]
    patience = 0.0 if waiting else BRIEF_SECONDS
    waiting = waiting or f"waiting for another dlconv, which writes {target}"
    locks[str(path)] = _acquire(path, patience, waiting, say)
    try:
        yield
    finally:
        if _leaves_files():
            # Before the release: whoever waits for a file that is gone makes another one.
            with suppress(OSError):
                path.unlink()
        locks.pop(str(path)).release()
        with suppress(OSError):
            for folder in lacking:
                folder.rmdir()


@functools.cache
def _leaves_files() -> bool:
    """Tell whether filelock leaves the file of a lock that is released: versions differ in that.

    To remove one that it removes itself would be to remove that of whoever came next.
    """
    import filelock

    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        path = Path(folder) / "lock"
        with filelock.FileLock(path):
            pass
        return path.exists()


def _acquire(path: Path, patience: float, waiting: str, say: Say) -> "BaseFileLock":
    import filelock

    lock = filelock.FileLock(path)
    for left in reversed(range(TRIES)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _wait(lock, patience, waiting, say)
            break
        except FileNotFoundError:
            if not left:
                raise
    return lock


def _wait(lock: "BaseFileLock", patience: float, waiting: str, say: Say) -> None:
    import filelock

    try:
        lock.acquire(timeout=patience)
    except filelock.Timeout:
        say(waiting)
        lock.acquire()
