"""The sizes of artifacts in bytes: on disk, and compressed. The manifest does not count."""

from collections.abc import Iterable
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.inspect.compressed import NOTHING, Sizes, file_sizes


def sizes_of(artifacts: Iterable[Artifact], cache: Path) -> list[Sizes]:
    """Return the sizes of artifacts, in their order; ``cache`` keeps those of single files."""
    listed = [
        [(file.sha256, artifact.directory / file.path) for file in artifact.manifest.files]
        for artifact in artifacts
    ]
    known = file_sizes(dict(file for files in listed for file in files), cache)
    return [sum((known[sha256] for sha256, _ in files), NOTHING) for files in listed]
