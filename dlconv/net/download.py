"""Downloading one file, whatever the way to it does.

``download`` brings a source's bytes to a destination, or raises a DlconvError and leaves the
destination as it was. What arrived before a failure stays in a part beside the destination and is
resumed by the next call. Nothing here knows digests: the caller checks what came.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlconv.errors import DlconvError
from dlconv.net.part import Part
from dlconv.net.sources import is_local, local_path
from dlconv.progress import ByteProgress, no_progress
from dlconv.storage.digests import BadContent
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_file

if TYPE_CHECKING:
    import tenacity


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, how many times to try, and how slow a server may be.

    It has to send so many bytes a second, over so many seconds; ``most_seconds`` is for all tries.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    tries: int = 4
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 15.0
    least_bytes_per_second: float = 1000.0
    over_seconds: float = 60.0
    most_seconds: float = 86_400.0


@dataclass(frozen=True)
class Downloaded:
    """A complete file; ``resumed`` says that its bytes came over more than one connection."""

    path: Path
    resumed: bool


def download(
    source: str,
    destination: Path,
    expected_bytes: int | None = None,
    *,
    verified: bool = False,
    most_bytes: int | None = None,
    progress: ByteProgress = no_progress,
    patience: Patience | None = None,
) -> Downloaded:
    """Bring the bytes of ``source`` (an http, https, file or package URL) to ``destination``.

    ``verified`` promises that the caller knows the size and a digest and checks both, so that a
    part is resumed even if the server gave no ETag and no date with it. A server may send no more
    than ``most_bytes``. Raises DlconvError.
    """
    if is_local(source):
        _copy(local_path(source), destination, expected_bytes, progress)
        return Downloaded(destination, resumed=False)
    return _download(
        source, destination, expected_bytes, verified, most_bytes, progress, patience or Patience()
    )


def _copy(
    source: Path, destination: Path, expected_bytes: int | None, progress: ByteProgress
) -> None:
    if not source.is_file():
        raise DlconvError(f"{source}: no such file", "check --mirror, and the entry's url")
    size = source.stat().st_size
    if expected_bytes not in (None, size):
        raise BadContent(
            f"{source}: has {size:,} bytes, expected {expected_bytes:,}",
            "this is another file than the registry means",
        )
    progress(0, size)
    with disk_trouble(destination, size), source.open("rb") as file, new_file(destination) as copy:
        shutil.copyfileobj(file, copy)
    progress(size, size)


def _download(
    source: str,
    destination: Path,
    expected_bytes: int | None,
    verified: bool,
    most_bytes: int | None,
    progress: ByteProgress,
    patience: Patience,
) -> Downloaded:
    import tenacity

    from dlconv.net.transfer import MOST_BYTES, Transfer, Transient
    from dlconv.net.watch import Pace

    part = Part(destination)
    with disk_trouble(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
    timeouts = (patience.connect_seconds, patience.read_seconds)
    pace = Pace(patience.least_bytes_per_second, patience.over_seconds, patience.most_seconds)
    transfer = Transfer(
        source,
        part,
        expected_bytes,
        verified,
        progress,
        timeouts,
        pace,
        begin=time.monotonic(),
        most_bytes=MOST_BYTES if most_bytes is None else most_bytes,
    )
    trying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.tries)
        | tenacity.stop_after_delay(patience.most_seconds),
        retry=tenacity.retry_if_exception_type(Transient),
        wait=_waiting(patience),
        reraise=True,
    )
    try:
        resumed = trying(transfer.run)
    except Transient as failure:
        error = failure.error
        times = trying.statistics["attempt_number"]
        tried = f"tried {times} times" if times > 1 else "tried once"
        raise DlconvError(f"{error.message} ({tried})", error.hint) from failure
    with disk_trouble(destination):
        part.finish()
    return Downloaded(destination, resumed)


def _waiting(patience: Patience) -> "tenacity.wait.wait_base":
    """Wait exponentially longer with jitter, and as long as the server asks if that is not long."""
    import tenacity

    class Wait(tenacity.wait.wait_base):
        def __call__(self, retry_state: tenacity.RetryCallState) -> float:
            seconds = backoff(retry_state)
            failure = retry_state.outcome.exception() if retry_state.outcome else None
            asked = getattr(failure, "retry_after_seconds", 0.0)
            return max(seconds, asked) if asked <= patience.longest_wait_seconds else seconds

    first, longest = patience.first_wait_seconds, patience.longest_wait_seconds
    jitter = tenacity.wait_random(0, first)
    backoff = tenacity.wait_exponential(multiplier=first, max=longest) + jitter
    return Wait()
