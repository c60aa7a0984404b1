"""Finding a frozen graph by the name or the path of a model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.convert.part import cut_out
from dlconv.errors import UsageError
from dlconv.fetch.find import find_frozen_graph, find_subject
from dlconv.graph.contract import Ends, Setting
from dlconv.registry.classes import classes_for
from dlconv.registry.models import load_registry


def find(
    model: str | Path | None = None,
    *,
    inputs: str | None = None,
    outputs: Sequence[str] = (),
    settings: Sequence[Setting] = (),
    classes: str | None = None,
    registry: Path | None = None,
) -> FrozenGraph:
    """Find a frozen graph; return its path, its source, and the names of its classes.

    ``model`` is the name of a model that was fetched, the path of a frozen graph (.pb), or None for
    the model fetched last. ``inputs`` and ``outputs`` name nodes to cut the graph at, ``settings``
    are placeholders with their values; that part is kept in the cache. ``classes`` is the name of a
    dataset (voc, cityscapes, ade20k, coco) or of a text file with a class on each line; by default
    they are the model's in the registry. ``registry`` is a TOML file of models of your own.

    Raises DlconvError where there is no such graph, no such node in it, or no such classes.

    >>> frozen = api.find("sample")
    >>> frozen.source.graph_bytes, frozen.classes[:2]
    (687841, ('background', 'disc'))
    """
    spec = None if model is None else str(model)
    known = load_registry(registry)
    frozen = find_frozen_graph(spec, known)
    if classes is not None:
        frozen = replace(frozen, classes=classes_for(classes, known.datasets))
    return cut_out(frozen, Ends(inputs, tuple(outputs), tuple(settings)))


@contextmanager
def opened(
    model: str | Path | None = None, *, registry: Path | None = None
) -> Iterator[FrozenGraph]:
    """Yield a frozen graph as ``find`` returns it, also one at an address.

    Downloaded and unpacked files are removed afterwards. Raises UsageError for a model of another
    format, DlconvError where there is no model.

    >>> with api.opened(TARBALL) as frozen:
    ...     frozen.source.model
    'deeplabv3_mnv2_sample'
    """
    spec = None if model is None else str(model)
    with find_subject(spec, load_registry(registry)) as subject:
        if subject.frozen is None:
            raise UsageError("viewers are for frozen graphs")
        yield subject.frozen
