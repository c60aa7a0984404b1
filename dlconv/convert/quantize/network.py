"""A network that calibration runs: any of its nodes, with others fed and weights replaced."""

from abc import ABC, abstractmethod
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph

Values = Mapping[str, np.ndarray]
NOTHING: Values = {}


class Network(ABC):
    """A graph in a runtime, to be used in a ``with`` block.

    ``libraries`` are those that the values depend on, ``warnings`` what people should know.
    """

    libraries: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __init__(self, graph: Graph, contract: Contract) -> None:
        self.graph = graph
        self.input_name = contract.input.node
        self._sizes: dict[str, int] = {}

    def __enter__(self) -> "Network":
        return self

    @abstractmethod
    def __exit__(self, *raised: object) -> None:
        """Close what is open."""

    @abstractmethod
    def run(
        self, names: Sequence[str], fed: Values, replaced: Values = NOTHING
    ) -> list[np.ndarray]:
        """Return the first outputs of nodes, in TensorFlow's order of axes.

        ``fed`` are first outputs of others that are not computed, ``replaced`` other kernels and
        biases of layers, by the names of the constants. Raises DlconvError when the runtime fails.
        """

    def sizes(self, names: Sequence[str], image: np.ndarray) -> list[int]:
        """Return the numbers of elements of nodes' outputs, for the image of the first call."""
        unknown = [name for name in names if name not in self._sizes]
        if unknown:
            self._sizes |= dict(zip(unknown, self._counted(unknown, image), strict=True))
        return [self._sizes[name] for name in names]

    @abstractmethod
    def _counted(self, names: Sequence[str], image: np.ndarray) -> list[int]:
        """Return the numbers of elements of nodes' outputs for an image."""


@dataclass(frozen=True)
class Path:
    """How to compute a node: the nodes that are fed, and the nodes that are computed from them."""

    fed: tuple[str, ...]
    computed: tuple[str, ...]


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
