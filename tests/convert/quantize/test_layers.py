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

from dlconv.convert.quantize.layers import MOST_SMALL_WEIGHTS, find_layers, grouped
from dlconv.graph.graph import Graph

F = np.float32
RANDOM = np.random.default_rng(1)
KERNEL = RANDOM.normal(size=(3, 3, 2, 4)).astype(F)
DEPTHWISE = RANDOM.normal(size=(3, 3, 4, 1)).astype(F)
POINTWISE = RANDOM.normal(size=(1, 1, 4, 2)).astype(F)
X = placeholder("x", F, (1, None, None, 2))


def found_in(*nodes):
    return find_layers(Graph(graph_def(X, *nodes)))


def test_a_convolution_is_found_with_all_that_it_reads():
    (found,) = found_in(
        *layer("here", "x", KERNEL, [1, 2, 3, 4], strides=(2, 1), padding=b"VALID"),
        relu6("y", "here"),
    )
    assert (found.name, found.source) == ("here/conv", "x")
    assert (found.kernel_name, found.bias_name) == ("here/kernel", "here/bias")
    assert np.array_equal(found.kernel, KERNEL)
    assert (found.strides, found.rates, found.padding) == ((2, 1), (1, 1), "VALID")
    assert not found.is_depthwise


def test_a_depthwise_convolution_is_found_with_its_rates():
    _, found = found_in(
        *layer("first", "x", KERNEL),
        *layer("second", "first", DEPTHWISE, np.ones(4), depthwise=True, rates=(2, 3)),
    )
    assert found.is_depthwise
    assert (found.strides, found.rates, found.padding) == ((1, 1), (2, 3), "SAME")
    assert found.bias_name == "second/bias"


def test_layers_come_in_the_order_of_execution_and_not_of_the_file():
    chain = layer("c", "x", KERNEL), layer("b", "c", DEPTHWISE, depthwise=True)
    last = layer("a", "b", POINTWISE, [1, 2])
    assert [each.name for each in found_in(*last, *chain[1], *chain[0])] == ["c", "b", "a/conv"]


def test_no_name_makes_a_layer_and_none_is_needed():
    conv = convolution("MatMul", "x", "42")
    disguised = node("Conv2D", "Relu", "x", T=F), const("MobilenetV2/Conv/weights", KERNEL)
    (found,) = found_in(const("42", KERNEL), conv, *disguised)
    assert (found.name, found.kernel_name, found.bias_name) == ("MatMul", "42", None)


def test_constants_behind_identities_are_found():
    (found,) = found_in(
        const("kernel", KERNEL),
        copy("kernel/read", "kernel"),
        const("bias", np.ones(4), F),
        copy("bias/read", "bias"),
        convolution("conv", "x", "kernel/read"),
        node("y", "BiasAdd", "conv", "bias/read", T=F),
    )
    assert (found.kernel_name, found.bias_name) == ("kernel", "bias")


def test_a_convolution_from_before_dilations_has_none():
    old = convolution("conv", "x", "kernel")
    del old.attr["dilations"]
    (found,) = found_in(const("kernel", KERNEL), old)
    assert found.rates == (1, 1)


CONV = convolution("conv", "x", "kernel")
SHARED = [convolution("conv", "x", "kernel"), convolution("other", "x", "kernel")]


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([const("kernel", KERNEL), *SHARED], id="a kernel of two convolutions"),
        pytest.param(
            [
                const("kernel", KERNEL),
                copy("read", "kernel"),
                convolution("conv", "x", "read"),
                convolution("other", "x", "read"),
            ],
            id="a kernel of two convolutions, read through one identity",
        ),
        pytest.param(
            [const("kernel", KERNEL), CONV, relu6("other", "kernel")], id="a kernel read elsewhere"
        ),
        pytest.param([placeholder("kernel", F, KERNEL.shape), CONV], id="a kernel that is fed"),
        pytest.param(
            [const("kernel/2", KERNEL), node("kernel", "Square", "kernel/2", T=F), CONV],
            id="a kernel that is computed",
        ),
        pytest.param(
            [const("kernel", KERNEL), convolution("conv", "x", "kernel", data_format=b"NCHW")],
            id="channels first",
        ),
        pytest.param([const("kernel", np.full_like(KERNEL, np.nan)), CONV], id="no numbers"),
        pytest.param(
            [const("kernel", KERNEL), convolution("conv", "x", "kernel", padding=b"EXPLICIT")],
            id="paddings of its own",
        ),
        pytest.param(
            [
                *batch_norm("norm", "x", [1, 1], [0, 0], [0, 0], [1, 1]),
                const("kernel", KERNEL),
                convolution("conv", "norm:1", "kernel"),
            ],
            id="another output than the first as input",
        ),
        pytest.param([relu6("y", "x")], id="no convolution"),
    ],
)
def test_what_is_left_out(nodes):
    assert found_in(*nodes) == []


BIAS = const("bias", np.ones(4), F)
CONVOLVED = [const("kernel", KERNEL), CONV]


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([relu6("y", "conv")], id="none"),
        pytest.param([BIAS, node("y", "Add", "conv", "bias", T=F)], id="an Add"),
        pytest.param(
            [placeholder("bias", F, (4,)), node("y", "BiasAdd", "conv", "bias", T=F)], id="fed"
        ),
        pytest.param(
            [BIAS, node("y", "BiasAdd", "conv", "bias", T=F, data_format=b"NCHW")],
            id="for the rows of the image",
        ),
        pytest.param(
            [BIAS, node("y", "BiasAdd", "conv", "bias", T=F), relu6("z", "conv")],
            id="the convolution is read twice",
        ),
        pytest.param(
            [BIAS, node("y", "BiasAdd", "conv", "bias", T=F)]
            + [node("z", "BiasAdd", "y", "bias", T=F)],
            id="a bias of two",
        ),
        pytest.param(
            [BIAS, copy("read", "bias"), node("y", "BiasAdd", "conv", "read", T=F)]
            + [node("z", "BiasAdd", "y", "read", T=F)],
            id="a bias of two, read through one identity",
        ),
    ],
)
def test_a_bias_that_is_not_its_own_is_none(nodes):
    (found,) = found_in(*CONVOLVED, *nodes)
    assert found.bias_name is None


def test_depthwise_kernels_and_those_of_few_weights_are_small():
    inputs = MOST_SMALL_WEIGHTS // 100
    wide = placeholder("wide", F, (1, None, None, inputs))
    few, more = np.ones((1, 1, inputs, 100)), np.ones((1, 1, inputs, 101))
    many = np.ones((9, 9, inputs, 2))
    found = found_in(
        wide,
        *layer("few", "wide", few),
        *layer("more", "wide", more),
        *layer("depthwise", "wide", many, depthwise=True),
    )
    assert [each.is_small for each in found] == [True, False, True]


def test_neighbours_that_read_the_same_tensor_are_a_group():
    nodes = [
        *layer("stem", "x", KERNEL),
        *layer("left", "stem", POINTWISE),
        *layer("right", "stem", DEPTHWISE, depthwise=True),
        *layer("deeper", "left", np.ones((1, 1, 2, 2))),
    ]
    groups = grouped(found_in(*nodes))
    names = [{each.name for each in group} for group in groups]
    assert names == [{"stem"}, {"left", "right"}, {"deeper"}]


def test_matrices_have_the_inputs_of_each_sum_together():
    """conv(x)[o] = sum of matrix[:, o] times x at the taps, for every channel if depthwise."""
    conv, depthwise = found_in(
        *layer("conv", "x", KERNEL), *layer("dw", "conv", DEPTHWISE, depthwise=True)
    )
    (matrix,) = conv.matrices
    assert np.array_equal(matrix, KERNEL.reshape(18, 4))
    assert depthwise.matrices.shape == (4, 9, 1)
    assert np.array_equal(depthwise.matrices[2, :, 0], DEPTHWISE[:, :, 2, 0].ravel())
    for each in (conv, depthwise):
        assert each.matrices.dtype == np.float64
        assert np.array_equal(each.kernel_of(each.matrices), each.kernel)


def test_a_segmenter_has_the_one_layer_it_is_made_of():
    assert [each.name for each in find_layers(Graph(tiny_segmenter()))] == ["scores"]
