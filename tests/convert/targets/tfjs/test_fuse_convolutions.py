import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.graphs import (
    const,
    convolution,
    copy,
    graph_def,
    node,
    placeholder,
    relu6,
    tiny_segmenter,
)
from support.running import assert_untouched, node_of, ops, result_of, rewritten, run, run_in_tfjs

from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.errors import DlconvError

F = np.float32
BIAS = const("bias", [3, -20], F)


def bias_add(name, source, bias="bias", **attributes):
    return node(name, "BiasAdd", source, bias, T=F, **attributes)


def convolved(*nodes, conv=None):
    """x, a photo -> conv, with whole numbers, so that every runtime gets the same ones."""
    kernel = np.arange(-3, 3).reshape(1, 1, 3, 2)
    return graph_def(
        placeholder("x", np.uint8, (1, None, None, 3)),
        node("float", "Cast", "x", SrcT=np.uint8, DstT=F),
        const("kernel", kernel, F),
        conv or convolution("conv", "float", "kernel"),
        *nodes,
    )


def photo(height=5, width=7, seed=3):
    return np.random.default_rng(seed).integers(0, 256, (1, height, width, 3), np.uint8)


@pytest.mark.parametrize("activation", ["Relu", "Relu6"])
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolution_bias_and_activation_become_one_op(depthwise, activation):
    conv = convolution("conv", "float", "kernel", depthwise, strides=(2, 2))
    graph = convolved(BIAS, bias_add("add", "conv"), node("y", activation, "add", T=F), conv=conv)
    result = rewritten(fuse_convolutions, graph)
    assert [n.name for n in result.node] == ["x", "float", "kernel", "bias", "y"]
    fused = node_of(result, "y")
    assert fused.op == ("FusedDepthwiseConv2dNative" if depthwise else "_FusedConv2D")
    assert list(fused.input) == ["float", "kernel", "bias"]
    assert list(fused.attr["fused_ops"].list.s) == [b"BiasAdd", activation.encode()]
    assert fused.attr["num_args"].i == 1
    for key, value in conv.attr.items():
        assert fused.attr[key] == value


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([], id="the end"),
        pytest.param([node("y", "Sigmoid", "add", T=F)], id="another op"),
        pytest.param([relu6("y", "add"), relu6("z", "add")], id="two activations"),
        pytest.param([copy("between", "add"), relu6("y", "between")], id="a copy between"),
    ],
)
def test_without_an_activation_the_bias_is_fused_alone(after):
    result = rewritten(fuse_convolutions, convolved(BIAS, bias_add("add", "conv"), *after))
    fused = node_of(result, "add")
    assert (fused.op, list(fused.attr["fused_ops"].list.s)) == ("_FusedConv2D", [b"BiasAdd"])


def test_a_bias_behind_an_identity_is_fused():
    graph = convolved(BIAS, copy("bias/read", "bias"), bias_add("y", "conv", "bias/read"))
    assert ops(rewritten(fuse_convolutions, graph)) == ["Cast", "Identity", "_FusedConv2D"]


def test_the_bias_stands_before_control_edges():
    graph = convolved(BIAS, bias_add("y", "conv"))
    node_of(graph, "conv").input.append("^x")
    fused = node_of(result_of(fuse_convolutions, graph), "y")
    assert list(fused.input) == ["float", "kernel", "bias", "^x"]


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(tiny_segmenter(), id="no bias"),
        pytest.param(convolved(relu6("y", "conv")), id="only an activation"),
        pytest.param(convolved(BIAS, node("y", "Add", "conv", "bias", T=F)), id="an Add"),
        pytest.param(
            convolved(const("b", np.ones((1, 1, 1, 2)), F), bias_add("y", "conv", "b")),
            id="a bias of four axes",
        ),
        pytest.param(
            convolved(placeholder("b", F, (2,)), bias_add("y", "conv", "b")),
            id="a bias that is fed",
        ),
        pytest.param(convolved(BIAS, bias_add("y", "conv"), copy("z", "conv")), id="read twice"),
        pytest.param(
            convolved(BIAS, bias_add("y", "conv", data_format=b"NCHW")), id="a bias of NCHW"
        ),
        pytest.param(
            convolved(
                BIAS,
                bias_add("y", "conv"),
                conv=convolution("conv", "float", "kernel", data_format=b"NCHW"),
            ),
            id="a convolution of NCHW",
        ),
        pytest.param(
            convolved(
                node("y", "BiasAdd", "other", "conv", T=F), placeholder("other", F, (1, None, 1, 2))
            ),
            id="the convolution is the bias",
        ),
    ],
)
def test_a_graph_that_stays(graph):
    assert_untouched(fuse_convolutions, graph)


@settings(max_examples=12)
@given(
    st.sampled_from([0, 1, 2]),
    st.tuples(*[st.sampled_from([1, 3, 5])] * 2),
    st.sampled_from([(1, 1), (2, 1), (1, 2), (1, 4)]),
    st.sampled_from([b"SAME", b"VALID"]),
    st.sampled_from(["Relu", "Relu6", "Neg"]),
    st.tuples(*[st.integers(1, 8)] * 2),
    st.integers(0, 99),
)
def test_tfjs_gets_what_tensorflow_gets_of_the_unfused_graph(
    tmp_path_factory, multiplier, size, stride_and_rate, padding, activation, more, seed
):
    stride, rate = stride_and_rate
    # TF.js wasm gives zeros for kernels such as 3 x 1 with stride 2, fused or not.
    assume(stride == 1 or size[0] == size[1])
    random = np.random.default_rng(seed)
    kernel = random.integers(-4, 5, (*size, 3, multiplier or 4))
    bias = random.integers(-300, 300, 3 * multiplier or 4)
    graph = graph_def(
        placeholder("x", np.uint8, (1, None, None, 3)),
        node("float", "Cast", "x", SrcT=np.uint8, DstT=F),
        const("kernel", kernel, F),
        const("bias", bias, F),
        convolution("conv", "float", "kernel", multiplier > 0, padding, (stride,) * 2, (rate,) * 2),
        bias_add("add", "conv"),
        node("y", activation, "add", T=F),
    )
    x = photo(*(extra + rate * (extent - 1) for extra, extent in zip(more, size, strict=True)))
    fused = rewritten(fuse_convolutions, graph)
    assert not {"Conv2D", "DepthwiseConv2dNative", "BiasAdd"} & set(ops(fused))
    answer = run_in_tfjs(fused, tmp_path_factory.mktemp("model"), x)
    assert answer.tolist() == run(graph, "y", x=x).tolist()


@pytest.mark.parametrize("backend", ["wasm", "cpu"])
def test_a_constant_bias_of_four_axes_becomes_a_vector_and_runs(tmp_path, backend):
    four_axes = const("four_axes", [[[[3, -20]]]], F)
    graph = convolved(four_axes, node("add", "Add", "conv", "four_axes", T=F), relu6("y", "add"))
    fused = result_of(fuse_convolutions, result_of(rewrite, graph))
    assert ops(fused) == ["Cast", "_FusedConv2D"]
    answer = run_in_tfjs(fused, tmp_path, photo(), backend)
    assert answer.tolist() == run(graph, "y", x=photo()).tolist()
    assert len(np.unique(answer)) > 2


def computed_bias():
    """The bias of each channel is that of the brightest pixel: [1, 1, 1, 2], known in the run."""
    return convolved(
        const("axes", [1, 2], np.int32),
        node("brightest", "Max", "conv", "axes", T=F, Tidx=np.int32, keep_dims=True),
        convolution("branch", "float", "kernel"),
        node("add", "Add", "branch", "brightest", T=F),
        node("y", "Relu", "add", T=F),
    )


def test_a_computed_bias_of_four_axes_stays_and_runs(tmp_path):
    fused = result_of(fuse_convolutions, result_of(rewrite, computed_bias()))
    assert ops(fused) == ops(computed_bias())
    answer = run_in_tfjs(fused, tmp_path, photo())
    assert answer.tolist() == run(computed_bias(), "y", x=photo()).tolist()
    assert len(np.unique(answer)) > 2


def test_tfjs_refuses_a_fused_bias_of_four_axes(tmp_path):
    """Why a bias has to be a vector; when this starts to run, the rule can go."""
    graph = result_of(fuse_convolutions, convolved(BIAS, bias_add("y", "conv")))
    node_of(graph, "bias").CopyFrom(const("bias", [[[[3, -20]]]], F))
    with pytest.raises(DlconvError, match="rank-1 bias but got rank 4"):
        run_in_tfjs(graph, tmp_path, photo())
