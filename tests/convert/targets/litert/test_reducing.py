import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_not_written, assert_written

F = np.float32
TYPES = {
    **dict.fromkeys(("Max", "Min", "Sum", "Mean"), ("float32", "int32", "int8", "uint8", "int16")),
    "Prod": ("float32", "int32", "int8"),
    "EuclideanNorm": ("float32",),
    **dict.fromkeys(("All", "Any"), ("bool",)),
}


def reduced(op, x, axes, keep_dims=False):
    typed = {} if x.dtype == bool else {"T": x.dtype}
    attributes = {"Tidx": np.int32, "keep_dims": keep_dims, **typed}
    return [const("axes", axes, np.int32), node("y", op, "x", "axes", **attributes)]


def numbers(shape, dtype):
    """Integers of 8 and 16 bits whose sums do not fit."""
    drawn = np.random.default_rng(0).normal(size=shape)
    return drawn > 0.5 if dtype == "bool" else (drawn * 50).astype(np.int64).astype(dtype)


@settings(max_examples=60)
@given(
    st.sampled_from([(op, dtype) for op in sorted(TYPES) for dtype in TYPES[op]]),
    st.sampled_from([(7,), (2, 3), (2, 3, 4, 5), (1, 3, 2, 2, 2)]),
    st.lists(st.integers(-5, 4), max_size=3),
    st.booleans(),
)
def test_any_axes(litert, kind, shape, axes, keep_dims):
    op, dtype = kind
    axes = sorted({axis % len(shape) - len(shape) * (axis < 0) for axis in axes})
    if len({axis % len(shape) for axis in axes}) == len(axes):
        x = numbers(shape, dtype)
        if op == "Prod" and dtype == "float32":
            x = x / F(50)
        assert_written(litert, reduced(op, x, axes, keep_dims), {"x": x})


@pytest.mark.parametrize("op", ["Sum", "Prod"])
def test_integers_wrap(litert, op):
    x = np.array([[2**31 - 1, 2**31 - 1, 3], [-(2**31), -(2**31), 7]], np.int32)
    assert_written(litert, reduced(op, x, [1]), {"x": x})


@pytest.mark.parametrize("op", ["Sum", "Prod", "All", "Any"])
def test_of_nothing(litert, op):
    x = np.zeros((2, 0), bool if op in ("All", "Any") else F)
    assert_written(litert, reduced(op, x, [1]), {"x": x})


def test_axes_that_are_computed_are_refused():
    nodes = [node("y", "Sum", "x", "axes", T=F, Tidx=np.int32, keep_dims=False)]
    feeds = {"x": np.ones((2, 3), F), "axes": np.array([1], np.int32)}
    assert_not_written(nodes, feeds, "which axes is not constant")


@settings(max_examples=25)
@given(
    st.sampled_from(["ArgMax", "ArgMin"]),
    st.sampled_from(["float32", "int32", "uint8"]),
    st.sampled_from([(5,), (3, 21), (1, 4, 3, 21)]),
    st.integers(-4, 3),
    st.sampled_from(["int32", "int64"]),
)
def test_the_first_of_equal_numbers(litert, op, dtype, shape, axis, given_as):
    x = np.random.default_rng(0).integers(0, 3, shape).astype(dtype)
    axis = axis % len(shape) - len(shape) * (axis < 0)
    attributes = {"T": x.dtype, "Tidx": np.int32, "output_type": np.dtype(given_as)}
    nodes = [const("axis", axis, np.int32), node("y", op, "x", "axis", **attributes)]
    assert_written(litert, nodes, {"x": x})


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 0)])
def test_a_number_of_elements(litert, shape):
    nodes = [node("y", "Size", "x", T=F, out_type=np.int32)]
    assert_written(litert, nodes, {"x": np.zeros(shape, F)})
