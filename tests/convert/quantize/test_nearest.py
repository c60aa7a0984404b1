import numpy as np
import pytest
from support.graphs import (
    batch_norm,
    const,
    convolution,
    copy,
    graph_def,
    layer,
    node,
    placeholder,
    relu6,
    tiny_segmenter,
)

from dlconv.convert.quantize.nearest import (
    all_constants,
    kernels_and_biases,
    stored_nearest,
    too_wide_for_codes,
)
from dlconv.convert.stored import WeightType
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph

F = np.float32
RANDOM = np.random.default_rng(4)
KERNEL = RANDOM.normal(size=(3, 3, 2, 4)).astype(F)
X = placeholder("x", F, (1, None, None, 2))


def view(*nodes):
    return Graph(graph_def(X, *nodes))


def test_kernels_and_biases_are_what_convolutions_and_products_read():
    graph = view(
        *layer("conv", "x", KERNEL, np.ones(4)),
        *layer("depthwise", "conv", np.ones((3, 3, 4, 1)), depthwise=True),
        const("shape", [-1, 4], np.int32),
        node("rows", "Reshape", "depthwise", "shape", T=F, Tshape=np.int32),
        const("matrix", np.ones((4, 2)), F),
        node("product", "MatMul", "rows", "matrix", T=F),
        const("factor", [2], F),
        node("y", "Mul", "product", "factor", T=F),
    )
    assert kernels_and_biases(graph) == [
        "conv/kernel",
        "conv/bias",
        "depthwise/kernel",
        "matrix",
    ]
    assert set(all_constants(graph)) == {*kernels_and_biases(graph), "factor"}


def test_a_kernel_behind_identities_is_named_once_however_often_it_is_read():
    graph = view(
        const("kernel", KERNEL),
        copy("read", "kernel"),
        copy("read/again", "read"),
        convolution("one", "x", "read/again"),
        convolution("other", "x", "read"),
    )
    assert kernels_and_biases(graph) == ["kernel"]


def test_batch_norm_parameters_keep_their_precision():
    """A variance that a code rounds to zero breaks its whole channel."""
    norm = batch_norm("norm", "conv", np.ones(4), np.zeros(4), np.zeros(4), np.ones(4))
    graph = view(*layer("conv", "x", KERNEL), *norm)
    assert kernels_and_biases(graph) == ["conv/kernel"]
    assert {"norm/gamma", "norm/variance"} < set(all_constants(graph))


def test_kernels_that_are_fed_or_computed_or_empty_are_left_out():
    graph = view(
        placeholder("fed", F, KERNEL.shape),
        convolution("one", "x", "fed"),
        const("half", KERNEL),
        relu6("computed", "half"),
        convolution("two", "x", "computed"),
        const("empty", np.zeros((1, 1, 2, 0)), F),
        convolution("three", "x", "empty"),
    )
    assert kernels_and_biases(graph) == []
    assert all_constants(graph) == ["half"]


def test_numbers_that_are_no_weights_are_left_out():
    graph = Graph(tiny_segmenter())
    assert all_constants(graph) == kernels_and_biases(graph) == ["weights"]


@pytest.mark.parametrize("precision", [WeightType.UINT8, WeightType.UINT16, WeightType.FLOAT16])
def test_each_weight_is_stored_at_the_nearest_value(precision):
    graph = view(*layer("conv", "x", KERNEL, RANDOM.normal(size=4)))
    stored = stored_nearest(graph, kernels_and_biases(graph), precision)
    assert list(stored) == ["conv/kernel", "conv/bias"]
    for name, value in stored.items():
        assert value.codes.dtype == precision.value
        given = graph.constant(graph.nodes[name])
        error = np.abs(value.values() - given).max()
        assert 0 < error <= (np.ptp(given) / 255 if precision is WeightType.UINT8 else 2e-3)


@pytest.mark.parametrize(
    ("value", "precision", "message"),
    [
        (np.nan, WeightType.UINT8, "cannot quantize conv/kernel: .* NaN"),
        (1e6, WeightType.FLOAT16, "cannot quantize conv/kernel: .* float16 cannot hold"),
    ],
)
def test_what_a_precision_cannot_hold_is_named(value, precision, message):
    graph = view(*layer("conv", "x", np.full_like(KERNEL, value)))
    with pytest.raises(DlconvError, match=message):
        stored_nearest(graph, ["conv/kernel"], precision)


def test_a_depthwise_kernel_of_very_different_channels_is_too_wide_for_codes():
    even = RANDOM.normal(size=(3, 3, 4, 1))
    uneven = even * np.array([1e4, 1, 1, 1])[:, None]
    unused = even * np.array([1, 1, 1, 0])[:, None]
    large = np.concatenate([1e4 * np.ones((1, 1, 4, 1)), np.ones((1, 1, 4, 1999))], axis=3)
    graph = view(
        *layer("even", "x", even, depthwise=True),
        *layer("uneven", "even", uneven, depthwise=True),
        *layer("unused", "uneven", unused, depthwise=True),
        *layer("large", "unused", large),
    )
    assert too_wide_for_codes(graph) == {"uneven/kernel"}
