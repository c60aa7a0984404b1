"""The activations of a graph, with its own weights and with replaced ones.

A walk goes through the layers in the order of execution. At each group of layers it gives the
group's input, photo by photo, once as the float graph computes it and once as the graph does with
the weights that were replaced so far. Earlier inputs that are small enough are kept and fed, so
that a walk takes little more time than a few passes through the network, and little memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.quantize.layers import Layer
from dlconv.convert.quantize.network import Network, Path, Values, path_to
from dlconv.graph.graph import Graph

# Inputs of layers that are larger are computed again instead of kept.
MOST_KEPT_BYTES = 4_500_000


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
        network: Network,
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


def _paths(network: Network, sources: Sequence[str], image: np.ndarray) -> list[Path]:
    sizes = network.sizes(sources, image)
    is_kept = {name: 4 * size <= MOST_KEPT_BYTES for name, size in zip(sources, sizes, strict=True)}
    return [
        path_to(network.graph, source, {name for name in sources[:number] if is_kept[name]})
        for number, source in enumerate(sources)
    ]


def _pooled_from(graph: Graph, name: str) -> str | None:
    """Return the node behind the average poolings that end in ``name``; None without any."""
    node = graph.nodes[name]
    while node.op == "AvgPool":
        node = graph.producer(node, 0)
    return None if node.name == name else node.name
