import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import (
    NEWEST_OPSET,
    assert_refused,
    assert_same,
    graph_of,
    in_onnxruntime,
    written,
)

WHOLE = ["int8", "int16", "int32", "int64", "uint8"]
FLOATS = ["float16", "float32", "float64"]


def some(shape, dtype="float32", seed=0) -> np.ndarray:
    """Small values, some of them equal."""
    values = np.random.default_rng(seed).integers(-4, 5, shape)
    return (values % 2 > 0) if dtype == "bool" else values.astype(dtype)


@st.composite
def scattered(draw):
    """A shape, and places in it: indices of some of its axes, which may be repeated."""
    shape = draw(arrays.array_shapes(min_dims=1, max_dims=4, max_side=3))
    depth = draw(st.integers(1, len(shape)))
    outer = draw(arrays.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=4))
    columns = [
        draw(arrays.arrays(np.int32, outer, elements=st.integers(0, extent - 1)))
        for extent in shape[:depth]
    ]
    return shape, np.stack(columns, -1)


@settings(max_examples=25)
@given(scattered(), st.sampled_from([*FLOATS, *WHOLE, "bool"]), st.booleans())
def test_scatter(places, dtype, is_computed):
    shape, indices = places
    updates = some((*indices.shape[:-1], *shape[indices.shape[-1] :]), dtype)
    y = node("y", "ScatterNd", "i", "u", "shape", T=dtype, Tindices=np.int32)
    feeds = {"u": updates, **({"shape": np.array(shape, np.int32)} if is_computed else {})}
    nodes = [const("i", indices), y]
    if not is_computed:
        nodes.append(const("shape", shape, np.int32))
    assert_same(nodes, feeds, free=not is_computed)


@settings(max_examples=30)
@given(
    scattered(),
    st.sampled_from(["Update", "Add", "Sub", "Max", "Min"]),
    st.sampled_from([*FLOATS, *WHOLE]),
)
def test_scatter_into_a_tensor(places, kind, dtype):
    shape, indices = places
    feeds = {
        "x": some(shape, dtype),
        "u": some((*indices.shape[:-1], *shape[indices.shape[-1] :]), dtype, seed=1),
        "i": indices,
    }
    y = node("y", f"TensorScatter{kind}", "x", "i", "u", T=dtype, Tindices=np.int32)
    opsets = [NEWEST_OPSET] if kind in ("Max", "Min") else [17, NEWEST_OPSET]
    assert_same([y], feeds, opsets=opsets, moved=True, free=False)
    del feeds["i"]
    assert_same([const("i", indices), y], feeds, opsets=opsets, moved=True)


@pytest.mark.parametrize("kind", ["Max", "Min"])
def test_extremes_need_a_newer_opset(kind):
    y = node("y", f"TensorScatter{kind}", "x", "i", "u", T=np.float32, Tindices=np.int32)
    feeds = {"x": some((3,)), "u": some((1,))}
    assert_refused([const("i", [[1]], np.int32), y], feeds, "it needs opset 18 or newer")


def test_many_that_go_to_the_same_place_all_arrive():
    count = 300_000
    indices = np.random.default_rng(0).integers(0, 3, (count, 1)).astype(np.int32)
    y = node("y", "ScatterNd", "i", "u", "shape", T=np.int32, Tindices=np.int32)
    feeds = {"i": indices, "u": np.ones(count, np.int32)}
    model = written(graph_of([const("shape", [3], np.int32), y], feeds), "y")
    np.testing.assert_array_equal(in_onnxruntime(model, feeds), np.bincount(indices[:, 0]))


def test_indices_of_unknown_depth_are_refused():
    feeds = {"x": some((3,)), "i": np.array([[1]], np.int32), "u": some((1,))}
    y = node("y", "TensorScatterAdd", "x", "i", "u", T=np.float32, Tindices=np.int32)
    assert_refused([y], feeds, "how many axes its indices are for", free=True)


def test_indices_that_may_be_out_of_range_are_refused():
    types = {"T": np.float32, "Tindices": np.int32}
    y = node("y", "TensorScatterAdd", "x", "i", "u", bad_indices_policy=b"IGNORE", **types)
    feeds = {"x": some((3,)), "u": some((1,))}
    reason = "it leaves out what has an index out of range"
    assert_refused([const("i", [[7]], np.int32), y], feeds, reason)


def test_a_shape_of_unknown_rank_is_refused():
    feeds = {"u": some((1,)), "shape": np.array([3], np.int32)}
    y = node("y", "ScatterNd", "i", "u", "shape", T=np.float32, Tindices=np.int32)
    reason = "the rank of what it makes is not known"
    assert_refused([const("i", [[1]], np.int32), y], feeds, reason, free=True)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize(
    ("indices", "shape", "values"),
    [
        (2, [4], 1),
        ([0, 3], [4], [1, 2]),
        ([0, 3], [4], 1),
        ([[0, 1], [2, 0]], [3, 2], [1, 2]),
        (np.zeros((0, 2)), [3, 2], np.zeros(0)),
    ],
)
def test_sparse_values(indices, shape, values, dtype):
    types = {"T": dtype, "Tindices": np.int64}
    constants = [
        const("i", indices, np.int64),
        const("shape", shape, np.int64),
        const("default", -1, dtype),
    ]
    y = node("y", "SparseToDense", "i", "shape", "v", "default", validate_indices=True, **types)
    assert_same([*constants, y], {"v": np.array(values, dtype)})


@settings(max_examples=30)
@given(
    st.sampled_from(["Sum", "Max", "Min", "Prod"]),
    st.sampled_from([*FLOATS, *WHOLE]),
    st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(1, 3)),
    st.data(),
)
def test_segments(kind, dtype, shape, data):
    rank = data.draw(st.integers(1, len(shape)))
    count = data.draw(st.integers(1, 4))
    segment = st.integers(-1, count - 1)
    segments = data.draw(arrays.arrays(np.int32, shape[:rank], elements=segment))
    types = {"T": dtype, "Tindices": np.int32, "Tnumsegments": np.int32}
    y = node("y", f"UnsortedSegment{kind}", "x", "i", "n", **types)
    opsets = [NEWEST_OPSET] if kind in ("Max", "Min") else [17, NEWEST_OPSET]
    feeds = {"x": some(shape, dtype), "i": segments}
    assert_same([const("n", count, np.int32), y], feeds, opsets=opsets)


def test_rows_without_elements_are_not_combined():
    types = {"T": np.float32, "Tindices": np.int32, "Tnumsegments": np.int32}
    nodes = [
        const("i", [2, 0], np.int32),
        const("n", 3, np.int32),
        node("y", "UnsortedSegmentSum", "x", "i", "n", **types),
    ]
    assert_same(nodes, {"x": np.zeros((2, 0), np.float32)}, free=False)


def test_a_number_of_segments_that_is_computed():
    types = {"T": np.float32, "Tindices": np.int32, "Tnumsegments": np.int32}
    y = node("y", "UnsortedSegmentSum", "x", "i", "n", **types)
    feeds = {"x": some((4, 2)), "i": np.array([2, 0, -1, 2], np.int32), "n": np.array(3, np.int32)}
    assert_same([y], feeds)
