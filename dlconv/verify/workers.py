"""Checking photos in several processes: of this machine, or of a Dask cluster.

Work goes out in parts of a few photos; a worker loads the artifact for each part and checks its
photos. Only a few parts are queued at a time, so that memory does not grow with the number of
photos.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from dlconv.errors import DlconvError
from dlconv.logs import hide_logs
from dlconv.verify.check import Checker, Job
from dlconv.verify.photos import Photo
from dlconv.verify.result import PhotoResult

PHOTOS_AT_A_TIME = 16
# Parts queued for each worker, so that none waits for its next part.
PARTS_PER_WORKER = 2
CONNECT_SECONDS = 10

Checked = tuple[Photo, PhotoResult]


class WorkerLostError(DlconvError):
    """A worker process ended before it answered."""


@dataclass(frozen=True)
class Workers:
    """An executor for parts, how many run at once, and with how many threads each."""

    executor: Executor
    count: int
    threads: int

    def check(self, job: Job, photos: Sequence[Photo]) -> Iterator[Checked]:
        """Check photos, and yield them as they are done, in any order and without pictures.

        Raises what ``Checker.check`` raises, and WorkerLostError.
        """
        job = replace(job, colours=None, threads=self.threads)
        parts = iter(_parts(photos))
        under_way: set[Future[list[Checked]]] = set()
        try:
            while True:
                free = self.count * PARTS_PER_WORKER - len(under_way)
                under_way |= {
                    self.executor.submit(check_part, job, part) for part in islice(parts, free)
                }
                if not under_way:
                    return
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield from future.result()
        except (BrokenExecutor, CancelledError) as error:
            raise WorkerLostError(
                "a worker was lost", "try fewer workers, and resume", code="worker-lost"
            ) from error
        finally:
            for future in under_way:
                future.cancel()


def _parts(photos: Sequence[Photo]) -> Iterator[Sequence[Photo]]:
    for start in range(0, len(photos), PHOTOS_AT_A_TIME):
        yield photos[start : start + PHOTOS_AT_A_TIME]


def check_part(job: Job, photos: Sequence[Photo]) -> list[Checked]:
    """Check some photos; what a worker runs."""
    with Checker(job) as checker:
        return [(photo, checker.check(photo)) for photo in photos]


@contextmanager
def processes(count: int) -> Iterator[Workers]:
    """Start processes on this machine, and end them, at once if the work is interrupted."""
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(count, context, _depend_on_the_parent)
    try:
        yield Workers(executor, count, max(1, (os.cpu_count() or 1) // count))
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    executor.shutdown()


def _depend_on_the_parent() -> None:
    """Ignore interrupts, and end when the parent process ends, even if it was killed."""
    hide_logs()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextmanager
def dask_cluster(address: str) -> Iterator[Workers]:
    """Use the workers of a Dask cluster that have dlconv and see the same files.

    Raises DlconvError when ``dlconv[dask]`` is not installed, nothing answers at the address, or
    the cluster has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise DlconvError("Dask is not installed", "pip install 'dlconv[dask]'") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DlconvError(
            f"no Dask scheduler answers at {address}", "start one: dask scheduler"
        ) from error
    with client:
        count = sum(client.nthreads().values())
        if not count:
            raise DlconvError(
                f"the Dask cluster at {address} has no workers",
                f"start some: dask worker {address}",
            )
        yield Workers(client.get_executor(pure=False), count, threads=1)
