"""What shape arithmetic computes, against TensorFlow."""

import functools

import numpy as np
import pytest
from support.graphs import const, graph_def, node
from support.running import Session

from dlconv.graph.graph import Graph, NodeOutput
from dlconv.graph.shapes import infer_static

F, I, L, B = np.float32, np.int32, np.int64, np.bool_  # noqa: E741

CONSTANTS = {
    "a": np.array([-7, -1, 0, 5, 9], I),
    "b": np.array([2, -3, 4, 5, -4], I),
    "table": np.arange(6, dtype=I).reshape(2, 3),
    "f": np.array([-2.5, -0.5, 0.1, 1.5, 1e7], F),
    "g": np.array([0.3, -0.7, 3, 1.5, 513], F),
    "p": np.array([True, False, True, False, True]),
    "q": np.array([True, True, False, False, True]),
    "one": np.array(1, I),
    "two": np.array(2, I),
    "zero": np.array(0, I),
    "five": np.array(5, I),
    "last": np.array(-1, I),
    "pair": np.array([1, 2], I),
    "rest": np.array([1, -1], I),
    "swapped": np.array([1, 0], I),
    "indices": np.array([[2, 0]], I),
    "flat": np.array([-1], I),
    "wide": np.array([2, 5], I),
}


def ops(names):
    return names.split()


CASES = {
    made.name: (made, outputs)
    for made, outputs in [
        *((node(op, op, "a", "b", T=I), 1) for op in ops(
            "Add AddV2 Sub Mul Maximum Minimum FloorDiv FloorMod TruncateDiv TruncateMod"
            " SquaredDifference Equal NotEqual Less LessEqual Greater GreaterEqual"
        )),
        *((node(f"{op}_f", op, "f", "g", T=F), 1) for op in ops(
            "Add Sub Mul RealDiv FloorDiv Maximum Minimum Greater"
        )),
        *((node(f"{op}_i", op, "a", T=I), 1) for op in ops("Abs Neg Square")),
        *((node(f"{op}_1", op, "f", T=F), 1) for op in ops("Abs Neg Square Floor Ceil Round Rint")),
        (node("LogicalAnd", "LogicalAnd", "p", "q"), 1),
        (node("LogicalOr", "LogicalOr", "p", "q"), 1),
        (node("LogicalNot", "LogicalNot", "p"), 1),
        (node("AddN", "AddN", "a", "b", "a", T=I, N=3), 1),
        (node("Cast_down", "Cast", "f", SrcT=F, DstT=I), 1),
        (node("Cast_up", "Cast", "a", SrcT=I, DstT=F), 1),
        (node("Cast_truth", "Cast", "p", SrcT=B, DstT=L), 1),
        (node("Cast_to_truth", "Cast", "a", SrcT=I, DstT=B), 1),
        *(
            (node(f"{op}_rows", op, "table", "one", T=I, Tidx=I), 1)
            for op in ops("Max Min Prod Sum")
        ),
        (node("Max_all", "Max", "table", "swapped", T=I, Tidx=I, keep_dims=True), 1),
        (node("All", "All", "p", "zero", Tidx=I), 1),
        (node("Any", "Any", "p", "zero", Tidx=I), 1),
        (node("Shape", "Shape", "table", T=I, out_type=I), 1),
        (node("Size", "Size", "table", T=I, out_type=I), 1),
        (node("Rank", "Rank", "table", T=I), 1),
        (node("Fill", "Fill", "pair", "five", T=I), 1),
        (node("OnesLike", "OnesLike", "f", T=F), 1),
        (node("ZerosLike", "ZerosLike", "p", T=B), 1),
        (node("Range", "Range", "five", "last", "last", Tidx=I), 1),
        (node("Reshape", "Reshape", "table", "flat", T=I, Tshape=I), 1),
        (node("ExpandDims", "ExpandDims", "a", "last", T=I, Tdim=I), 1),
        (node("Squeeze", "Squeeze", "ExpandDims", T=I), 1),
        (node("Transpose", "Transpose", "table", "swapped", T=I, Tperm=I), 1),
        (node("ReverseV2", "ReverseV2", "table", "flat", T=I, Tidx=I), 1),
        (node("BroadcastTo", "BroadcastTo", "a", "wide", T=I, Tidx=I), 1),
        (node("Tile", "Tile", "table", "pair", T=I, Tmultiples=I), 1),
        (node("Pack", "Pack", "a", "b", T=I, N=2, axis=1), 1),
        (node("ConcatV2", "ConcatV2", "a", "b", "zero", T=I, Tidx=I, N=2), 1),
        (node("Concat", "Concat", "one", "table", "table", T=I, N=2), 1),
        (node("Slice", "Slice", "table", "swapped", "rest", T=I, Index=I), 1),
        (node("StridedSlice", "StridedSlice", "table", "rest", "pair", "rest", T=I, Index=I), 1),
        (node("StridedSlice_masks", "StridedSlice", "table", "rest", "pair", "rest", T=I, Index=I,
              ellipsis_mask=1, new_axis_mask=2), 1),
        (node("Unpack", "Unpack", "table", T=I, num=3, axis=1), 3),
        (node("Split", "Split", "zero", "table", T=I, num_split=2), 2),
        (node("SplitV", "SplitV", "table", "rest", "one", T=I, Tlen=I, num_split=2), 2),
        (node("Gather", "Gather", "a", "indices", Tparams=I, Tindices=I), 1),
        (node("GatherV2", "GatherV2", "table", "indices", "one", Tparams=I, Tindices=I,
              Taxis=I), 1),
        (node("SelectV2", "SelectV2", "p", "a", "five", T=I), 1),
        (node("Select", "Select", "p", "a", "b", T=I), 1),
        (node("StopGradient", "StopGradient", "a", T=I), 1),
    ]
}  # fmt: skip


@functools.cache
def graph():
    return graph_def(
        *(const(name, value) for name, value in CONSTANTS.items()),
        *(made for made, _ in CASES.values()),
    )


@functools.cache
def results():
    names = [f"{name}:{port}" for name, (_, count) in CASES.items() for port in range(count)]
    with Session(graph()) as session:
        return dict(zip(names, session.fetch(names), strict=True))


@functools.cache
def static():
    return infer_static(Graph(graph()))


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_that_tensorflow_computes(name):
    for port in range(CASES[name][1]):
        value, result = static().value_of(NodeOutput(name, port)), results()[f"{name}:{port}"]
        assert value is not None
        assert value.shape == result.shape
        assert value.tolist() == result.tolist()


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(node("y", "Mul", "large", "large", T=I), id="a product that wraps"),
        pytest.param(node("y", "FloorDiv", "five", "zero", T=I), id="a division by zero"),
        pytest.param(node("y", "Sum", "f", "zero", T=F, Tidx=I), id="a sum of rounded numbers"),
        pytest.param(node("y", "Gather", "a", "flat", Tparams=I, Tindices=I), id="no such index"),
        pytest.param(node("y", "Reshape", "a", "pair", T=I), id="a shape that does not fit"),
    ],
)
def test_what_cannot_be_computed_is_unknown(made):
    constants = [const(name, value) for name, value in CONSTANTS.items()]
    large = const("large", [2**20], I)
    value = infer_static(Graph(graph_def(*constants, large, made))).values.get("y")
    assert value is None or not any(isinstance(item, int | float) for item in value.ravel())


def test_a_value_is_known_in_part():
    unread = node("unread", "NoSuchOp", T=I)
    row = node("row", "Pack", "one", "unread", "two", T=I, N=3)
    constants = [const(name, CONSTANTS[name]) for name in ("one", "two", "last")]
    turned = node("y", "Mul", "row", "one", T=I)
    known = infer_static(Graph(graph_def(*constants, unread, row, turned))).values["y"]
    assert known.tolist() == [1, None, 2]
