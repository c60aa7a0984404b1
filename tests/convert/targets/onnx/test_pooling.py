import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, kinds, written
from support.windows import (
    attributes,
    fits,
    gaps,
    images,
    kernels,
    some,
    steps,
    with_channels_last,
    with_others,
)

from dlconv.errors import DlconvError

POOLS = st.sampled_from(["AvgPool", "MaxPool"])
ALIKE = st.sampled_from(["SAME", "VALID"])
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16]


def pool(kind, window, strides, padding, name="y", source="x", data_format="NHWC", **options):
    made = attributes(strides, padding=padding, data_format=data_format, **options)
    del made["dilations"]
    return node(name, kind, source, ksize=with_others(window, 1, data_format), **made)


@given(POOLS, images, kernels, steps, ALIKE)
@example("AvgPool", (6, 7), (3, 3), (4, 4), "SAME")
@example("MaxPool", (8, 6), (3, 2), (2, 3), "SAME")
@example("AvgPool", (8, 6), (3, 1), (2, 2), "SAME")
@settings(max_examples=30)
def test_pools(kind, sizes, window, strides, padding):
    assume(fits(sizes, window, padding=padding))
    assert_same([pool(kind, window, strides, padding)], {"x": some(2, *sizes, 3)})


@given(POOLS, images, ALIKE)
@settings(max_examples=10)
def test_window_is_the_whole_image(kind, sizes, padding):
    assert_same([pool(kind, sizes, (1, 1), padding)], {"x": some(2, *sizes, 3)})


@given(images, kernels, steps, st.lists(st.integers(0, 3), min_size=4, max_size=4))
@settings(max_examples=20)
def test_explicit_paddings(sizes, window, strides, border):
    border = [min(pad, window[k // 2] - 1) for k, pad in enumerate(border)]
    assume(fits(sizes, window, padding="EXPLICIT", border=border))
    nodes = [pool("MaxPool", window, strides, "EXPLICIT", border=border)]
    assert_same(nodes, {"x": some(2, *sizes, 3) - 5})


@given(POOLS, images, kernels, steps, ALIKE)
@settings(max_examples=15)
def test_channels_first(kind, sizes, window, strides, padding):
    assume(fits(sizes, window, padding=padding))

    def build(name, source, data_format):
        return [pool(kind, window, strides, padding, name, source, data_format)]

    like = with_channels_last(build)
    assert_same(build("y", "x", "NCHW"), {"x": some(2, 3, *sizes)}, like=like)


@given(
    POOLS,
    st.tuples(*[st.integers(1, 6)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    ALIKE,
)
@settings(max_examples=15)
def test_volumes(kind, sizes, window, strides, padding):
    assume(fits(sizes, window, (1, 1, 1), padding, [0] * 6))
    nodes = [pool(f"{kind}3D", window, strides, padding, data_format="NDHWC")]
    assert_same(nodes, {"x": some(2, *sizes, 3)})


@given(st.sampled_from(INTEGERS), images, kernels, steps, ALIKE)
@settings(max_examples=20)
def test_greatest_of_integers(dtype, sizes, window, strides, padding):
    assume(fits(sizes, window, padding=padding))
    limits = np.iinfo(dtype)
    image = np.random.default_rng(0).integers(
        limits.min, limits.max, (2, *sizes, 3), dtype, endpoint=True
    )
    nodes = [pool("MaxPool", window, strides, padding, dtype=dtype)]
    assert_same(nodes, {"x": image})
    assert_same(nodes, {"x": np.full_like(image, limits.min)})


@pytest.mark.parametrize("kind", ["AvgPool", "MaxPool"])
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_types(kind, dtype):
    nodes = [pool(kind, (3, 3), (2, 2), "SAME", dtype=dtype)]
    assert_same(nodes, {"x": some(2, 7, 6, 3, dtype=dtype)})


def test_window_that_is_an_input():
    options = {"T": np.float32, "padding": b"SAME"}
    sizes = [const("size", [1, 3, 2, 1], np.int32), const("step", [1, 2, 3, 1], np.int32)]
    nodes = [*sizes, node("y", "MaxPoolV2", "x", "size", "step", **options)]
    assert_same(nodes, {"x": some(2, 7, 5, 3)})
    with pytest.raises(DlconvError, match="its window is not constant"):
        feeds = {"x": some(1, 7, 5, 3), "size": np.ones(4, np.int32)}
        written(graph_of([*sizes[1:], nodes[-1]], feeds), "y")


@pytest.mark.parametrize("kind", ["AvgPool", "MaxPool"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_fixed_sizes_are_one_node(kind, padding):
    nodes = [pool(kind, (3, 2), (2, 3), padding)]
    assert len(kinds(nodes, {"x": some(1, 8, 9, 3)})) == 1


@pytest.mark.parametrize("kind", ["AvgPool", "MaxPool"])
@pytest.mark.parametrize(("window", "stride"), [(3, 1), (2, 2), (2, 3), (1, 2), (3, 2), (4, 2)])
def test_free_sizes_are_one_node(kind, window, stride):
    nodes = [pool(kind, (window, window), (stride, stride), "SAME")]
    assert len(kinds(nodes, {"x": some(1, 8, 9, 3)}, free=True)) == 1


@pytest.mark.parametrize(
    "changed", [{"ksize": [2, 2, 2, 1]}, {"ksize": [1, 2, 2, 3], "strides": [1, 2, 2, 3]}]
)
def test_pooling_over_batch_or_channels_is_refused(changed):
    options = {"T": np.float32, "ksize": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "padding": b"SAME"}
    nodes = [node("y", "MaxPool", "x", **{**options, **changed})]
    with pytest.raises(DlconvError, match="its windows slide over batch or channels"):
        written(graph_of(nodes, {"x": some(2, 4, 4, 3)}), "y")


def test_image_smaller_than_a_window_is_refused():
    nodes = [pool("MaxPool", (3, 3), (1, 1), "VALID")]
    with pytest.raises(DlconvError, match="the image is smaller than its window"):
        written(graph_of(nodes, {"x": some(2, 4, 2, 3)}), "y")


@given(
    images,
    kernels,
    steps,
    ALIKE,
    st.booleans(),
    st.sampled_from([np.int32, np.int64]),
    st.sampled_from([np.float32, np.uint8, np.int32]),
)
@example((8, 8), (3, 3), (4, 4), "SAME", False, np.int64, np.float32)
@settings(max_examples=25)
def test_places_of_the_greatest(sizes, window, strides, padding, with_batch, place, dtype):
    assume(fits(sizes, window, padding=padding))
    options = {"T": dtype, "Targmax": place, "padding": padding.encode()}
    sides = {"ksize": with_others(window, 1), "strides": with_others(strides, 1)}
    nodes = [
        node(
            "pool", "MaxPoolWithArgmax", "x", include_batch_in_index=with_batch, **options, **sides
        ),
        node("y", "Identity", "pool:1", T=place),
        node("z", "Identity", "pool", T=dtype),
    ]
    image = np.random.default_rng(0).integers(0, 4, (2, *sizes, 3)).astype(dtype)
    assert_same(nodes, {"x": image})
    assert_same(nodes, {"x": image}, "z")


def test_places_that_nobody_reads_are_not_computed():
    options = {"T": np.float32, "padding": b"SAME"}
    pooled = node(
        "y", "MaxPoolWithArgmax", "x", ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], **options
    )
    model = written(graph_of([pooled], {"x": some(1, 4, 4, 3)}), "y")
    (pool,) = (each for each in model.skeleton.graph.node if each.op_type == "MaxPool")
    assert len(pool.output) == 1


def test_places_of_the_greatest_where_all_are_the_least():
    options = {"T": np.float32, "padding": b"SAME"}
    sides = {"ksize": [1, 2, 2, 1], "strides": [1, 1, 1, 1]}
    pooled = node("pool", "MaxPoolWithArgmax", "x", **options, **sides)
    for least in (-np.inf, np.finfo(np.float32).min):
        image = np.full((1, 3, 3, 2), least, np.float32)
        assert_same([pooled, node("y", "Identity", "pool:1", T=np.int64)], {"x": image})


@given(images, kernels, steps, gaps, ALIKE, st.booleans())
@settings(max_examples=25)
def test_dilations(sizes, window, strides, rates, padding, is_constant):
    assume(fits(sizes, window, rates, padding))
    kernel = some(*window, 3)
    image, dilated = some(2, *sizes, 3), dilation(strides, rates, padding)
    if is_constant:
        assert_same([const("k", kernel), dilated], {"x": image})
    else:
        assert_same([dilated], {"x": image, "k": kernel}, known=(0, 1))


def dilation(strides, rates, padding, dtype=np.float32):
    options = {"T": dtype, "padding": padding.encode()}
    sides = {"strides": with_others(strides, 1), "rates": with_others(rates, 1)}
    return node("y", "Dilation2D", "x", "k", **options, **sides)


@given(st.sampled_from([np.float32, *INTEGERS]), images, kernels, steps, gaps, ALIKE)
@settings(max_examples=20)
def test_dilations_with_a_flat_kernel(dtype, sizes, window, strides, rates, padding):
    assume(fits(sizes, window, rates, padding))
    nodes = [const("k", np.zeros((*window, 3), dtype)), dilation(strides, rates, padding, dtype)]
    assert_same(nodes, {"x": (100 * some(2, *sizes, 3)).astype(dtype)})


def test_dilation_of_integers_is_refused():
    nodes = [const("k", np.ones((2, 2, 3), np.uint8)), dilation((1, 1), (1, 1), "SAME", np.uint8)]
    with pytest.raises(DlconvError, match="its element type is uint8, and its kernel is not 0"):
        written(graph_of(nodes, {"x": np.ones((1, 4, 4, 3), np.uint8)}), "y")
