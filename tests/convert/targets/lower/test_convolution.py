import numpy as np
import pytest
from support.graphs import const, convolution, node
from support.lowering import assert_lowered, assert_not_lowered

F = np.float32


def some(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(F)


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
@pytest.mark.parametrize(
    ("strides", "rates"), [((2, 2), (2, 3)), ((1, 2), (2, 1)), ((3, 1), (1, 2))]
)
def test_gaps_and_strides(runners, padding, strides, rates):
    conv = convolution("y", "x", "kernel", False, padding, strides, rates)
    nodes = [const("kernel", some(2, 3, 3, 4)), conv]
    made = assert_lowered(runners, nodes, {"x": some(2, 9, 10, 3)}, ["Conv2D"], free=False)
    assert list(made.nodes["y"].attr["dilations"].list.i) == [1, 1, 1, 1]


@pytest.mark.parametrize("extent", [9, 10])
@pytest.mark.parametrize(("size", "strides"), [((3, 1), (1, 2)), ((1, 3), (2, 2))])
def test_windows_that_move_far(runners, extent, size, strides):
    nodes = [const("kernel", some(*size, 3, 4)), convolution("y", "x", "kernel", strides=strides)]
    assert_lowered(runners, nodes, {"x": some(2, extent, extent, 3)}, ["Conv2D"])


@pytest.mark.parametrize(
    ("strides", "rates"), [((2, 2), (2, 2)), ((2, 1), (1, 1)), ((1, 1), (1, 2))]
)
def test_a_border_of_its_own(runners, strides, rates):
    conv = convolution("y", "x", "kernel", False, b"EXPLICIT", strides, rates)
    conv.attr["explicit_paddings"].list.i.extend([0, 0, 1, 2, 0, 3, 0, 0])
    nodes = [const("kernel", some(2, 3, 3, 4)), conv]
    assert_lowered(runners, nodes, {"x": some(2, 9, 10, 3)}, ["Conv2D"], free=False)


def test_a_computed_kernel_of_groups_is_refused():
    nodes = [convolution("y", "x", "kernel")]
    feeds = {"x": some(1, 4, 4, 4), "kernel": some(1, 1, 2, 4)}
    assert_not_lowered(nodes, feeds, ["Conv2D"], "y .*groups of channels")


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
@pytest.mark.parametrize(("strides", "rates"), [((1, 1), (2, 2)), ((2, 1), (2, 3))])
def test_a_gradient_with_gaps(runners, padding, strides, rates):
    size = (9, 10)
    spans = [rate * (side - 1) + 1 for rate, side in zip(rates, (2, 3), strict=True)]
    given = [
        -(-(extent if padding == b"SAME" else extent - span + 1) // stride)
        for extent, span, stride in zip(size, spans, strides, strict=True)
    ]
    windows = {"strides": [1, *strides, 1], "dilations": [1, *rates, 1], "padding": padding}
    nodes = [
        const("size", [2, *size, 3], np.int32),
        const("kernel", some(2, 3, 3, 4)),
        node("y", "Conv2DBackpropInput", "size", "kernel", "x", T=F, **windows),
    ]
    assert_lowered(runners, nodes, {"x": some(2, *given, 4)}, ["Conv2DBackpropInput"])


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("extent", [5, 6])
def test_volumes_whose_windows_move_far(runners, size, extent):
    windows = {"strides": [1, 3, 2, 2, 1], "padding": b"SAME"}
    nodes = [
        const("kernel", some(size, size, 1, 2, 3)),
        node("y", "Conv3D", "x", "kernel", T=F, **windows),
    ]
    assert_lowered(runners, nodes, {"x": some(1, extent, 6, 5, 2)}, ["Conv3D"])


@pytest.mark.parametrize("mode", [b"REFLECT", b"SYMMETRIC"])
@pytest.mark.parametrize("resized", [False, True])
def test_what_graph_transforms_put_together(runners, mode, resized):
    pads = const("pads", [[0, 0], [1, 2], [2, 1], [0, 0]], np.int32)
    window = {"strides": [1, 2, 1, 1], "padding": b"VALID", "mode": mode}
    op, inputs = "FusedPadConv2D", ["x", "pads", "kernel"]
    if resized:
        op, inputs = "FusedResizeAndPadConv2D", ["x", "size", "pads", "kernel"]
        window["resize_align_corners"] = True
    size = const("size", [9, 11], np.int32)
    nodes = [size, pads, const("kernel", some(3, 2, 3, 4)), node("y", op, *inputs, T=F, **window)]
    assert_lowered(runners, nodes, {"x": some(1, 5, 6, 3)}, [op], free=False)
    assert_not_lowered(nodes, {"x": some(2, 5, 6, 3)}, [op], "y .*mixes up its images")


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
def test_a_gradient_of_each_channel(runners, padding):
    given = (4, 4) if padding == b"SAME" else (3, 3)
    windows = {"strides": [1, 2, 2, 1], "padding": padding}
    nodes = [
        const("size", [2, 8, 7, 3], np.int32),
        const("kernel", some(3, 2, 3, 2)),
        node("y", "DepthwiseConv2dNativeBackpropInput", "size", "kernel", "x", T=F, **windows),
    ]
    ops = ["DepthwiseConv2dNativeBackpropInput"]
    assert_lowered(runners, nodes, {"x": some(2, *given, 6)}, ops)
