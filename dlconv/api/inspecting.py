"""What a network takes, gives, costs and is made of, and how two of them differ."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.choose import choose_artifacts
from dlconv.artifacts.frozen import FrozenGraph
from dlconv.cache import store
from dlconv.convert.coverage import Coverage, find_coverage
from dlconv.convert.part import cut_out, part_of
from dlconv.convert.quantize.storage_error import storage_errors
from dlconv.convert.rewrite.fix_input import fix_input
from dlconv.errors import DlconvError, UsageError
from dlconv.fetch.find import Subject, find_subject
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.network import Network
from dlconv.formats.read import read_network
from dlconv.graph.contract import FOUND, Ends, Findings, Setting, find_all
from dlconv.graph.graph import Graph
from dlconv.graph.sizes import Size
from dlconv.inspect import event
from dlconv.inspect.compressed import NOTHING, Sizes, file_sizes
from dlconv.inspect.diff import Comparison
from dlconv.inspect.diff import compare as compare_networks
from dlconv.inspect.inspection import Inspection, cost_at, inspect_graph
from dlconv.inspect.overlay import weight_bytes
from dlconv.progress import Progress, no_progress
from dlconv.recipe import DEFAULT_OPSET
from dlconv.registry.models import load_registry
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import digest_of
from dlconv.verify.bisect import bisect
from dlconv.verify.choose import choose_photos
from dlconv.verify.loadable import loadable, reference_graph


@dataclass(frozen=True)
class Inspected:
    """What ``inspect`` found in a model.

    ``origin`` is the path or address that it was found at, ``name`` its name for people. ``frozen``
    describes a frozen graph's file, ``network`` the contents of files of any format (for a frozen
    graph only with ``details``), ``inspection`` the graph, if there is one, and ``coverage`` which
    targets can run its ops; where that is unknown, ``coverage_error`` says why.
    """

    origin: str
    name: str
    frozen: FrozenGraph | None
    network: Network | None
    inspection: Inspection | None
    coverage: Coverage | None
    coverage_error: DlconvError | None = None


@dataclass(frozen=True)
class Compared:
    """The paths or addresses of two models, and what differs between them."""

    before: str
    after: str
    comparison: Comparison


def inspect(
    model: str | Path | None = None,
    *,
    size: Size | None = None,
    inputs: str | None = None,
    outputs: Sequence[str] = (),
    settings: Sequence[Setting] = (),
    opset: int | None = None,
    details: bool = False,
    registry: Path | None = None,
) -> Inspected:
    """Inspect a model of any format: a name, a path or an address; None is the one fetched last.

    ``size`` is the (height, width) in pixels of the photo whose cost is counted, by default the
    crop; for another size the network is inspected as converters would make it. ``inputs`` and
    ``outputs`` name nodes to cut a frozen graph at, ``settings`` are placeholders of it with their
    values, ``opset`` is the ONNX opset that its ops are looked up in, ``details`` also lists its
    weights with their values. Downloaded files are removed afterwards.

    Raises DlconvError where there is no such model or its files are invalid, UsageError for a
    ``size`` without a TensorFlow graph, and for ``inputs``, ``outputs``, ``settings`` or ``opset``
    without a frozen graph.

    >>> found = api.inspect("sample")
    >>> found.inspection.contract.output.node, found.inspection.contract.crop
    ('SemanticPredictions', (129, 129))
    """
    asked = Ends(inputs, tuple(outputs), tuple(settings))
    with find_subject(None if model is None else str(model), load_registry(registry)) as subject:
        if subject.frozen is None:
            if asked != FOUND or opset is not None:
                raise UsageError(
                    "inputs, outputs, settings and the opset are for frozen graphs",
                    code="frozen-only",
                )
            return _of_files(subject, size)
        return _of_frozen(subject, subject.frozen, size, asked, opset or DEFAULT_OPSET, details)


def _of_files(subject: Subject, size: Size | None) -> Inspected:
    network = read_network(subject.entry)
    inspection = None
    if network.contract is not None and network.graph is not None:
        inspection = _inspect(network.graph, size, FOUND)
    if size is not None and inspection is None:
        raise UsageError("a size is for models with a TensorFlow graph", code="graph-only")
    return Inspected(subject.origin, subject.name, None, network, inspection, None)


def _of_frozen(
    subject: Subject,
    frozen: FrozenGraph,
    size: Size | None,
    asked: Ends,
    opset: int,
    details: bool,
) -> Inspected:
    frozen = cut_out(frozen, asked)
    asked = dataclasses.replace(asked, settings=())
    # First, since it needs the memory of a second graph while it runs.
    coverage, error = None, None
    try:
        coverage = find_coverage(frozen.path, opset)
    except UsageError:
        raise
    except DlconvError as reason:
        error = reason
    network = read_network(frozen.path) if details else None
    graph = Graph(read_graph(frozen.path)) if network is None else _graph_of(network)
    inspection = _inspect(graph, size, asked)
    name = frozen.source.model
    return Inspected(subject.origin, name, frozen, network, inspection, coverage, error)


def _graph_of(network: Network) -> Graph:
    assert network.graph is not None, "a frozen graph is a graph"
    return network.graph


def _inspect(graph: Graph, size: Size | None, asked: Ends) -> Inspection:
    """Inspect a graph, or the part of it that is asked for, unless it is that part already."""
    if asked != FOUND:
        graph, asked = part_of(graph.graph_def, asked)
    inspection = inspect_graph(graph, asked)
    contract = inspection.contract
    if size is None or size == inspection.findings.crop:
        return inspection
    if contract is not None and contract.crop is not None:
        graph = fix_input(graph, contract.input.node, size, contract.crop).graph
    return dataclasses.replace(inspection, cost=cost_at(graph, size, asked))


def compare(
    before: str | Path | None,
    after: str | Path,
    *,
    registry: Path | None = None,
    progress: Progress = no_progress,
) -> Compared:
    """Compare two models of any formats: inputs, outputs, ops, weights and file sizes.

    Each is a name, a path or an address; None is the model fetched last. Weights are matched by
    their values. ``progress`` is called with the bytes compressed so far and in total. Raises what
    ``inspect`` raises.

    >>> api.compare("sample", "sample").comparison.is_same
    True
    """
    known = load_registry(registry)
    first = None if before is None else str(before)
    with find_subject(first, known) as old, find_subject(str(after), known) as new:
        return Compared(old.origin, new.origin, _compare_subjects(old, new, progress))


def _compare_subjects(before: Subject, after: Subject, progress: Progress) -> Comparison:
    old, new = read_network(before.entry), read_network(after.entry)
    digests = {path: digest_of(path) for path in (*old.files, *new.files)}
    files = {digest: path for path, digest in digests.items()}
    sizes = file_sizes(files, store.cache_root() / "sizes", progress)

    def total(network: Network) -> Sizes:
        return sum((sizes[digests[path]] for path in network.files), NOTHING)

    return compare_networks(old, new, (total(old), total(new)))


def write_event(
    frozen: FrozenGraph,
    logdir: Path,
    *,
    inputs: str | None = None,
    outputs: Sequence[str] = (),
) -> Findings:
    """Write a frozen graph for TensorBoard, as a run named after its model; return its findings.

    ``inputs`` and ``outputs`` name nodes to cut the graph at. Raises DlconvError when they are not
    in it, or the event file cannot be written.

    >>> found = api.write_event(api.find("sample"), folder / "logs")
    >>> found.input.node
    'ImageTensor'
    """
    graph, asked = part_of(read_graph(frozen.path), Ends(inputs, tuple(outputs)))
    found = find_all(graph, asked)
    with disk_trouble(logdir):
        event.write_event(graph, found, logdir / frozen.source.model)
    return found


def overlay(
    frozen: FrozenGraph,
    artifact: Path | None = None,
    *,
    images: Sequence[Path] = (),
    registry: Path | None = None,
    progress: Progress = no_progress,
) -> dict[str, Mapping[str, float]]:
    """Return node data for a viewer: by title, a number for each node of a frozen graph.

    It has the bytes of weights, and with an ``artifact`` the relative errors of its weights (TF.js
    only) and of its activations on the first of the ``images``. ``progress`` is called with the
    nodes done and in total. Raises what ``bisect`` raises.

    >>> numbers = api.overlay(api.find("sample"))
    >>> sorted(numbers)
    ['weight bytes']
    """
    graph = Graph(read_graph(frozen.path))
    found: dict[str, Mapping[str, float]] = {"weight bytes": weight_bytes(graph)}
    if artifact is None:
        return found
    store.add_graph(frozen.path)
    chosen = choose_artifacts([artifact], reference=frozen)[0]
    photo = choose_photos(images, [chosen], load_registry(registry)).photos[0]
    with loadable(chosen) as loaded:
        if chosen.manifest.target == "tfjs":
            found["quantization error"] = storage_errors(loaded.runnable, graph)
        errors = bisect(loaded, reference_graph(chosen), photo, progress)
    found["activation error"] = {each.name: each.error for each in errors}
    return found
