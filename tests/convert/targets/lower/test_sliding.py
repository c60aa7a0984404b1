import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered, assert_not_lowered

F = np.float32


def some(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(F)


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
@pytest.mark.parametrize(
    ("strides", "rates"), [((1, 1), (1, 1)), ((2, 1), (1, 2)), ((1, 3), (2, 1))]
)
def test_dilation(runners, padding, strides, rates):
    windows = {"strides": [1, *strides, 1], "rates": [1, *rates, 1], "padding": padding}
    nodes = [const("kernel", some(2, 3, 3)), node("y", "Dilation2D", "x", "kernel", T=F, **windows)]
    assert_lowered(runners, nodes, {"x": some(2, 6, 7, 3) - 5}, ["Dilation2D"])


def test_a_dilation_by_a_computed_kernel_is_refused():
    windows = {"strides": [1] * 4, "rates": [1] * 4, "padding": b"SAME"}
    nodes = [node("y", "Dilation2D", "x", "kernel", T=F, **windows)]
    feeds = {"x": some(1, 4, 4, 3), "kernel": some(2, 2, 3)}
    assert_not_lowered(nodes, feeds, ["Dilation2D"], "y .*its kernel is not constant")


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
@pytest.mark.parametrize("dtype", [F, np.int32])
@pytest.mark.parametrize(("strides", "rates"), [((2, 1), (1, 2)), ((1, 3), (2, 1))])
def test_patches(runners, padding, dtype, strides, rates):
    windows = {"ksizes": [1, 2, 3, 1], "strides": [1, *strides, 1], "rates": [1, *rates, 1]}
    nodes = [node("y", "ExtractImagePatches", "x", T=dtype, padding=padding, **windows)]
    image = (9 * some(2, 6, 7, 3)).astype(dtype)
    assert_lowered(runners, nodes, {"x": image}, ["ExtractImagePatches"])
