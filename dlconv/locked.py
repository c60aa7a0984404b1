"""A lock beside what it guards, so that it holds for whoever writes there, from any machine.

For ``<folder>/<name>`` it is ``<folder>/.<name>.dlconv-lock``, which is there while somebody holds
it. It is the operating system's: it ends with the process that holds it, however that process ends,
and the file that a killed one leaves means nothing.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Whoever fails removes the folders that it made, which others may be about to lock something in.
TRIES = 5

_held = threading.local()


def _say_nothing(message: str) -> None:
    """Drop a message."""


@contextmanager
def locked(
    target: Path, waiting: str = "", say: Callable[[str], None] = _say_nothing
) -> Iterator[None]:
    """Hold the lock of a place; say ``waiting`` once if somebody else holds it.

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
    locks[str(path)] = _acquire(path, waiting, say)
    try:
        yield
    finally:
        # Before the release: whoever waits for a file that is gone makes another one.
        path.unlink(missing_ok=True)
        locks.pop(str(path)).release()
        with suppress(OSError):
            for folder in lacking:
                folder.rmdir()


def _acquire(path: Path, waiting: str, say: Callable[[str], None]) -> "BaseFileLock":
    import filelock

    lock = filelock.FileLock(path)
    for left in reversed(range(TRIES)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _wait(lock, waiting, say)
            break
        except FileNotFoundError:
            if not left:
                raise
    return lock


def _wait(lock: "BaseFileLock", waiting: str, say: Callable[[str], None]) -> None:
    import filelock

    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if waiting:
            say(waiting)
        lock.acquire()
