"""Downloading a release from an address.

Its ``release.json`` is fetched first and lists the other files with their sizes: nothing else is
fetched, and no file beyond its size. The files are in a temporary folder, which is removed when the
block ends.
"""

import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dlconv.addresses import shown
from dlconv.errors import DlconvError
from dlconv.fetch.local import HINT, ShowProgress, fetch_file, is_address
from dlconv.net.sources import complaint_about, is_local, local_path
from dlconv.progress import ByteProgress, no_progress
from dlconv.release.document import (
    RELEASE_NAME,
    SIGNATURE_NAME,
    SUMS_NAME,
    is_inside,
    listed_files,
    parse_release,
)
from dlconv.release.sums import parse_sums
from dlconv.terminal.progress import show_progress
from dlconv.verify.document import File

MOST_RELEASE_BYTES = 256 << 20
MOST_LIST_BYTES = 16 << 20
MOST_FILES = 10_000


@contextmanager
def downloaded_release(spec: str, show: ShowProgress = show_progress) -> Iterator[Path]:
    """Yield the folder of the release that ``spec``, a path or an address, names.

    A local folder is yielded as it is. ``spec`` may also name the ``release.json``. Raises
    DlconvError when the release cannot be fetched.
    """
    if not is_address(spec):
        path = Path(spec)
        yield path.parent if path.name == RELEASE_NAME and path.is_file() else path
        return
    plain = spec.partition("#")[0].partition("?")[0].rstrip("/").removesuffix(f"/{RELEASE_NAME}")
    if complaint := complaint_about(f"{plain}/{RELEASE_NAME}"):
        raise DlconvError(f"{shown(spec)} {complaint}", HINT)
    if is_local(plain):
        yield local_path(f"{plain}/")
        return
    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        _fetch_all(f"{plain}/", Path(folder), show)
        yield Path(folder)


def _fetch_all(base: str, folder: Path, show: ShowProgress) -> None:
    path = folder / RELEASE_NAME
    with show(RELEASE_NAME) as progress:
        fetch_file(base + RELEASE_NAME, path, progress, most_bytes=MOST_RELEASE_BYTES)
    release = parse_release(path.read_bytes(), base + RELEASE_NAME)
    files = listed_files(release)
    _check_list(files, base)
    total, done = sum(file.bytes for file in files), 0
    with show(f"{release.name} {release.version}") as progress:
        for file in files:
            part = functools.partial(_report_part, progress, done, total)
            fetch_file(base + quote(file.path), folder / file.path, part, file.bytes, file.bytes)
            done += file.bytes
    sums = folder / SUMS_NAME
    fetch_file(base + SUMS_NAME, sums, no_progress, most_bytes=MOST_LIST_BYTES)
    if SIGNATURE_NAME in parse_sums(sums.read_bytes()):
        signature = folder / SIGNATURE_NAME
        fetch_file(base + SIGNATURE_NAME, signature, no_progress, most_bytes=MOST_LIST_BYTES)


def _report_part(
    progress: ByteProgress, before: int, total: int, done: int, _: int | None, /
) -> None:
    progress(before + done, total)


def _check_list(files: list[File], base: str) -> None:
    outside = [file.path for file in files if not is_inside(file.path)]
    if outside:
        raise DlconvError(
            f"{base}{RELEASE_NAME} names {outside[0]!r}, which is outside the release"
        )
    if len(files) > MOST_FILES:
        raise DlconvError(f"{base}{RELEASE_NAME} lists {len(files):,} files, which is too much")
