"""One operation in TensorFlow and, as dlconv writes it, in ONNX Runtime: the same values.

An operation that is alone never meets a tensor with channels first, and with fixed sizes none that
it has to compute. So each is written four ways: as it is, with free sizes, behind a convolution,
and before one. Each is compared with TensorFlow running the same graph.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
from support.graphs import const, convolution, graph_def, placeholder
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.onnx.model import Model, check
from dlconv.convert.targets.onnx.opset import OPSETS
from dlconv.convert.targets.onnx.write import to_onnx
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
) -> Graph:
    """The nodes with a placeholder for each of the feeds that they read by name.

    ``free`` leaves their sizes open, but for those ``fixed`` and the axes ``known``; ``behind``
    puts a convolution that changes nothing between images and the nodes.
    """
    inputs: list[NodeDef] = []
    for name, array in feeds.items():
        is_free = free and name not in fixed
        shape = [
            None if is_free and axis not in known else extent
            for axis, extent in enumerate(array.shape)
        ]
        if behind and is_image(array):
            kernel = np.eye(array.shape[3], dtype=np.float32)[None, None]
            inputs += [
                placeholder(f"{name}/given", array.dtype, [*shape[:3], array.shape[3]]),
                const(f"{name}/kernel", kernel),
                convolution(name, f"{name}/given", f"{name}/kernel"),
            ]
        else:
            inputs.append(placeholder(name, array.dtype, shape))
    return Graph(graph_def(*inputs, *nodes))


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


def in_tensorflow(graph: Graph, feeds: Feeds, output: str) -> np.ndarray:
    tensorflow = load_tensorflow()
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default() as made:
        v1.import_graph_def(v1.GraphDef.FromString(graph.graph_def.SerializeToString()), name="")
        with v1.Session(graph=made) as session:
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
) -> None:
    """Assert that ``output`` is the same in all ways that it can be written.

    ``free`` is for operations that take free sizes, but for those of the feeds ``fixed`` and of the
    axes ``known``. TensorFlow runs the nodes ``like`` in place of those that it has no kernels for
    on the CPU.
    """
    ways = [{}, *([{"free": True}] if free else [])]
    if any(is_image(array) for array in feeds.values()):
        ways += [{"behind": True}, *([{"behind": True, "free": True}] if free else [])]
    for way in ways:
        graph = graph_of(nodes, feeds, fixed=fixed, known=known, **way)
        named = {
            name if name in placeholders(graph) else f"{name}/given": array
            for name, array in feeds.items()
        }
        meant = graph_of(like or nodes, feeds, fixed=fixed, known=known, **way)
        expected = in_tensorflow(meant, named, output)
        for opset in opsets if way == ways[-1] else opsets[:1]:
            found = in_onnxruntime(written(graph, output, opset), named)
            assert_close(expected, found, close, f"{way}, opset {opset}")


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
