"""One operation in TensorFlow, lowered in TensorFlow, and lowered in TF.js: the same values."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pytest
from support.graphs import graph_def, placeholder
from support.onnx_operations import assert_close, in_tensorflow
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.judge import TFJS
from dlconv.convert.targets.lower.lower_operations import lower_where
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph
from dlconv.graph.shapes import Static
from dlconv.runtimes.tfjs_graphs import TfjsGraphs
from dlconv.verify.conformance.runners import graph_model_files

Feeds = Mapping[str, np.ndarray]
BACKENDS = ("wasm", "cpu")


def graph_of(nodes: Sequence[NodeDef], feeds: Feeds, free: bool = False) -> Graph:
    """The nodes with a placeholder for each of the feeds; ``free`` leaves their sizes open."""
    inputs = [
        placeholder(name, array.dtype, [None if free else extent for extent in array.shape])
        for name, array in feeds.items()
    ]
    return Graph(graph_def(*inputs, *nodes))


def lowered(graph: Graph, *ops: str) -> Graph:
    """The graph with the nodes of these ops lowered, and not what they are lowered to."""
    assert any(node.op in ops for node in graph.nodes.values())
    given = graph.nodes

    def is_wanted(_: Static, node: NodeDef) -> bool:
        return node.op in ops and node == given.get(node.name)

    return lower_where(graph, is_wanted, TFJS).graph


def in_tfjs(runner: TfjsGraphs, graph: Graph, feeds: Feeds, output: str = "y") -> np.ndarray:
    return runner.run(graph_model_files(graph, next(iter(feeds)), output), feeds, [output])[0]


def assert_lowered(
    runners: Mapping[str, TfjsGraphs],
    nodes: Sequence[NodeDef],
    feeds: Feeds,
    ops: Collection[str],
    output: str = "y",
    free: bool = True,
    close: float = 1e-5,
) -> Graph:
    """Assert that ``output`` is the same once ``ops`` are lowered, there and in TF.js.

    ``free`` tries it with sizes left open, too. ``runners`` is the fixture of the same name.
    Returns the graph as it was lowered last.
    """
    for is_free in (False, True) if free else (False,):
        graph = graph_of(nodes, feeds, is_free)
        expected = in_tensorflow(graph, feeds, output, is_optimized=False)
        made = lowered(graph, *ops)
        again = in_tensorflow(made, feeds, output, is_optimized=False)
        assert_close(expected, again, close, f"TensorFlow, free sizes: {is_free}")
        for backend, runner in runners.items():
            found = in_tfjs(runner, made, feeds, output)
            where = f"{backend}, free sizes: {is_free}"
            assert_close(as_tfjs_holds(expected), found, close, where)
    return made


def assert_not_lowered(
    nodes: Sequence[NodeDef], feeds: Feeds, ops: Collection[str], reason: str, free: bool = False
) -> None:
    """Assert that a lowering refuses a node, and why."""
    with pytest.raises(DlconvError, match=reason):
        lowered(graph_of(nodes, feeds, free), *ops)


def as_tfjs_holds(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)
