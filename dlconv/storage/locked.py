"""A lock file beside what it guards, so that it works between machines that share the folder.

For ``<folder>/<name>`` it is ``<folder>/.<name>.dlconv-lock``, which exists while the lock is held.
The lock is the operating system's: it ends with the process that holds it, however that process
ends, and a file that a killed process leaves locks nothing.
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

# A process that fails removes the folders that it made, where others may be about to make a lock.
TRIES = 5
# A wait that is not worth a message.
BRIEF_SECONDS = 2.0

_held = threading.local()


@contextmanager
def locked(target: Path, waiting: str = "", say: Say = console.say) -> Iterator[None]:
    """Hold the lock of ``target``; ``say`` gets ``waiting`` once if another process holds it.

    A thread that holds it may take it again. Missing folders above the target are made, and removed
    with the lock if they are empty. Raises OSError if they cannot be made.
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
            # Before the release: a process that waits for a file that is gone makes another one.
            with suppress(OSError):
                path.unlink()
        locks.pop(str(path)).release()
        with suppress(OSError):
            for folder in lacking:
                folder.rmdir()


@functools.cache
def _leaves_files() -> bool:
    """Tell whether filelock leaves the file of a lock that is released: versions differ in that.

    If it does not, removing the file as well could remove that of the next holder.
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
