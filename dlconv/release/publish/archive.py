"""Archives: the same files give the same bytes, and unpack into one folder."""

import gzip
import tarfile
from collections.abc import Iterable
from pathlib import Path


def write_archive(target: Path, folder: Path, paths: Iterable[str], top: str) -> None:
    """Write files of a folder into a gzipped tar, below a folder ``top``."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(paths):
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.size = (folder / path).stat().st_size
            with (folder / path).open("rb") as file:
                tar.addfile(entry, file)
