"""The bytes of an artifact: as they lie on disk, and as a web server sends them compressed.

Each file is compressed by itself, at the highest level, as a server would that has compressed it
beforehand; the manifest does not count. Brotli at its highest takes seconds per megabyte, so what
was found is kept under the file's digest.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.manifest import Artifact, FileEntry
from dlconv.files import write_atomically

GZIP_LEVEL = 9
BROTLI_QUALITY = 11
THREADS = 2


@dataclass(frozen=True)
class Sizes:
    """Bytes, summed over files: raw, with gzip and with brotli."""

    raw: int
    gzip: int
    brotli: int

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(self.raw + other.raw, self.gzip + other.gzip, self.brotli + other.brotli)


def sizes_of(artifacts: Iterable[Artifact], cache: Path) -> list[Sizes]:
    """Return the sizes of artifacts, in their order; ``cache`` keeps those of single files."""
    listed = list(artifacts)
    places = {file: artifact for artifact in listed for file in artifact.manifest.files}
    largest_first = sorted(places, key=lambda file: -file.bytes)
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda file: _file_sizes(places[file], file, cache), largest_first)
        known = dict(zip(largest_first, found, strict=True))
    return [_total(artifact, known) for artifact in listed]


def _total(artifact: Artifact, known: Mapping[FileEntry, Sizes]) -> Sizes:
    return sum((known[file] for file in artifact.manifest.files), Sizes(0, 0, 0))


def _file_sizes(artifact: Artifact, file: FileEntry, cache: Path) -> Sizes:
    kept = cache / f"{file.sha256}.json"
    try:
        content = json.loads(kept.read_bytes())
        return Sizes(file.bytes, int(content["gzip"]), int(content["brotli"]))
    except (OSError, ValueError, KeyError, TypeError):
        sizes = compressed_sizes((artifact.directory / file.path).read_bytes())
        write_atomically(kept, json.dumps({"gzip": sizes.gzip, "brotli": sizes.brotli}).encode())
        return sizes


def compressed_sizes(content: bytes) -> Sizes:
    """Compress ``content`` and return what becomes of it."""
    import brotli

    return Sizes(
        raw=len(content),
        gzip=len(gzip.compress(content, GZIP_LEVEL, mtime=0)),
        brotli=len(brotli.compress(content, quality=BROTLI_QUALITY)),
    )
