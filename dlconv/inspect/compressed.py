"""The sizes of files in bytes: on disk, and as a web server sends them compressed.

Each file is compressed by itself, at the highest level, as by a server that compresses files in
advance. Brotli's highest quality takes seconds per megabyte, so files too large to be shards of a
web page get quality 9, and sizes are cached by the file's digest.
"""

import contextlib
import gzip
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dlconv.progress import Progress, no_progress
from dlconv.storage.sealed import read_sealed, write_sealed

GZIP_LEVEL = 9
BROTLI_QUALITY = 11
LARGE_BYTES = 32 << 20
LARGE_BROTLI_QUALITY = 9
THREADS = 2


@dataclass(frozen=True)
class Sizes:
    """Bytes, summed over files."""

    raw: int
    """On disk."""
    gzip: int
    """With gzip, level 9."""
    brotli: int
    """With brotli, quality 11; 9 for files above 32 MiB."""

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(self.raw + other.raw, self.gzip + other.gzip, self.brotli + other.brotli)


NOTHING = Sizes(0, 0, 0)


def file_sizes(
    files: Mapping[str, Path], cache: Path, progress: Progress = no_progress
) -> dict[str, Sizes]:
    """Return the sizes of files by their SHA-256; the folder ``cache`` keeps them.

    ``progress`` is called with the bytes done and in total.
    """
    sizes = {sha256: path.stat().st_size for sha256, path in files.items()}
    largest_first = sorted(files, key=lambda sha256: -sizes[sha256])
    done, total = 0, sum(sizes.values())
    found = {}
    with ThreadPoolExecutor(THREADS) as pool:
        compressing = pool.map(
            lambda sha256: _sizes_of(files[sha256], sha256, cache), largest_first
        )
        for sha256, found[sha256] in zip(largest_first, compressing, strict=True):
            done += sizes[sha256]
            progress(done, total)
    return found


def _sizes_of(path: Path, sha256: str, cache: Path) -> Sizes:
    kept = cache / f"{sha256}-brotli{_brotli_quality(path.stat().st_size)}.json"
    known = read_sealed(kept)
    if known is not None:
        content = json.loads(known)
        return Sizes(path.stat().st_size, content["gzip"], content["brotli"])
    sizes = compressed_sizes(path.read_bytes())
    content = json.dumps({"gzip": sizes.gzip, "brotli": sizes.brotli}).encode()
    with contextlib.suppress(OSError):
        write_sealed(kept, content)
    return sizes


def compressed_sizes(content: bytes) -> Sizes:
    """Return the size of ``content``, uncompressed and compressed."""
    import brotli

    quality = _brotli_quality(len(content))
    return Sizes(
        raw=len(content),
        gzip=len(gzip.compress(content, GZIP_LEVEL, mtime=0)),
        brotli=len(brotli.compress(content, quality=quality)),
    )


def _brotli_quality(size: int) -> int:
    return LARGE_BROTLI_QUALITY if size > LARGE_BYTES else BROTLI_QUALITY
