"""Converting a frozen graph, and what comes before: rewriting it."""

from collections.abc import Iterable
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.convert import convert as conversions
from dlconv.convert.rewrite import rewrite as rewritten
from dlconv.fetch.find import find_frozen_graph
from dlconv.formats.frozen_graph import read_graph
from dlconv.registry.models import load_registry
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import write_atomically


def rewrite(
    model: str | Path | None,
    output: Path,
    *,
    only: Iterable[str] = (),
    registry: Path | None = None,
) -> None:
    """Write a frozen graph that computes the same, faster: what ``convert`` writes.

    ``model`` is as for ``find``; ``only`` names the passes to run, none means all of them. Raises
    UsageError for a pass that is none, DlconvError where there is no such graph.

    >>> api.rewrite("sample", folder / "faster.pb", only=["fold-batch-norms"])
    >>> (folder / "faster.pb").stat().st_size > 500_000
    True
    """
    frozen = find_frozen_graph(None if model is None else str(model), load_registry(registry))
    graph_def = rewritten(read_graph(frozen.path), only)
    with disk_trouble(output):
        write_atomically(output, graph_def.SerializeToString(deterministic=True))


def upgrade(directory: Path, output: Path | None = None) -> Artifact:
    """Write a TensorFlow.js graph model of 2018 as TF.js of today loads it.

    The weights stay as they are. The graph that the model computes is kept in the cache, as what
    the artifact is compared with. Raises DlconvError where there is no such model, UsageError for
    an ``output`` that holds something else.
    """
    return conversions.upgrade(directory, output)
