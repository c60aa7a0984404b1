"""Downloading one file, with retries and resuming.

``download`` writes a source's bytes to a destination, or raises a DlconvError and leaves the
destination as it was. What arrived before a failure stays in a part beside the destination and is
resumed by the next call. Digests are not checked here, but by the caller.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.net.part import Part
from dlconv.net.patience import WITH_DOWNLOADS, PassingError, Patience, patiently
from dlconv.net.sources import is_local, local_path
from dlconv.progress import ByteProgress, no_progress
from dlconv.storage.digests import BadContent
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_file


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
    patience: Patience = WITH_DOWNLOADS,
) -> Downloaded:
    """Write the bytes of ``source`` (an http, https, file or package URL) to ``destination``.

    ``verified`` promises that the caller knows the size and a digest and checks both, so that a
    part is resumed even if the server gave no ETag and no date with it. A server may send no more
    than ``most_bytes``. Raises DlconvError.
    """
    if is_local(source):
        _copy(local_path(source), destination, expected_bytes, progress)
        return Downloaded(destination, resumed=False)
    return _download(source, destination, expected_bytes, verified, most_bytes, progress, patience)


def _copy(
    source: Path, destination: Path, expected_bytes: int | None, progress: ByteProgress
) -> None:
    if not source.is_file():
        raise DlconvError(
            f"{source}: no such file",
            "check the mirror, and the entry's url",
            code="no-such-source",
        )
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
    from dlconv.net.transfer import MOST_BYTES, Transfer

    part = Part(destination)
    with disk_trouble(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
    transfer = Transfer(
        source,
        part,
        expected_bytes,
        verified,
        progress,
        patience,
        begin=time.monotonic(),
        most_bytes=MOST_BYTES if most_bytes is None else most_bytes,
    )
    try:
        resumed = patiently(transfer.run, patience)
    except PassingError as error:
        tried = f"tried {error.tries} times" if error.tries > 1 else "tried once"
        message = f"{error.message} ({tried})"
        raise DlconvError(message, error.hint, code=error.code, **error.data) from error
    with disk_trouble(destination):
        part.finish()
    return Downloaded(destination, resumed)
