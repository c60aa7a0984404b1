import numpy as np
import pytest
from support.graphs import const, convolution, node
from support.onnx_operations import assert_same, graph_of, written

IMAGE = np.random.default_rng(1).normal(size=(1, 6, 6, 3)).astype(np.float32)
KERNEL = np.random.default_rng(2).normal(size=(1, 1, 3, 4)).astype(np.float32)


def summed(small, *nodes):
    """A convolution of the image, and of what ``small`` is, added."""
    return [
        const("kernel", KERNEL),
        *nodes,
        convolution("wide", "x", "kernel"),
        convolution("narrow", small, "kernel"),
        node("y", "Add", "wide", "narrow", T=np.float32),
    ]


def average():
    """The average of the whole image."""
    sides = [1, 6, 6, 1]
    options = {"ksize": sides, "strides": sides, "padding": b"VALID", "T": np.float32}
    return node("pooled", "AvgPool", "x", **options)


def identities(nodes, free, feeds=None):
    model = written(graph_of(nodes, feeds or {"x": IMAGE}, free=free), "y")
    return sum(made.op_type == "Identity" for made in model.skeleton.graph.node)


@pytest.mark.parametrize("free", [False, True])
def test_a_convolution_that_is_broadcast_stays_apart_from_the_one_it_is_added_to(free):
    nodes = summed("pooled", average())
    assert_same(nodes, {"x": IMAGE})
    assert identities(nodes, free) == 1


@pytest.mark.parametrize("free", [False, True])
def test_a_convolution_and_what_was_pooled_without_one_are_kept_apart_too(free):
    mean = node("mean", "Mean", "wide", "axes", keep_dims=True, T=np.float32, Tidx=np.int32)
    total = node("y", "AddV2", "wide", "mean", T=np.float32)
    convolved = convolution("wide", "x", "kernel")
    nodes = [const("kernel", KERNEL), const("axes", [1, 2], np.int32), convolved, mean, total]
    assert_same(nodes, {"x": IMAGE})
    assert identities(nodes, free) == 1


@pytest.mark.parametrize("free", [False, True])
def test_a_sum_of_two_of_one_size_is_one_node(free):
    nodes = summed("x")
    assert_same(nodes, {"x": IMAGE})
    assert identities(nodes, free) == 0


@pytest.mark.parametrize("free", [False, True])
def test_a_convolution_and_one_pixel_from_elsewhere_are_kept_apart_too(free):
    feeds = {"x": IMAGE, "v": np.arange(4, dtype=np.float32)}
    nodes = [
        const("kernel", KERNEL),
        const("shape", [1, 1, 1, 4], np.int32),
        convolution("wide", "x", "kernel"),
        node("pixel", "Reshape", "v", "shape", T=np.float32, Tshape=np.int32),
        node("y", "Add", "wide", "pixel", T=np.float32),
    ]
    assert_same(nodes, feeds)
    assert identities(nodes, free, feeds) == 1
