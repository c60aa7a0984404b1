"""The activations of a graph, with its own weights and with replaced ones.

A walk goes through the layers in the order of execution. At each group of layers it gives the
group's input, photo by photo, once as the float graph computes it and once as the graph does with
the weights that were replaced so far. Earlier inputs that are small enough are kept and fed, so
that a walk takes little more time than a few passes through the network, and little memory.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlconv.convert.quantize.layers import Layer
from dlconv.errors import DlconvError, first_line
from dlconv.graph.graph import Graph
from dlconv.tensorflow import load_tensorflow

# Inputs of layers that are larger are computed again instead of kept.
MOST_KEPT_BYTES = 4_500_000

Values = Mapping[str, np.ndarray]
NOTHING: Values = {}


class RunnableNetwork:
    """A graph in a TensorFlow session, in which constants can be replaced.

    TensorFlow keeps a copy of the constants for every part of a graph that is run. Weights are
    therefore no constants there: they are placeholders, and those that a part reads are fed.
    """

    def __init__(self, graph: Graph, input_name: str) -> None:
        self.graph = graph
        self.input_name = input_name
        self._weights = _weights_of(graph)
        self._read: dict[tuple[tuple[str, ...], frozenset[str]], list[str]] = {}
        self._sizes: dict[str, int] = {}
        self._tensorflow = load_tensorflow()
        v1 = self._tensorflow.compat.v1
        self._in_tensorflow = self._tensorflow.Graph()
        with self._in_tensorflow.as_default(), self._trouble():
            v1.import_graph_def(self._definition(v1), name="")
        # Each part of the graph that is run would be optimized anew.
        config = v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
        self._session = v1.Session(graph=self._in_tensorflow, config=config)

    def __enter__(self) -> "RunnableNetwork":
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def run(
        self, names: Sequence[str], fed: Values, replaced: Values = NOTHING
    ) -> list[np.ndarray]:
        """Return the first outputs of nodes.

        ``fed`` are first outputs of others that are not computed, ``replaced`` other values for
        constants.
        """
        key = (tuple(names), frozenset(fed))
        if key not in self._read:
            computed = [name for each in names for name in path_to(self.graph, each, fed).computed]
            self._read[key] = [name for name in dict.fromkeys(computed) if name in self._weights]
        weights = {name: replaced.get(name, self._weights[name]) for name in self._read[key]}
        feeds = {f"{name}:0": value for name, value in {**weights, **fed}.items()}
        with self._trouble():
            outputs: list[np.ndarray] = self._session.run([f"{name}:0" for name in names], feeds)
        return outputs

    def sizes(self, names: Sequence[str], image: np.ndarray) -> list[int]:
        """Return the numbers of elements of nodes' outputs, for the image of the first call."""
        unknown = [name for name in names if name not in self._sizes]
        if unknown:
            with self._in_tensorflow.as_default():
                get = self._in_tensorflow.get_tensor_by_name
                counts = [self._tensorflow.size(get(f"{name}:0")) for name in unknown]
            weights = {f"{name}:0": value for name, value in self._weights.items()}
            with self._trouble():
                found = self._session.run(counts, {f"{self.input_name}:0": image, **weights})
            self._sizes |= dict(zip(unknown, map(int, found), strict=True))
        return [self._sizes[name] for name in names]

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Raise DlconvError, in a line, for what TensorFlow refuses."""
        try:
            yield
        except (ValueError, self._tensorflow.errors.OpError) as error:
            raise DlconvError(
                f"TensorFlow cannot run the graph to calibrate it: {first_line(error)}"
            ) from error

    def _definition(self, v1: Any) -> Any:
        definition = v1.GraphDef()
        for node in self.graph.nodes.values():
            if node.name in self._weights:
                placeholder = definition.node.add(name=node.name, op="Placeholder")
                placeholder.attr["dtype"].type = node.attr["dtype"].type
                for extent in self._weights[node.name].shape:
                    placeholder.attr["shape"].shape.dim.add(size=extent)
            else:
                definition.node.add().ParseFromString(node.SerializeToString())
        definition.versions.producer = self.graph.versions.producer
        return definition


def _weights_of(graph: Graph) -> dict[str, np.ndarray]:
    """Return the float32 constants that are more than one number."""
    constants = ((node.name, graph.constant(node)) for node in graph.order if node.op == "Const")
    return {
        name: value
        for name, value in constants
        if value is not None and value.dtype == np.float32 and value.ndim
    }


@dataclass(frozen=True)
class GroupInput:
    """The input of a group of layers for one photo, float32 [1, H, W, channels].

    ``pooled_from`` is the input of the average pooling that gives it, if there is one, for the
    replaced weights.
    """

    exact: np.ndarray
    replaced: np.ndarray
    pooled_from: np.ndarray | None


class Walk:
    """Goes through groups of layers; ``replace`` weights before the ``flows`` of the next group."""

    def __init__(
        self,
        network: RunnableNetwork,
        groups: Sequence[tuple[Layer, ...]],
        images: Sequence[np.ndarray],
    ) -> None:
        self._network = network
        self._images = images
        self._replaced: dict[str, np.ndarray] = {}
        self._sources = [group[0].source for group in groups]
        self._paths = _paths(network, self._sources, images[0])
        self._last_use = {name: k for k, part in enumerate(self._paths) for name in part.fed}
        self._kept: list[dict[str, tuple[np.ndarray, np.ndarray]]] = [{} for _ in images]

    def replace(self, weights: Values) -> None:
        """Compute with these constants, by name, from here on."""
        self._replaced.update(weights)

    def flows(self, number: int) -> Iterator[GroupInput]:
        """Yield the input of group ``number`` for each photo; groups come in their order."""
        source = self._sources[number]
        for image, kept in zip(self._images, self._kept, strict=True):
            flow = self._flow(number, image, kept)
            if self._last_use.get(source, -1) > number:
                kept[source] = (flow.exact, flow.replaced)
            for name in [name for name in kept if self._last_use[name] <= number]:
                del kept[name]
            yield flow

    def _flow(
        self, number: int, image: np.ndarray, kept: dict[str, tuple[np.ndarray, np.ndarray]]
    ) -> GroupInput:
        source = self._sources[number]
        before = _pooled_from(self._network.graph, source)
        part = self._paths[number]
        start = {self._network.input_name: image}
        exact_feeds = {name: kept[name][0] for name in part.fed}
        replaced_feeds = {name: kept[name][1] for name in part.fed}
        (exact,) = self._network.run([source], start | exact_feeds)
        names = [source] if before is None else [source, before]
        outputs = self._network.run(names, start | replaced_feeds, self._replaced)
        return GroupInput(exact, outputs[0], outputs[1] if before is not None else None)


@dataclass(frozen=True)
class Path:
    """How to compute a node: the nodes that are fed, and the nodes that are computed from them."""

    fed: tuple[str, ...]
    computed: tuple[str, ...]


def _paths(network: RunnableNetwork, sources: Sequence[str], image: np.ndarray) -> list[Path]:
    sizes = network.sizes(sources, image)
    is_kept = {name: 4 * size <= MOST_KEPT_BYTES for name, size in zip(sources, sizes, strict=True)}
    return [
        path_to(network.graph, source, {name for name in sources[:number] if is_kept[name]})
        for number, source in enumerate(sources)
    ]


def path_to(graph: Graph, name: str, known: Container[str]) -> Path:
    """Return the path to a node from those that are known."""
    fed: dict[str, None] = {}
    computed, seen = [name], {name}
    for current in computed:
        for source in graph.sources(graph.nodes[current]):
            if source.node in known and not source.port:
                fed[source.node] = None
            elif source.node not in seen:
                computed.append(source.node)
                seen.add(source.node)
    return Path(tuple(fed), tuple(computed))


def _pooled_from(graph: Graph, name: str) -> str | None:
    """Return the node behind the average poolings that end in ``name``; None without any."""
    node = graph.nodes[name]
    while node.op == "AvgPool":
        node = graph.producer(node, 0)
    return None if node.name == name else node.name
