import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, kinds, written
from support.windows import (
    attributes,
    borders,
    gaps,
    images,
    kernels,
    paddings,
    some,
    steps,
    with_channels_last,
)

from dlconv.errors import DlconvError


def convolved(size, kernel, stride, rate, padding, before, behind) -> int:
    """The size of what a convolution makes of an image, 0 or less if it is too small."""
    if padding == "SAME":
        return -(-size // stride)
    pads = before + behind if padding == "EXPLICIT" else 0
    return (size + pads - (kernel - 1) * rate - 1) // stride + 1


def small_sizes(sizes, kernel, strides, rates, padding, border) -> list[int]:
    along = zip(sizes, kernel, strides, rates, border[::2], border[1::2], strict=True)
    found = [convolved(a, b, c, d, padding, e, f) for a, b, c, d, e, f in along]
    assume(min(found) > 0)
    return found


def asked_for(sizes, is_constant: bool) -> list:
    """The sizes wanted as constants, or as those of another input."""
    if is_constant:
        return [const("sizes", sizes, np.int32)]
    return [node("sizes", "Shape", "wanted", T=np.float32, out_type=np.int32)]


def gradient(op="Conv2DBackpropInput", name="y", source="x", **options):
    return node(name, op, "sizes", "k", source, **options)


@given(images, kernels, steps, gaps, paddings, borders, st.booleans())
@settings(max_examples=30)
def test_deconvolutions(sizes, kernel, strides, rates, padding, border, is_constant):
    rates = rates if padding != "EXPLICIT" else (1, 1)
    small = small_sizes(sizes, kernel, strides, rates, padding, border)
    nodes = [
        *asked_for([2, *sizes, 3], is_constant),
        const("k", some(*kernel, 3, 4)),
        gradient(**attributes(strides, rates, padding, border)),
    ]
    feeds = {"x": some(2, *small, 4)}
    assert_same(nodes, feeds if is_constant else {**feeds, "wanted": some(2, *sizes, 3)})


@given(images, kernels, steps, paddings, borders)
@settings(max_examples=10)
def test_channels_first(sizes, kernel, strides, padding, border):
    small = small_sizes(sizes, kernel, strides, (1, 1), padding, border)

    def build(name, source, data_format):
        options = attributes(strides, (1, 1), padding, border, data_format)
        return [
            const("sizes", [2, *sizes, 3] if data_format == "NHWC" else [2, 3, *sizes], np.int32),
            const("k", some(*kernel, 3, 4)),
            gradient(name=name, source=source, **options),
        ]

    like = with_channels_last(build)
    assert_same(build("y", "x", "NCHW"), {"x": some(2, 4, *small)}, like=like)


@given(images, kernels, st.integers(1, 3), paddings, borders, st.booleans(), st.integers(1, 2))
@settings(max_examples=15)
def test_depthwise(sizes, kernel, stride, padding, border, is_constant, multiplier):
    strides = (stride, stride)
    small = small_sizes(sizes, kernel, strides, (1, 1), padding, border)
    options = attributes(strides, (1, 1), padding, border)
    nodes = [
        *asked_for([2, *sizes, 3], is_constant),
        const("k", some(*kernel, 3, multiplier)),
        gradient("DepthwiseConv2dNativeBackpropInput", **options),
    ]
    feeds = {"x": some(2, *small, 3 * multiplier)}
    assert_same(nodes, feeds if is_constant else {**feeds, "wanted": some(2, *sizes, 3)})


@given(
    st.tuples(*[st.integers(1, 6)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.sampled_from(["SAME", "VALID"]),
    st.booleans(),
)
@settings(max_examples=15)
def test_volumes(sizes, kernel, strides, padding, is_constant):
    border = [0] * 6
    small = small_sizes(sizes, kernel, strides, (1, 1, 1), padding, border)
    options = attributes(strides, (1, 1, 1), padding, border, "NDHWC")
    nodes = [
        *asked_for([2, *sizes, 2], is_constant),
        const("k", some(*kernel, 2, 3)),
        gradient("Conv3DBackpropInputV2", Tshape=np.int32, **options),
    ]
    feeds = {"x": some(2, *small, 3)}
    assert_same(nodes, feeds if is_constant else {**feeds, "wanted": some(2, *sizes, 2)})


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_groups(padding):
    nodes = [
        const("sizes", [1, 8, 7, 6], np.int32),
        const("k", some(3, 2, 2, 9)),
        gradient(**attributes((2, 2), padding=padding)),
    ]
    height, width = (convolved(*axis, 2, 1, padding, 0, 0) for axis in ((8, 3), (7, 2)))
    assert_same(nodes, {"x": some(1, height, width, 9)})


def test_only_height_and_width_are_asked_for():
    nodes = [
        const("sizes", [8, 7], np.int32),
        const("k", some(3, 2, 3, 4)),
        gradient(**attributes((2, 2))),
    ]
    assert_same(nodes, {"x": some(2, 4, 4, 4)})


def test_kernel_that_is_computed():
    nodes = [const("sizes", [2, 8, 7, 3], np.int32), gradient(**attributes((2, 2)))]
    feeds = {"x": some(2, 4, 4, 4), "k": some(3, 2, 3, 4)}
    assert_same(nodes, feeds, free=False)
    with pytest.raises(DlconvError, match="the size of its kernel is not known"):
        written(graph_of(nodes, feeds, free=True), "y")


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_types(dtype):
    nodes = [
        const("sizes", [2, 8, 7, 3], np.int32),
        const("k", some(3, 3, 3, 4), dtype),
        gradient(**attributes((2, 2), dtype=dtype)),
    ]
    assert_same(nodes, {"x": some(2, 4, 4, 4, dtype=dtype)})


@pytest.mark.parametrize(("size", "stride"), [(1, 2), (3, 2), (4, 2), (2, 3), (3, 1)])
def test_constant_sizes_are_one_node(size, stride):
    nodes = [
        const("sizes", [1, 12, 12, 3], np.int32),
        const("k", some(size, size, 3, 4)),
        gradient(**attributes((stride, stride))),
        const("b", some(3)),
        node("z", "BiasAdd", "y", "b", T=np.float32),
    ]
    feeds = {"x": some(1, 12 // stride, 12 // stride, 4)}
    for free in (False, True):
        assert kinds(nodes, feeds, "z", free=free) == ["ConvTranspose"]
    assert_same(nodes, feeds, "z")


def test_stride_of_one_is_one_node_for_any_size():
    nodes = [
        *asked_for([], is_constant=False),
        const("k", some(3, 2, 3, 4)),
        gradient(**attributes()),
    ]
    feeds = {"x": some(1, 5, 4, 4), "wanted": some(1, 5, 4, 3)}
    assert kinds(nodes, feeds, free=True) == ["ConvTranspose"]


def test_size_that_no_convolution_takes_to_the_image_is_refused():
    nodes = [
        const("sizes", [1, 12, 12, 3], np.int32),
        const("k", some(3, 3, 3, 4)),
        gradient(**attributes((2, 2))),
    ]
    with pytest.raises(DlconvError, match="an image of 5 does not come from one of 12"):
        written(graph_of(nodes, {"x": some(1, 6, 5, 4)}), "y")


def test_unknown_number_of_sizes_is_refused():
    nodes = [const("k", some(3, 3, 3, 4)), gradient(**attributes((2, 2)))]
    feeds = {"x": some(1, 6, 6, 4), "sizes": np.array([1, 12, 12, 3], np.int32)}
    with pytest.raises(DlconvError, match="how many sizes it is asked for is not known"):
        written(graph_of(nodes, feeds, free=True), "y")
