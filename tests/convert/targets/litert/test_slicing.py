import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_not_written, assert_written

MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
X = {
    dtype: (np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) % 251).astype(dtype)
    for dtype in ("float32", "int32", "uint8", "int64", "bool")
}


def sliced(x, begin, end, strides, **masks):
    bounds = [
        const(name, value, np.int32)
        for name, value in (("begin", begin), ("end", end), ("strides", strides))
    ]
    stated = {mask: masks.get(mask, 0) for mask in MASKS}
    types = {"T": x.dtype, "Index": np.int32}
    return [*bounds, node("y", "StridedSlice", "x", "begin", "end", "strides", **types, **stated)]


@st.composite
def slices(draw):
    """As Python writes them: numbers, ranges with steps, one ellipsis and new axes."""
    kinds = ["range", "range", "element", "new axis", "ellipsis"]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
    if chosen.count("ellipsis") > 1 or sum(kind in ("range", "element") for kind in chosen) > 4:
        chosen = ["ellipsis", "element"]
    bounds, masks = [], dict.fromkeys(MASKS, 0)
    for place, kind in enumerate(chosen):
        step = draw(st.sampled_from([1, 1, 2, -1]))
        begin, end = ((0, 2), (1, 9), (-2, 5))[draw(st.integers(0, 2))]
        if step < 0:
            begin, end = end, -9
        if kind == "element":
            begin, step = draw(st.integers(-2, 1)), 1
            masks["shrink_axis_mask"] |= 1 << place
        if kind in ("ellipsis", "new axis"):
            masks[f"{kind.replace(' ', '_')}_mask"] |= 1 << place
            step = 1
        masks["begin_mask"] |= draw(st.booleans()) << place
        masks["end_mask"] |= draw(st.booleans()) << place
        bounds.append((begin, end, step))
    return bounds, masks


@settings(max_examples=80)
@given(st.sampled_from(sorted(X)), slices())
def test_any_slice(litert, dtype, chosen):
    bounds, masks = chosen
    nodes = sliced(X[dtype], *zip(*bounds, strict=True), **masks)
    assert_written(litert, nodes, {"x": X[dtype]})


def test_an_ellipsis_with_computed_bounds_is_refused():
    nodes = sliced(X["float32"], [0, 0], [0, 2], [1, 1], ellipsis_mask=1)
    feeds = {"x": X["float32"], "begin": np.zeros(2, np.int32)}
    assert_not_written(nodes[1:], feeds, "its begin is not constant")


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(X)),
    st.sampled_from([1, -1, [0, 1, 0], [[1, 0], [0, 1]], np.zeros(0)]),
    st.integers(-4, 3),
    st.integers(0, 1),
)
def test_elements_by_their_numbers(litert, dtype, numbers, axis, batches):
    numbers = np.abs(np.array(numbers, np.int32))
    batches = batches if numbers.ndim > 1 and axis % 4 > 0 else 0
    types = {"Tparams": np.dtype(dtype), "Tindices": np.int32, "Taxis": np.int32}
    nodes = [
        const("numbers", numbers),
        const("axis", axis, np.int32),
        node("y", "GatherV2", "x", "numbers", "axis", batch_dims=batches, **types),
    ]
    assert_written(litert, nodes, {"x": X[dtype]})


@pytest.mark.parametrize("dtype", sorted(X))
@pytest.mark.parametrize("count", [1, 2, 4])
def test_elements_by_several_numbers(litert, dtype, count):
    numbers = np.random.default_rng(0).integers(0, 2, (3, count)).astype(np.int32)
    types = {"Tparams": np.dtype(dtype), "Tindices": np.int32}
    nodes = [const("numbers", numbers), node("y", "GatherNd", "x", "numbers", **types)]
    assert_written(litert, nodes, {"x": X[dtype]})
