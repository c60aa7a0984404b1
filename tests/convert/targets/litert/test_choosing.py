import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_not_written, assert_written

F = np.float32


def top(dtype, count, is_sorted=True):
    types = {"T": np.dtype(dtype), "sorted": is_sorted, "Tk": np.int32, "index_type": np.int32}
    return [const("k", count, np.int32), node("top", "TopKV2", "x", "k", **types)]


@settings(max_examples=20)
@given(
    st.sampled_from(["float32", "int32", "uint8"]),
    st.sampled_from([(6,), (3, 6), (1, 2, 3, 6)]),
    st.integers(1, 6),
    st.sampled_from(["top", "top:1"]),
)
def test_the_largest_come_first_and_the_first_of_equal_ones(litert, dtype, shape, count, which):
    x = np.random.default_rng(0).integers(0, 4, shape).astype(dtype)
    given_as = x.dtype if which == "top" else np.dtype(np.int32)
    nodes = [*top(dtype, count), node("y", "Identity", which, T=given_as)]
    assert_written(litert, nodes, {"x": x})


def test_the_largest_in_any_order_are_refused():
    nodes = [*top(F, 2, is_sorted=False), node("y", "Neg", "top", T=F)]
    assert_not_written(nodes, {"x": np.ones(3, F)}, "it does not sort what it finds")


@pytest.mark.parametrize("dtype", ["bool", "float32", "int32"])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (1, 2, 3, 2)])
def test_places_of_what_is_not_zero(litert, dtype, shape):
    x = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    for values in (x, np.zeros_like(x)):
        assert_written(litert, [node("y", "Where", "x", T=x.dtype)], {"x": values})


def test_the_elements_at_such_places(litert):
    """How many there are is only known when it runs."""
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(F)
    nodes = [
        const("zero", 0, F),
        node("is", "Greater", "x", "zero", T=F),
        node("places", "Where", "is", T=np.bool_),
        node("found", "GatherNd", "x", "places", Tparams=F, Tindices=np.int64),
        node("y", "Sqrt", "found", T=F),
    ]
    assert_written(litert, nodes, {"x": x})


def test_boxes_that_litert_chooses_otherwise_are_refused():
    nodes = [
        const("most", 3, np.int32),
        const("overlap", 0.5, F),
        node("y", "NonMaxSuppressionV2", "x", "scores", "most", "overlap", T=F, T_threshold=F),
    ]
    feeds = {"x": np.ones((4, 4), F), "scores": np.ones(4, F)}
    assert_not_written(nodes, feeds, "orders equal scores otherwise")


@settings(max_examples=15)
@given(
    st.sampled_from(["float32", "int32", "bool"]),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([(4,), (2, 3)]),
)
def test_one_hot_codes(litert, dtype, axis, shape):
    """Numbers outside have no code."""
    x = np.random.default_rng(0).integers(-1, 5, shape).astype(np.int32)
    on, off = (True, False) if dtype == "bool" else (3, -1)
    nodes = [
        const("depth", 4, np.int32),
        const("on", on, np.dtype(dtype)),
        const("off", off, np.dtype(dtype)),
        node("y", "OneHot", "x", "depth", "on", "off", T=np.dtype(dtype), TI=np.int32, axis=axis),
    ]
    assert_written(litert, nodes, {"x": x})
