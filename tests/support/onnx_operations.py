"""One operation in TensorFlow and, as dlconv writes it, in ONNX Runtime: the same values.

An operation that is alone never meets a tensor with channels first, and with fixed sizes none that
it has to compute. So each is written four ways: as it is, with free sizes, behind a convolution,
and before one. Each is compared with TensorFlow running the same graph. A transposition that moves
channels to the end stands for the convolution where that cannot: at any rank and element type.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
import pytest
from support.graphs import const, convolution, graph_def, node, placeholder
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.axes import to_first, to_last
from dlconv.convert.targets.onnx.model import Model, check
from dlconv.convert.targets.onnx.opset import OPSETS
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, TensorSpec
from dlconv.graph.graph import Graph
from dlconv.tensorflow import load_tensorflow

OLDEST_OPSET, NEWEST_OPSET = OPSETS
# Of the largest value; TensorFlow rounds to float16 after each step of an operation.
CLOSE, CLOSE_FOR_HALVES = 1e-5, 4e-3
Feeds = Mapping[str, np.ndarray]


def graph_of(
    nodes: Sequence[NodeDef],
    feeds: Feeds,
    free: bool = False,
    behind: bool = False,
    fixed: Sequence[str] = (),
    known: Sequence[int] = (),
    moved: bool = False,
) -> Graph:
    """The nodes with a placeholder for each of the feeds that they read by name.

    ``free`` leaves their sizes open, but for those ``fixed`` and the axes ``known``; ``behind``
    puts a convolution that changes nothing between images and the nodes; ``moved`` takes everything
    that can have channels with these first, and moves them to the end.
    """
    inputs: list[NodeDef] = []
    for name, array in feeds.items():
        is_free = free and name not in fixed
        shape = [
            None if is_free and axis not in known else extent
            for axis, extent in enumerate(array.shape)
        ]
        if moved and array.ndim > 2:
            inputs += _moved(name, array, shape)
        elif behind and is_image(array):
            inputs += _convolved(name, array, shape)
        else:
            inputs.append(placeholder(name, array.dtype, shape))
    return Graph(graph_def(*inputs, *nodes))


def _convolved(name: str, array: np.ndarray, shape: Sequence[int | None]) -> list[NodeDef]:
    kernel = np.eye(array.shape[3], dtype=np.float32)[None, None]
    return [
        placeholder(f"{name}/given", array.dtype, [*shape[:3], array.shape[3]]),
        const(f"{name}/kernel", kernel),
        convolution(name, f"{name}/given", f"{name}/kernel"),
    ]


def _moved(name: str, array: np.ndarray, shape: Sequence[int | None]) -> list[NodeDef]:
    types = {"T": array.dtype, "Tperm": np.int32}
    return [
        placeholder(f"{name}/given", array.dtype, [shape[axis] for axis in to_first(array.ndim)]),
        const(f"{name}/order", to_last(array.ndim), np.int32),
        node(name, "Transpose", f"{name}/given", f"{name}/order", **types),
    ]


def is_image(array: np.ndarray) -> bool:
    return array.ndim == 4 and array.dtype == np.float32 and min(array.shape[1:]) > 0


def written(graph: Graph, output: str, opset: int = OLDEST_OPSET) -> Model:
    """The graph as dlconv writes it, checked."""
    names = [node.name for node in graph.nodes.values() if node.op == "Placeholder"]
    ends = [TensorSpec(name, "float32", None) for name in (names[0], output)]
    model = to_onnx(graph, Contract(*ends, None, "", None, ""), opset)
    check(model)
    return model


def kinds(nodes: Sequence[NodeDef], feeds: Feeds, output: str = "y", **way: bool) -> list[str]:
    """The kinds of nodes that are written, but for those that change the order of axes."""
    model = written(graph_of(nodes, feeds, **way), output)
    return [node.op_type for node in model.skeleton.graph.node if node.op_type != "Transpose"]


def in_tensorflow(graph: Graph, feeds: Feeds, output: str, is_optimized: bool = True) -> np.ndarray:
    tensorflow = load_tensorflow()
    v1 = tensorflow.compat.v1
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = not is_optimized
    with tensorflow.Graph().as_default() as made:
        v1.import_graph_def(v1.GraphDef.FromString(graph.graph_def.SerializeToString()), name="")
        with v1.Session(graph=made, config=config) as session:
            return session.run(f"{output}:0", {f"{k}:0": v for k, v in feeds.items()})


def in_onnxruntime(model: Model, feeds: Feeds) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.proto().SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    known = {value.name for value in session.get_inputs()}
    return session.run(None, {k: v for k, v in feeds.items() if k in known})[0]


def assert_same(
    nodes: Sequence[NodeDef],
    feeds: Feeds,
    output: str = "y",
    opsets: Sequence[int] = (OLDEST_OPSET, NEWEST_OPSET),
    free: bool = True,
    close: float = CLOSE,
    fixed: Sequence[str] = (),
    known: Sequence[int] = (),
    like: Sequence[NodeDef] = (),
    moved: bool = False,
    is_optimized: bool = True,
) -> None:
    """Assert that ``output`` is the same in all ways that it can be written.

    ``free`` is for operations that take free sizes, but for those of the feeds ``fixed`` and of the
    axes ``known``; ``moved`` is for those that take channels first at any rank. TensorFlow runs the
    nodes ``like`` in place of those that it has no kernels for on the CPU; ``is_optimized`` is for
    those that its own optimizer does not get wrong.
    """
    ways = [{}, *([{"free": True}] if free else [])]
    if any(is_image(array) for array in feeds.values()):
        ways += [{"behind": True}, *([{"behind": True, "free": True}] if free else [])]
    if moved and any(array.ndim > 2 for array in feeds.values()):
        ways += [{"moved": True}, *([{"moved": True, "free": True}] if free else [])]
    for way in ways:
        graph = graph_of(nodes, feeds, fixed=fixed, known=known, **way)
        named = {
            name if name in placeholders(graph) else f"{name}/given": _fed(array, **way)
            for name, array in feeds.items()
        }
        meant = graph_of(like or nodes, feeds, fixed=fixed, known=known, **way)
        expected = in_tensorflow(meant, named, output, is_optimized)
        for opset in opsets if way == ways[-1] else opsets[:1]:
            found = in_onnxruntime(written(graph, output, opset), named)
            assert_close(expected, found, close, f"{way}, opset {opset}")


def _fed(array: np.ndarray, moved: bool = False, **_: bool) -> np.ndarray:
    return array.transpose(to_first(array.ndim)).copy() if moved and array.ndim > 2 else array


def assert_refused(nodes: Sequence[NodeDef], feeds: Feeds, reason: str, free: bool = False) -> None:
    """Assert that ``y`` is not written, and why."""
    with pytest.raises(DlconvError, match=reason):
        written(graph_of(nodes, feeds, free=free), "y")


def assert_close(
    expected: np.ndarray, found: np.ndarray, close: float = CLOSE, where: str = ""
) -> None:
    """Integers are equal, floats within a share of the largest that is finite."""
    assert found.dtype == expected.dtype, where
    assert found.shape == expected.shape, where
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected, where)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    largest = float(finite.max()) if finite.size else 1.0
    tolerance = close if expected.dtype != np.float16 else CLOSE_FOR_HALVES
    np.testing.assert_allclose(
        found, expected, rtol=0, atol=tolerance * max(largest, 1e-30), err_msg=where
    )


def placeholders(graph: Graph) -> set[str]:
    return {node.name for node in graph.nodes.values() if node.op == "Placeholder"}
