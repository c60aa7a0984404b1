"""Where an artifact departs from its frozen graph: the error of each node that both have.

Nodes are the same when they have the same name and shape: converters fold and fuse, and what comes
out keeps the name of the node that it stands for. The error of a node is |a - b| / |b|, Euclidean
norms over all values, a the artifact's and b the frozen graph's. What a node inherits is the
greatest error among the nearest nodes before it that are compared; where a node's error is far
above that, the error arises there.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.progress import Progress, no_progress
from dlconv.runtimes.framing import as_photo, framed
from dlconv.runtimes.litert import REFERENCE
from dlconv.runtimes.litert_child import LitertChild
from dlconv.runtimes.onnxruntime import open_session
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.runtimes.tfjs_node import tfjs_process
from dlconv.verify.photos import Photo, load_photo

# How many nodes are computed at a time; their values stay in memory together.
NODES_AT_A_TIME = 8

LIMITS = {"Relu": (0.0, np.inf), "Relu6": (0.0, 6.0)}

Activations = Callable[[np.ndarray, Sequence[str]], list[np.ndarray]]


@dataclass(frozen=True)
class NodeError:
    """A node that both graphs have, its op in the frozen graph, its error and what it inherits."""

    name: str
    op: str
    error: float
    inherited: float

    @property
    def added(self) -> float:
        """How much of the error arises in this node."""
        return max(self.error - self.inherited, 0.0)


def bisect(
    artifact: Artifact,
    graph_path: Path,
    photo: Photo,
    progress: Progress = no_progress,
) -> list[NodeError]:
    """Return the errors of all nodes that can be compared, in the frozen graph's order.

    TF.js artifacts run in Node.js, ONNX files in ONNX Runtime, .tflite files in LiteRT without
    XNNPACK, which keeps no tensors, frozen graphs in TensorFlow. Raises DlconvError when the
    artifact cannot run, has another resolution, or has no node in common.

    The frozen graph fills the crop around a photo with 127.5. An artifact that takes uint8 of one
    size is given 128 there, and so the frozen graph is, too.
    """
    graph = Graph(read_graph(graph_path))
    contract = artifact.manifest.contract
    if contract.crop != find_contract(graph).crop:
        raise DlconvError("the artifact has another resolution, so that no layer is the same")
    image = load_photo(photo, contract.crop)
    given = framed(image, contract.input)
    seen = as_photo(given, contract.input) if contract.input.dtype == "uint8" else image
    with TensorflowChild(graph_path) as reference, _activations(artifact) as (run, names):
        compared = [name for name in reference.images() if name in names]
        if not compared:
            raise DlconvError("the artifact has no node whose name the frozen graph has")
        errors: dict[str, float] = {}
        for start in range(0, len(compared), NODES_AT_A_TIME):
            progress(start, len(compared))
            part = compared[start : start + NODES_AT_A_TIME]
            expected = reference.activations(seen, part)
            found = run(given, part)
            for name, one, other in zip(part, expected, found, strict=True):
                error = _error(one, _limited(other, graph.nodes[name].op))
                if error is not None:
                    errors[name] = error
        progress(len(compared), len(compared))
    return [
        NodeError(name, graph.nodes[name].op, error, _inherited(graph, name, errors))
        for name, error in errors.items()
    ]


def first_beyond(errors: Sequence[NodeError], limit: float) -> NodeError | None:
    """Return the first node whose error is above a limit."""
    return next((each for each in errors if not each.error <= limit), None)


def _inherited(graph: Graph, name: str, errors: dict[str, float]) -> float:
    """Return the greatest error among the nearest compared nodes before one."""
    seen: set[str] = set()
    waiting = [source.node for source in graph.sources(graph.nodes[name])]
    greatest = 0.0
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current in errors:
            greatest = max(greatest, errors[current])
        else:
            waiting += [source.node for source in graph.sources(graph.nodes[current])]
    return greatest


def _limited(values: np.ndarray, op: str) -> np.ndarray:
    """Return values within the limits of an activation, which integers keep only when stored."""
    low, high = LIMITS.get(op, (-np.inf, np.inf))
    return np.asarray(np.clip(values, low, high))


def _error(expected: np.ndarray, found: np.ndarray) -> float | None:
    """Return the relative error, None for another shape; channels may come first."""
    layouts = [found]
    if found.ndim == 4:
        layouts.append(found.transpose(0, 2, 3, 1))
    norm = max(float(np.linalg.norm(expected)), float(np.finfo(np.float32).tiny))
    with np.errstate(over="ignore", invalid="ignore"):
        errors = [
            float(np.linalg.norm((layout - expected).astype(np.float64))) / norm
            for layout in layouts
            if layout.shape == expected.shape
        ]
    return min(errors) if errors else None


@contextmanager
def _activations(artifact: Artifact) -> Iterator[tuple[Activations, frozenset[str]]]:
    """Yield a function that computes an artifact's nodes, and the names of these."""
    artifact.check_files()
    make = {
        "litert": _in_litert,
        "onnx": _in_onnx,
        "tfjs": _in_tfjs,
        "tensorflow": _in_tensorflow,
    }
    with make[artifact.manifest.target](artifact.runnable) as made:
        yield made


@contextmanager
def _in_tfjs(entry: Path) -> Iterator[tuple[Activations, frozenset[str]]]:
    nodes = json.loads(entry.read_bytes())["modelTopology"]["node"]
    with closing(tfjs_process(entry.parent)) as process:
        yield process.activations, frozenset(node["name"] for node in nodes)


@contextmanager
def _in_tensorflow(entry: Path) -> Iterator[tuple[Activations, frozenset[str]]]:
    graph = Graph(read_graph(entry))
    with TensorflowChild(entry) as runtime:
        yield runtime.activations, frozenset(runtime.images()) - _before_biases(graph)


def _before_biases(graph: Graph) -> frozenset[str]:
    """Return the nodes that biases are added to; with batch norms folded in, they differ."""
    biases = [node for node in graph.order if node.op == "BiasAdd"]
    return frozenset(graph.producer(node, 0).name for node in biases)


@contextmanager
def _in_litert(entry: Path) -> Iterator[tuple[Activations, frozenset[str]]]:
    with LitertChild(entry, REFERENCE, keeps_all=True) as runtime:
        yield runtime.activations, frozenset(runtime.images())


@contextmanager
def _in_onnx(entry: Path) -> Iterator[tuple[Activations, frozenset[str]]]:
    import onnx

    model = onnx.load(entry)
    names = frozenset(name for node in model.graph.node for name in node.output)
    outputs = [value.name for value in model.graph.output]
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in sorted(names - {*outputs, ""})
    )
    session = open_session(model.SerializeToString())
    (given,) = session.get_inputs()

    def run(image: np.ndarray, nodes: Sequence[str]) -> list[np.ndarray]:
        return list(session.run(list(nodes), {given.name: image}))

    yield run, names
