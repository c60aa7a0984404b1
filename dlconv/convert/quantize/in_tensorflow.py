"""A network in a TensorFlow session, for graphs that the ONNX writer refuses.

TensorFlow has a process of its own, which a graph can end.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.convert.quantize.network import NOTHING, Network, Values, path_to
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.tensorflow_process import TensorflowProcess

# What errors say it ran.
WHAT = Path("the graph to calibrate it")


class TensorFlowNetwork(Network):
    """A graph in a TensorFlow session, in which constants can be replaced.

    ``warnings`` say why it is there.
    """

    libraries = ("tensorflow",)

    def __init__(self, graph: Graph, contract: Contract, warnings: tuple[str, ...] = ()) -> None:
        super().__init__(graph, contract)
        self.warnings = warnings
        weights = _weights_of(graph)
        self._weights = frozenset(weights)
        self._read: dict[tuple[tuple[str, ...], frozenset[str]], list[str]] = {}
        with tempfile.NamedTemporaryFile(prefix="dlconv-", suffix=".pb") as file:
            file.write(_definition(graph, weights).SerializeToString())
            file.flush()
            self._asked = TensorflowProcess("fed", Path(file.name), what=WHAT)
        self._asked.ask("keep", weights)

    def __exit__(self, *raised: object) -> None:
        self._asked.close()

    def run(
        self, names: Sequence[str], fed: Values, replaced: Values = NOTHING
    ) -> list[np.ndarray]:
        """Return the first outputs of nodes, as ``Network.run`` says."""
        key = (tuple(names), frozenset(fed))
        if key not in self._read:
            computed = [name for each in names for name in path_to(self.graph, each, fed).computed]
            self._read[key] = [name for name in dict.fromkeys(computed) if name in self._weights]
        changed = {name: replaced[name] for name in self._read[key] if name in replaced}
        outputs: list[np.ndarray] = self._asked.ask(
            "run", list(names), self._read[key], {**changed, **fed}
        )
        return outputs

    def _counted(self, names: Sequence[str], image: np.ndarray) -> list[int]:
        return list(self._asked.ask("counted", list(names), {self.input_name: image}))


def _definition(graph: Graph, weights: Values) -> GraphDef:
    """Return a graph in which weights are placeholders."""
    definition = GraphDef()
    for node in graph.nodes.values():
        if node.name in weights:
            placeholder = definition.node.add(name=node.name, op="Placeholder")
            placeholder.attr["dtype"].type = node.attr["dtype"].type
            for extent in weights[node.name].shape:
                placeholder.attr["shape"].shape.dim.add(size=extent)
        else:
            definition.node.add().ParseFromString(node.SerializeToString())
    definition.versions.producer = graph.versions.producer
    return definition


def _weights_of(graph: Graph) -> dict[str, np.ndarray]:
    """Return the float32 constants that are more than one number."""
    constants = ((node.name, graph.constant(node)) for node in graph.order if node.op == "Const")
    return {
        name: value
        for name, value in constants
        if value is not None and value.dtype == np.float32 and value.ndim
    }
