"""One process at a time: file locks in the cache, with a message while they wait.

The lock is the operating system's, so that it ends with the process that holds it, however that
process ends; the file that it leaves locks nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from dlconv.cache.store import cache_root
from dlconv.progress import Say, no_progress
from dlconv.storage.disk import disk_trouble


@contextmanager
def one_at_a_time(name: str, waiting: str = "", say: Say = no_progress) -> Iterator[None]:
    """Hold the lock ``name`` of this cache; say ``waiting`` once if another process holds it."""
    import filelock

    path = cache_root() / "locks" / f"{name}.lock"
    lock = filelock.FileLock(path)
    with disk_trouble(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            if waiting:
                say(waiting)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
