import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import assert_refused, assert_same
from support.values import FLOATS, WHOLE, images, shapes, some

REDUCTIONS = ["Sum", "Prod", "Mean", "Max", "Min", "EuclideanNorm", "All", "Any"]


def types_of(op: str) -> list[str]:
    if op in ("All", "Any"):
        return ["bool"]
    return FLOATS if op == "EuclideanNorm" else FLOATS + WHOLE


@st.composite
def reductions(draw, shapes=shapes | images):
    """An op, an element type, a shape, and the axes to reduce: one as a scalar, or several."""
    op = draw(st.sampled_from(REDUCTIONS))
    shape = draw(shapes)
    rank = len(shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), unique_by=lambda axis: axis % rank))
    is_scalar = len(axes) == 1 and draw(st.booleans())
    dtype = draw(st.sampled_from(types_of(op)))
    return op, dtype, shape, axes[0] if is_scalar else axes


def reduction(op, dtype, axes, keep_dims):
    types = {"Tidx": np.int32} if op in ("All", "Any") else {"T": dtype, "Tidx": np.int32}
    y = node("y", op, "x", "axes", keep_dims=keep_dims, **types)
    return [const("axes", axes, np.int32), y]


@settings(max_examples=40)
@given(reductions(), st.booleans())
def test_reductions(found, keep_dims):
    op, dtype, shape, axes = found
    nodes = reduction(op, dtype, axes, keep_dims)
    free = op != "Prod" or dtype in FLOATS
    assert_same(nodes, {"x": some(shape, dtype)}, moved=True, free=free)


@settings(max_examples=40)
@given(
    reductions(arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=2)), st.booleans()
)
def test_reductions_of_nothing(found, keep_dims):
    op, dtype, shape, axes = found
    nodes = reduction(op, dtype, axes, keep_dims)
    free = op != "Prod" or dtype in FLOATS
    assert_same(nodes, {"x": some((*shape[:-1], 0), dtype)}, moved=True, free=free)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint64"])
@pytest.mark.parametrize("op", ["Sum", "Prod"])
def test_integers_that_float64_cannot_hold(op, dtype):
    x = np.iinfo(dtype).max // np.array([[2, 3, 5], [7, 11, 13]], dtype)
    assert_same(reduction(op, dtype, [1], False), {"x": x}, free=op != "Prod")


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_a_mean_of_integers_that_float64_cannot_hold(dtype):
    x = np.iinfo(dtype).max - np.arange(6, dtype=dtype).reshape(2, 3)
    assert_same(reduction("Mean", dtype, [1], False), {"x": x})


def test_a_mean_of_uint64_is_refused():
    nodes = reduction("Mean", "uint64", [0], False)
    assert_refused(nodes, {"x": np.ones(3, np.uint64)}, "its element type is uint64")


def test_a_product_of_an_unknown_number_of_integers_is_refused():
    nodes = reduction("Prod", "int32", [0], False)
    reason = "how long the axis is that it goes along is not known"
    assert_refused(nodes, {"x": some((3,), "int32")}, reason, free=True)


@pytest.mark.parametrize("keep_dims", [False, True])
@pytest.mark.parametrize("axes", [[k for k in range(4) if bits >> k & 1] for bits in range(16)])
def test_an_image_over_any_axes(axes, keep_dims):
    image = some((2, 3, 4, 5))
    assert_same(reduction("Mean", "float32", axes, keep_dims), {"x": image})


def test_a_mean_of_integers_adds_up_in_64_bits():
    x = np.array([[2**31 - 1, 2**31 - 1, 5], [-(2**31), -7, -7]], np.int32)
    assert_same(reduction("Mean", "int32", [1], False), {"x": x})


def test_axes_that_are_computed_are_refused():
    feeds = {"x": some((2, 3)), "axes": np.array([0], np.int32)}
    y = node("y", "Sum", "x", "axes", T=np.float32, Tidx=np.int32)
    assert_refused([y], feeds, "its axis is not constant")


def test_a_norm_of_integers_is_refused():
    nodes = reduction("EuclideanNorm", "int8", [0], False)
    assert_refused(nodes, {"x": some((3,), "int8")}, "may overflow before the root")


@settings(max_examples=30)
@given(
    st.sampled_from(["ArgMax", "ArgMin"]),
    shapes | images,
    st.data(),
    st.sampled_from(["int32", "int64"]),
)
def test_places_of_extremes(op, shape, data, output_type):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    dtype = data.draw(st.sampled_from([*FLOATS, *WHOLE, "bool"]))
    types = {"T": dtype, "Tidx": np.int32, "output_type": output_type}
    y = node("y", op, "x", "axis", **types)
    assert_same([const("axis", axis, np.int32), y], {"x": some(shape, dtype)}, moved=True)


@pytest.mark.parametrize("axis", range(4))
def test_the_place_of_the_strongest_channel_row_or_column(axis):
    y = node("y", "ArgMax", "x", "axis", T=np.float32, Tidx=np.int32)
    assert_same([const("axis", axis, np.int32), y], {"x": some((2, 5, 4, 3))})


def test_uint64_is_refused_where_only_int64_would_stand_for_it():
    x = np.array([1, 2**63], np.uint64)
    y = node("y", "ArgMax", "x", "axis", T=np.uint64, Tidx=np.int32)
    assert_refused([const("axis", 0, np.int32), y], {"x": x}, "no ArgMax of uint64")
