"""What runtimes need of an artifact and its frozen graph, wherever these come from."""

import dataclasses
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.cache import store
from dlconv.convert.artifact import make_upgraded
from dlconv.errors import DlconvError
from dlconv.formats.layout_2018 import find_layout_2018, read_layout_2018


def reference_graph(artifact: Artifact) -> Path:
    """Return the frozen graph an artifact is compared with. Raises DlconvError if it is missing."""
    source = artifact.manifest.source
    path = store.find_graph(source.graph_sha256)
    if path is None:
        fetch = shlex.join(["dlconv", "fetch", source.model])
        again = fetch if source.url else "convert the graph again"
        raise DlconvError(
            f"the frozen graph of {source.model} is not in the cache "
            f"(SHA-256 {source.graph_sha256})",
            again,
        )
    return path


@contextmanager
def loadable(artifact: Artifact) -> Iterator[Artifact]:
    """Yield an artifact that runtimes can load: for the layout of 2018, an upgraded copy."""
    if find_layout_2018(artifact.entry) is None:
        yield artifact
        return
    old, source = read_layout_2018(artifact.directory), artifact.manifest.source
    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        made = make_upgraded(old, source, Path(folder) / "model")
        yield dataclasses.replace(artifact, stand_in=made.entry)
