"""Graphs as LiteRT files, and what they give with XNNPACK and without."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from support.lowering import graph_of
from support.onnx_operations import assert_close, in_tensorflow
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.litert.file import serialized
from dlconv.convert.targets.litert.lower import lowered
from dlconv.convert.targets.litert.types import held_type
from dlconv.convert.targets.litert.write import to_litert
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, TensorSpec, find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.litert import open_interpreter
from dlconv.verify.conformance.runners import PythonRunner

Feeds = Mapping[str, np.ndarray]


def as_litert(graph) -> bytes:
    """The file that ``dlconv litert`` writes of a graph, free sizes as they are."""
    rewritten = prepare_and_rewrite(graph).graph
    contract = find_contract(rewritten)
    return bytes(serialized(to_litert(lowered(rewritten, contract), contract)))


def in_litert(content: bytes, image, backend):
    """What a file gives for an image."""
    interpreter = open_interpreter(content, backend, threads=1)
    (given,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(given["index"], image.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], image.astype(given["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def output_as_litert(graph: Graph, output: str = "y") -> bytes:
    """The file of a graph with any inputs, and this output."""
    rewritten = prepare_and_rewrite(graph).graph
    inputs = [node.name for node in graph.nodes.values() if node.op == "Placeholder"]
    ends = [TensorSpec(name, "float32", None) for name in (inputs[0], output)]
    contract = Contract(*ends, None, "", None, "")
    return bytes(serialized(to_litert(lowered(rewritten, contract), contract)))


def assert_written(
    litert: Mapping[str, PythonRunner],
    nodes: Sequence[NodeDef],
    feeds: Feeds,
    output: str = "y",
    free: bool = True,
    close: float = 1e-5,
) -> None:
    """Assert that ``output`` is TensorFlow's in LiteRT, with XNNPACK and without.

    ``free`` tries it with sizes left open, too. ``litert`` is the fixture of the same name.
    """
    for is_free in (False, True) if free else (False,):
        graph = graph_of(nodes, feeds, is_free)
        expected = in_tensorflow(graph, feeds, output, is_optimized=False)
        content = output_as_litert(graph, output)
        for backend, runner in litert.items():
            (found,) = runner.run(content, feeds, [])
            where = f"{backend}, free sizes: {is_free}"
            assert_close(as_litert_holds(expected), found, close, where)


def assert_not_written(
    nodes: Sequence[NodeDef], feeds: Feeds, reason: str, free: bool = False
) -> None:
    """Assert that ``y`` is refused, and why."""
    with pytest.raises(DlconvError, match=reason):
        output_as_litert(graph_of(nodes, feeds, free))


def as_litert_holds(array: np.ndarray) -> np.ndarray:
    """An array in the type that holds it in a file, which has to hold its values."""
    held = array.astype(held_type(array.dtype.name))
    assert array.dtype.kind == "f" or np.array_equal(held, array)
    return held
