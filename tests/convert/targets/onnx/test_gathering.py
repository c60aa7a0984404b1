import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import assert_refused, assert_same, graph_of, written

TYPES = ["int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64", "bool"]
INDEX_TYPES = ["int32", "int64"]
shapes = arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def numbered(shape, dtype="float32") -> np.ndarray:
    """No two elements are the same, where the type has room for that."""
    return (np.arange(np.prod(shape)) % 120).reshape(shape).astype(dtype)


def gather(dtype="float32", index="int32", **attributes):
    types = {"Tparams": dtype, "Tindices": index, "Taxis": np.int32}
    return node("y", "GatherV2", "x", "i", "axis", **types, **attributes)


@st.composite
def gathers(draw):
    """A shape, one of its axes, and indices along it of some shape."""
    shape = draw(shapes)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    along = st.integers(0, shape[axis] - 1)
    places = draw(arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    return shape, axis, draw(arrays.arrays(np.int64, places, elements=along))


@settings(max_examples=20)
@given(gathers(), st.sampled_from(TYPES), st.sampled_from(INDEX_TYPES), st.booleans())
def test_gather(gathered, dtype, index, is_computed):
    shape, axis, indices = gathered
    feeds = {"x": numbered(shape, dtype)}
    nodes = [const("axis", axis, np.int32), gather(dtype, index)]
    if is_computed:
        feeds["i"] = indices.astype(index)
    else:
        nodes.append(const("i", indices, index))
    assert_same(nodes, feeds, moved=True)


@st.composite
def batched_gathers(draw):
    """A shape, one of its axes, and indices along it that each batch has of its own."""
    shape = draw(shapes)
    batch = draw(st.integers(0, len(shape) - 1))
    axis = draw(st.integers(batch, len(shape) - 1))
    rest = draw(arrays.array_shapes(min_dims=0, max_dims=2, max_side=3))
    along = st.integers(0, shape[axis] - 1)
    indices = draw(arrays.arrays(np.int32, (*shape[:batch], *rest), elements=along))
    sign = draw(st.sampled_from(["as it is", "from the end"]))
    if sign == "from the end" and batch < indices.ndim:
        return shape, axis - len(shape), batch - indices.ndim, indices
    return shape, axis, batch, indices


@settings(max_examples=25)
@given(batched_gathers(), st.sampled_from(TYPES))
def test_gather_with_indices_for_each_batch(gathered, dtype):
    shape, axis, batch, indices = gathered
    nodes = [const("axis", axis, np.int32), gather(dtype, batch_dims=batch)]
    assert_same(nodes, {"x": numbered(shape, dtype), "i": indices}, moved=True)


def test_the_older_gather_is_along_the_first_axis():
    y = node("y", "Gather", "x", "i", Tparams=np.float32, Tindices=np.int32)
    assert_same([y], {"x": numbered((4, 2, 3)), "i": np.array([[3, 0], [1, 1]], np.int32)})


def test_an_axis_that_is_computed_is_refused():
    feeds = {"x": numbered((2, 3)), "i": np.array([0], np.int32), "axis": np.array(0, np.int32)}
    assert_refused([gather()], feeds, "its axis is not constant")


def gather_nd(dtype="float32", index="int32", **attributes):
    return node("y", "GatherNd", "x", "i", Tparams=dtype, Tindices=index, **attributes)


@settings(max_examples=20)
@given(shapes, st.data(), st.sampled_from(TYPES), st.sampled_from(INDEX_TYPES))
def test_gather_nd(shape, data, dtype, index):
    depth = data.draw(st.integers(0, len(shape)))
    outer = data.draw(arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    columns = [
        data.draw(arrays.arrays(index, outer, elements=st.integers(0, extent - 1)))
        for extent in shape[:depth]
    ]
    indices = np.stack(columns, -1) if columns else np.zeros((*outer, 0), index)
    feeds = {"x": numbered(shape, dtype), "i": indices}
    if depth:
        assert_same([gather_nd(dtype, index)], feeds, moved=True, free=False)
    nodes = [const("i", indices, index), gather_nd(dtype, index)]
    assert_same(nodes, {"x": feeds["x"]}, moved=True)


def test_gather_nd_of_indices_that_may_be_out_of_range_is_refused():
    nodes = [const("i", [[7]], np.int32), gather_nd(bad_indices_policy=b"IGNORE")]
    assert_refused(nodes, {"x": numbered((2, 3))}, "it puts zeros where an index is out of range")


def test_gather_nd_of_indices_of_unknown_depth_is_refused():
    feeds = {"x": numbered((2, 3)), "i": np.array([[1]], np.int32)}
    assert_refused([gather_nd()], feeds, "how many axes its indices are for", free=True)


def stitch(places, op="DynamicStitch", data=None):
    names = [f"i{k}" for k in range(len(places))]
    data = data or [f"x{k}" for k in range(len(places))]
    y = node("y", op, *names, *data, T=np.float32, N=len(places))
    return [*(const(n, p, np.int32) for n, p in zip(names, places, strict=True)), y]


@settings(max_examples=15)
@given(st.permutations(range(6)), shapes, st.integers(0, 2))
def test_stitch(order, tail, repeated):
    places = [np.array(order[0]), np.array(order[1:5]).reshape(2, 2), np.array(order[5:])]
    places[2] = np.append(places[2], order[:repeated])
    feeds = {f"x{k}": 10.0 * k + numbered((*p.shape, *tail)) for k, p in enumerate(places)}
    feeds = {name: array.astype(np.float32) for name, array in feeds.items()}
    assert_same(stitch(places), feeds)


def test_stitched_shapes_are_computed_while_they_are_written():
    shape = node("x0", "Shape", "x", T=np.float32, out_type=np.int32)
    y = stitch([[0, 1, 2], [1]])
    y[-1].attr["T"].type = shape.attr["out_type"].type
    nodes = [shape, const("x1", [7], np.int32), *y]
    feeds = {"x": numbered((2, 3, 4))}
    assert_same(nodes, feeds)
    model = written(graph_of(nodes, feeds), "y")
    assert [made.op_type for made in model.skeleton.graph.node] == ["Identity"]


@pytest.mark.parametrize(
    ("places", "op", "reason"),
    [
        ([[0, 2]], "DynamicStitch", "one of its rows has no value"),
        ([[0, 0]], "ParallelDynamicStitch", "one of its rows has several values"),
    ],
)
def test_what_is_not_defined_is_refused(places, op, reason):
    assert_refused(stitch(places, op), {"x0": numbered((2,))}, reason)


def test_places_that_are_computed_are_refused():
    feeds = {"i": np.array([0], np.int32), "x": numbered((1,))}
    y = node("y", "DynamicStitch", "i", "x", T=np.float32, N=1)
    assert_refused([y], feeds, "one of its indices is not constant")
