"""Converting a frozen graph, and what comes before: rewriting it."""

from collections.abc import Iterable
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.convert import convert as conversions
from dlconv.convert.rewrite import rewrite as every_pass
from dlconv.fetch.find import find_frozen_graph
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.registry.models import load_registry
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_file


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
    names = tuple(only)
    passes = every_pass.only(*names) if names else every_pass
    graph = passes(Graph(read_graph(frozen.path))).graph
    with disk_trouble(output), new_file(output) as file:
        file.writelines(graph.serialized())


def upgrade(directory: Path, output: Path | None = None) -> Artifact:
    """Write a TensorFlow.js graph model of 2018 as TF.js of today loads it.

    The weights stay as they are. The graph that the model computes is kept in the cache, as what
    the artifact is compared with. Raises DlconvError where there is no such model, UsageError for
    an ``output`` that holds something else.
    """
    return conversions.upgrade(directory, output)
