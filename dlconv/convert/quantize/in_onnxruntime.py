"""A network in ONNX Runtime, part by part.

What is run is cut from what the ONNX writer makes of the graph. Each part that is run gets a
session of its own, in which weights are constants, so that ONNX Runtime can prepare them. Of all
sessions the two that were used last are kept: those with the float weights and with replaced ones,
which run in turn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlconv.convert.quantize.layers import find_layers
from dlconv.convert.quantize.network import NOTHING, Network, Values
from dlconv.convert.targets.onnx.parts import Part, Parts
from dlconv.errors import DlconvError, first_line
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import open_session

MOST_OPEN = 2

_PartKey = tuple[tuple[str, ...], frozenset[str]]


@dataclass(frozen=True, eq=False)
class _Open:
    """A session of a part, and the replaced weights in it."""

    part: Part
    weights: Values
    session: Any

    def has(self, part: Part, weights: Values) -> bool:
        """Tell whether it is the session of a part with the very same arrays replaced."""
        return (
            part is self.part
            and weights.keys() == self.weights.keys()
            and all(weights[name] is value for name, value in self.weights.items())
        )


class OnnxNetwork(Network):
    """A graph in ONNX Runtime, of which nodes behind the output and layers can be run.

    Raises DlconvError when ONNX cannot hold the graph.
    """

    libraries = ("onnx", "onnxruntime")

    def __init__(self, graph: Graph, contract: Contract) -> None:
        super().__init__(graph, contract)
        layers = find_layers(graph)
        names = [name for each in layers for name in (each.kernel_name, each.bias_name)]
        self._weights = {name: _constant(graph, name) for name in names if name is not None}
        ends = [contract.output.node, *(each.name for each in layers)]
        self._parts = Parts(graph, self._weights, ends)
        self._made: dict[_PartKey, Part] = {}
        self._open: list[_Open] = []

    def __exit__(self, *raised: object) -> None:
        self._open.clear()

    def run(
        self, names: Sequence[str], fed: Values, replaced: Values = NOTHING
    ) -> list[np.ndarray]:
        """Return the first outputs of nodes, as ``Network.run`` says."""
        part = self._part(names, fed)
        weights = {name: replaced[name] for name in part.weights if name in replaced}
        return _run(self._opened(part, weights), part, fed)

    def _counted(self, names: Sequence[str], image: np.ndarray) -> list[int]:
        part = self._parts.part(names, [self.input_name], "Size")
        found = _run(self._session(part, NOTHING), part, {self.input_name: image})
        return [int(count) for count in found]

    def _part(self, names: Sequence[str], fed: Iterable[str]) -> Part:
        key = (tuple(names), frozenset(fed))
        if key not in self._made:
            self._made[key] = self._parts.part(names, fed)
        return self._made[key]

    def _opened(self, part: Part, weights: Values) -> Any:
        found = next((each for each in self._open if each.has(part, weights)), None)
        if found is None:
            del self._open[MOST_OPEN - 1 :]
            found = _Open(part, weights, self._session(part, weights))
        self._open = [found, *(each for each in self._open if each is not found)]
        return found.session

    def _session(self, part: Part, weights: Values) -> Any:
        content = part.model({**self._weights, **weights}).proto().SerializeToString()
        try:
            return open_session(content, spinning=False)
        except Exception as error:  # ONNX Runtime has an exception class for each status code
            raise _trouble(error) from error


def _constant(graph: Graph, name: str) -> np.ndarray:
    value = graph.constant(graph.nodes[name])
    assert value is not None
    return value


def _run(session: Any, part: Part, fed: Values) -> list[np.ndarray]:
    try:
        outputs: list[np.ndarray] = session.run(
            None, {part.inputs[name]: value for name, value in fed.items()}
        )
    except Exception as error:
        raise _trouble(error) from error
    return outputs


def _trouble(error: Exception) -> DlconvError:
    return DlconvError(f"ONNX Runtime cannot run the graph to calibrate it: {first_line(error)}")
