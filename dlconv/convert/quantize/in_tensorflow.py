"""A network in a TensorFlow session, for graphs that the ONNX writer refuses.

TensorFlow keeps a copy of the constants for every part of a graph that is run. Weights are
therefore no constants there: they are placeholders, and those that a part reads are fed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlconv.convert.quantize.network import NOTHING, Network, Values, path_to
from dlconv.errors import DlconvError, first_line
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.tensorflow import load_tensorflow


class TensorFlowNetwork(Network):
    """A graph in a TensorFlow session, in which constants can be replaced.

    ``warnings`` say why it is there.
    """

    libraries = ("tensorflow",)

    def __init__(self, graph: Graph, contract: Contract, warnings: tuple[str, ...] = ()) -> None:
        super().__init__(graph, contract)
        self.warnings = warnings
        self._weights = _weights_of(graph)
        self._read: dict[tuple[tuple[str, ...], frozenset[str]], list[str]] = {}
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

    def __exit__(self, *raised: object) -> None:
        self._session.close()

    def run(
        self, names: Sequence[str], fed: Values, replaced: Values = NOTHING
    ) -> list[np.ndarray]:
        """Return the first outputs of nodes, as ``Network.run`` says."""
        key = (tuple(names), frozenset(fed))
        if key not in self._read:
            computed = [name for each in names for name in path_to(self.graph, each, fed).computed]
            self._read[key] = [name for name in dict.fromkeys(computed) if name in self._weights]
        weights = {name: replaced.get(name, self._weights[name]) for name in self._read[key]}
        feeds = {f"{name}:0": value for name, value in {**weights, **fed}.items()}
        with self._trouble():
            outputs: list[np.ndarray] = self._session.run([f"{name}:0" for name in names], feeds)
        return outputs

    def _counted(self, names: Sequence[str], image: np.ndarray) -> list[int]:
        with self._in_tensorflow.as_default():
            get = self._in_tensorflow.get_tensor_by_name
            counts = [self._tensorflow.size(get(f"{name}:0")) for name in names]
        weights = {f"{name}:0": value for name, value in self._weights.items()}
        with self._trouble():
            found = self._session.run(counts, {f"{self.input_name}:0": image, **weights})
        return [int(count) for count in found]

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
