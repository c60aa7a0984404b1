"""The runtime ``tensorflow``: a frozen graph in one TensorFlow session.

It is the reference, and it also runs frozen graphs that are compared with another one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError, first_line
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Contract, find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.scores import argmax_behind
from dlconv.runtimes.in_process import InProcessRuntime
from dlconv.tensorflow import load_tensorflow


class TensorflowRuntime(InProcessRuntime):
    """Runs a frozen graph (.pb) by its contract, in one session for all photos.

    ``threads`` is how many work on an op; None leaves it to TensorFlow.
    """

    name = "tensorflow"
    backend = "cpu"

    def __init__(self, graph_path: Path, threads: int | None = None) -> None:
        self._graph_path = graph_path
        self._threads = threads

    def __enter__(self) -> "TensorflowRuntime":
        self._tensorflow = load_tensorflow()
        graph_def = read_graph(self._graph_path)
        self._graph = Graph(graph_def)
        self._contract: Contract = find_contract(self._graph)
        self._session = self._open_session(graph_def.SerializeToString())
        return self

    def _open_session(self, serialized: bytes) -> Any:
        v1 = self._tensorflow.compat.v1
        graph = self._tensorflow.Graph()
        try:
            with graph.as_default():
                v1.import_graph_def(v1.GraphDef.FromString(serialized), name="")
        except ValueError as error:
            raise self._refusal("does not take", error) from error
        count = self._threads or 0
        threads = v1.ConfigProto(
            intra_op_parallelism_threads=count, inter_op_parallelism_threads=count
        )
        return v1.Session(graph=graph, config=threads)

    def _run(self, fetched: Any, image: np.ndarray) -> Any:
        try:
            return self._session.run(fetched, {self._contract.input.tensor: image})
        except (ValueError, self._tensorflow.errors.OpError) as error:
            raise self._refusal("cannot run", error) from error

    def _refusal(self, what: str, error: Exception) -> DlconvError:
        return DlconvError(f"TensorFlow {what} {self._graph_path}: {first_line(error)}")

    def __exit__(self, *raised: object) -> None:
        self._session.close()

    def _answer(self, image: np.ndarray) -> np.ndarray:
        output: np.ndarray = self._run(self._contract.output.tensor, image)
        return output

    def scores(self, image: np.ndarray) -> np.ndarray | None:
        """Return the scores of the labels, [1, H, W, classes] of the photo's or the crop's size.

        None when the graph has no ArgMax over images of scores.
        """
        arg_max = argmax_behind(self._graph, self._graph.nodes[self._contract.output.node])
        if arg_max is None:
            return None
        source = self._graph.sources(arg_max)[0]
        fetched = f"{source.node}:{source.port}"
        scores: np.ndarray = self._run(fetched, image)
        return scores if scores.ndim == 4 and scores.shape[-1] > 1 else None

    def images(self) -> list[str]:
        """Return the nodes that give float32 [1, H, W, channels], in the order of execution."""
        float32 = self._tensorflow.float32
        tensors = {
            node.name: self._session.graph.get_tensor_by_name(f"{node.name}:0")
            for node in self._graph.order
            if node.op not in ("Const", "Assert", "NoOp", "Placeholder")
        }
        return [
            name
            for name, tensor in tensors.items()
            if tensor.dtype == float32 and tensor.shape.rank == 4
        ]

    def activations(self, image: np.ndarray, nodes: Sequence[str]) -> list[np.ndarray]:
        """Return what nodes give for a photo."""
        fetched = [f"{name}:0" for name in nodes]
        return list(self._run(fetched, image))

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        return {"tensorflow": self._tensorflow.__version__}
