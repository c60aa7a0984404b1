import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_not_written, assert_written

F = np.float32
IMAGE = np.random.default_rng(0).normal(size=(2, 7, 6, 4)).astype(F)
SIZES = st.sampled_from([(1, 1), (3, 3), (2, 5), (4, 1)])
PADDINGS = st.sampled_from([b"SAME", b"VALID"])


def some(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(F)


@settings(max_examples=40)
@given(
    st.sampled_from(["Conv2D", "DepthwiseConv2dNative"]),
    SIZES,
    st.sampled_from([((1, 1), (1, 1)), ((2, 2), (1, 1)), ((1, 1), (2, 1)), ((3, 3), (1, 1))]),
    PADDINGS,
    st.booleans(),
)
def test_windows(litert, op, size, steps, padding, is_constant):
    strides, rates = steps
    kernel = some(*size, 4, 3)
    moves = {"strides": [1, *strides, 1], "dilations": [1, *rates, 1], "padding": padding}
    nodes = [node("y", op, "x", "kernel", T=F, **moves)]
    if is_constant:
        assert_written(litert, [const("kernel", kernel), *nodes], {"x": IMAGE}, free=False)
    else:
        assert_written(litert, nodes, {"x": IMAGE, "kernel": kernel}, free=False)


@settings(max_examples=20)
@given(SIZES, st.sampled_from([(1, 1), (2, 2), (3, 3)]), PADDINGS, st.booleans())
def test_transposed_windows(litert, size, strides, padding, is_constant):
    kernel = some(*size, 3, 4)
    sides = [
        extent * step if padding == b"SAME" else (extent - 1) * step + side
        for extent, step, side in zip((7, 6), strides, size, strict=True)
    ]
    nodes = [
        const("size", [2, *sides, 3], np.int32),
        *([const("kernel", kernel)] if is_constant else []),
        node(
            "y",
            "Conv2DBackpropInput",
            *("size", "kernel", "x"),
            T=F,
            strides=[1, *strides, 1],
            padding=padding,
        ),
    ]
    feeds = {"x": IMAGE} if is_constant else {"x": IMAGE, "kernel": kernel}
    assert_written(litert, nodes, feeds, free=False)


@settings(max_examples=10)
@given(st.sampled_from([1, 2]), PADDINGS)
def test_windows_of_volumes(litert, stride, padding):
    volume = some(1, 4, 5, 6, 2)
    moves = {"strides": [1, *[stride] * 3, 1], "padding": padding}
    nodes = [const("kernel", some(2, 3, 3, 2, 3)), node("y", "Conv3D", "x", "kernel", T=F, **moves)]
    assert_written(litert, nodes, {"x": volume}, free=False)


def test_channels_that_are_not_known_are_refused():
    moves = {"strides": [1] * 4, "padding": b"SAME"}
    nodes = [const("kernel", some(1, 1, 4, 2)), node("y", "Conv2D", "x", "kernel", T=F, **moves)]
    assert_not_written(nodes, {"x": IMAGE}, "groups, or channels that are not known", free=True)


@pytest.mark.parametrize("op", ["MaxPool", "AvgPool"])
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 5), (7, 6), (9, 9)])
def test_pools(litert, op, size):
    """Some windows are larger than the image."""
    for strides in ((1, 1), (2, 2), (3, 2)):
        for padding in (b"SAME", b"VALID"):
            if padding == b"SAME" or size != (9, 9):
                moves = {"ksize": [1, *size, 1], "strides": [1, *strides, 1], "padding": padding}
                assert_written(litert, [node("y", op, "x", T=F, **moves)], {"x": IMAGE})
