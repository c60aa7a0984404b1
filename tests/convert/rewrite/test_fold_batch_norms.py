from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import (
    atrous,
    batch_norm,
    const,
    convolution,
    copy,
    graph_def,
    node,
    placeholder,
    relu6,
    tiny_segmenter,
)
from support.running import assert_close, assert_untouched, node_of, ops, result_of, rewritten, run

from dlconv.convert.rewrite.fold_batch_norms import fold_batch_norms
from dlconv.graph.graph import Graph

F = np.float32
EPSILON = 0.001
ORDINARY = {"gamma": [2, 0.5], "beta": [1, -1], "mean": [3, 4], "variance": [5, 0.1]}


@dataclass(frozen=True)
class Step:
    """Nodes that are affine for each channel, and what they do to the size of their input."""

    nodes: list
    factor: np.ndarray
    shift: np.ndarray

    def scale(self, before):
        return before * np.abs(self.factor) + np.abs(self.shift)


@st.composite
def steps(draw, name, source, channels, random):
    """A batch norm, Mul, Add, AddV2, Sub or BiasAdd with a constant."""
    kind = draw(st.sampled_from(["", "V2", "V3", "Mul", "Add", "AddV2", "Sub", "BiasAdd"]))
    if kind in ("", "V2", "V3"):
        gamma = random.normal(size=channels) * draw(st.sampled_from([0, 1e-3, 1, 1e3]))
        beta = random.normal(size=channels)
        mean = random.normal(size=channels) * draw(st.sampled_from([0, 1, 1e4, 1e10]))
        variance = np.abs(random.normal(size=channels)) * draw(
            st.sampled_from([1e-4, 1e-2, 1, 1e6, 1e20])
        )
        nodes = batch_norm(name, source, gamma, beta, mean, variance, kind, EPSILON)
        factor = gamma / np.sqrt(variance + EPSILON)
        return Step(nodes, factor, (np.abs(mean * factor) + np.abs(beta)))
    shapes = [(channels,)]
    if kind != "BiasAdd":
        shapes += [(), (1,), (1, channels), (1, 1, 1, 1), (1, 1, 1, channels)]
    values = random.normal(size=draw(st.sampled_from(shapes))).astype(F)
    inputs = [source, f"{name}/value"]
    if kind in ("Mul", "Add", "AddV2") and draw(st.booleans()):
        inputs.reverse()
    nodes = [const(f"{name}/value", values), node(name, kind, *inputs, T=F)]
    per_channel = np.broadcast_to(values.ravel(), (channels,))
    if kind == "Mul":
        return Step(nodes, per_channel, np.zeros(channels))
    return Step(nodes, np.ones(channels), per_channel)


@st.composite
def convolved_and_normed(draw):
    """A graph, a photo for it and the size of the numbers that each result is summed from."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    multiplier = draw(st.sampled_from([0, 1, 2]))
    inputs = draw(st.integers(2, 3))  # of one pixel of one channel, oneDNN fails to convolve some
    size = draw(st.tuples(*[st.sampled_from([1, 3, 5])] * 2))
    kernel = random.normal(size=(*size, inputs, multiplier or draw(st.integers(1, 4)))).astype(F)
    channels = inputs * multiplier if multiplier else kernel.shape[3]
    stride, rate = draw(st.sampled_from([(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (3, 1)]))
    is_atrous = stride == 1 and draw(st.booleans())
    extents = [draw(st.integers(2, 7)) + rate * (extent - 1) for extent in size]
    x = random.normal(size=(2, *extents, inputs)).astype(F)
    shape = draw(st.sampled_from([x.shape, (None, None, None, inputs)]))
    nodes = [placeholder("x", F, shape), const("kernel", kernel)]
    if draw(st.booleans()):
        nodes.append(copy("kernel/read", "kernel"))
    if is_atrous:
        pads = [(0, -extent % rate) for extent in extents]
        nodes += atrous("c", "x", nodes[-1].name, (rate, rate), pads, pads, multiplier > 0)
    else:
        padding = draw(st.sampled_from([b"SAME", b"VALID"]))
        nodes.append(
            convolution(
                "c",
                "x",
                nodes[-1].name,
                multiplier > 0,
                padding,
                (stride, stride),
                (rate, rate),
            )
        )
    scale = np.full(channels, np.abs(kernel).sum() * np.abs(x).max(), np.float64)
    count = draw(st.integers(1, 4))
    for index in range(count):
        step = draw(steps(f"step{index}", nodes[-1].name, channels, random))
        nodes += step.nodes
        scale = step.scale(scale)
    return graph_def(*nodes, copy("y", nodes[-1].name)), x, scale


@settings(max_examples=100)
@given(convolved_and_normed())
def test_a_convolution_and_a_chain_become_a_convolution_and_a_bias(example):
    graph, x, scale = example
    result = rewritten(fold_batch_norms, graph)
    before, after = (
        [op for op in ops(g) if op not in ("Identity", "SpaceToBatchND", "BatchToSpaceND")]
        for g in (graph, result)
    )
    assert after == [before[0], "BiasAdd"]
    assert [n.name for n in result.node][-2:] == [n.name for n in graph.node][-2:]
    assert_close(run(graph, "y", x=x), run(result, "y", x=x), scale)


def normed(*nodes, last="y", shape=(1, 4, 4, 3), **attributes):
    """x -> conv -> norm -> y"""
    return graph_def(
        placeholder("x", F, shape),
        const("kernel", np.arange(6).reshape(1, 1, 3, 2), F),
        convolution("conv", "x", "kernel"),
        *batch_norm("norm", "conv", **ORDINARY, **attributes),
        relu6(last, "norm"),
        *nodes,
    )


def followed_by(*nodes):
    return graph_def(
        placeholder("x", F, (1, 4, 4, 3)),
        const("kernel", np.arange(6).reshape(1, 1, 3, 2), F),
        convolution("conv", "x", "kernel"),
        *nodes,
    )


def replaced(graph, new):
    node_of(graph, new.name).CopyFrom(new)
    return graph


def without(graph, name, attribute):
    del node_of(graph, name).attr[attribute]
    return graph


def waiting(graph, name, *before):
    node_of(graph, name).input.extend(before)
    return graph


def test_a_batch_norm_becomes_a_kernel_and_a_bias():
    result = rewritten(fold_batch_norms, normed())
    assert ops(result) == ["Conv2D", "BiasAdd", "Relu6"]
    assert [n.name for n in result.node] == [
        "x",
        "conv/folded_weights",
        "conv",
        "norm/folded_bias",
        "norm",
        "y",
    ]
    view = Graph(result)
    factor = np.array([2, 0.5]) / np.sqrt(np.array([5, 0.1]) + EPSILON)
    kernel = view.constant(view.nodes["conv/folded_weights"])
    assert kernel.tolist() == (np.arange(6).reshape(1, 1, 3, 2) * factor).astype(F).tolist()
    bias = view.constant(view.nodes["norm/folded_bias"])
    np.testing.assert_allclose(bias, [1 - 3 * factor[0], -1 - 4 * factor[1]], rtol=1e-6)


def test_an_epsilon_that_is_not_given_is_that_of_tensorflow():
    graph = without(normed(), "norm", "epsilon")
    x = np.random.default_rng(1).normal(size=(1, 4, 4, 3)).astype(F)
    before, after = (run(g, "norm", x=x) for g in (graph, result_of(fold_batch_norms, graph)))
    assert_close(before, after, 100, 1e-6)


def test_what_the_output_reads_keeps_its_name():
    graph = followed_by(*batch_norm("labels", "conv", **ORDINARY))
    result = rewritten(fold_batch_norms, graph)
    assert result.node[-1].name == "labels"
    assert result.node[-1].op == "BiasAdd"


def test_only_additions_leave_the_kernel_constant():
    graph = followed_by(const("v", np.ones((1, 1, 1, 2)), F), node("y", "Add", "conv", "v", T=F))
    result = rewritten(fold_batch_norms, graph)
    assert node_of(result, "kernel") == node_of(graph, "kernel")
    assert Graph(result).constant(node_of(result, "y/folded_bias")).shape == (2,)


def test_a_kernel_of_two_convolutions_is_folded_for_each_alone():
    graph = normed(
        convolution("other", "x", "kernel"), *batch_norm("other_norm", "other", **ORDINARY)
    )
    graph.node.append(convolution("plain", "x", "kernel"))
    result = rewritten(fold_batch_norms, graph)
    x = np.random.default_rng(1).normal(size=(1, 4, 4, 3)).astype(F)
    for name in ("norm", "other_norm", "plain"):
        assert_close(run(graph, name, x=x), run(result, name, x=x), 100, 1e-6)


def test_new_constants_take_no_name_that_is_there():
    taken = [const(f"{n}", 1, F) for n in ("conv/folded_weights", "norm/folded_bias")]
    names = [n.name for n in rewritten(fold_batch_norms, normed(*taken)).node]
    assert len(set(names)) == len(names)


def test_a_chain_ends_where_a_value_is_read_twice():
    graph = normed(copy("z", "norm"))
    graph.node.extend([const("v", [2, 3], F), node("more", "Mul", "z", "v", T=F)])
    result = rewritten(fold_batch_norms, graph)
    assert ops(result) == ["Conv2D", "BiasAdd", "Relu6", "Identity", "Mul"]


def test_a_node_that_waits_for_the_middle_waits_no_longer():
    graph = normed(const("v", [2, 3], F), node("more", "Mul", "norm", "v", T=F), last="unused")
    del graph.node[[n.name for n in graph.node].index("unused")]
    graph.node.append(copy("z", "more", "^norm"))
    result = rewritten(fold_batch_norms, graph)
    assert list(node_of(result, "z").input) == ["more"]


VECTOR = const("v", [2, 3], F)


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(tiny_segmenter(), id="no chain"),
        pytest.param(normed(copy("z", "conv")), id="the convolution is read twice"),
        pytest.param(normed(is_training=True), id="training"),
        pytest.param(without(normed(), "norm", "is_training"), id="training, by default"),
        pytest.param(normed(data_format=b"NCHW"), id="a batch norm of NCHW"),
        pytest.param(
            replaced(normed(), convolution("conv", "x", "kernel", data_format=b"NCHW")),
            id="a convolution of NCHW",
        ),
        pytest.param(
            replaced(normed(), placeholder("kernel", F, (1, 1, 3, 2))), id="a kernel that is fed"
        ),
        pytest.param(
            replaced(normed(), placeholder("norm/mean", F, (2,))), id="a mean that is fed"
        ),
        pytest.param(normed(copy("z", "norm:1")), id="the mean of the batch norm is read"),
        pytest.param(waiting(normed(), "norm", "^x"), id="the batch norm waits for another node"),
        pytest.param(
            followed_by(VECTOR, node("y", "BiasAdd", "conv", "v", T=F)), id="only a BiasAdd"
        ),
        pytest.param(
            followed_by(VECTOR, node("y", "BiasAdd", "conv", "v", T=F, data_format=b"NCHW")),
            id="a BiasAdd of NCHW",
        ),
        pytest.param(
            followed_by(VECTOR, node("y", "Sub", "v", "conv", T=F)), id="subtracted from a constant"
        ),
        pytest.param(followed_by(node("y", "Add", "conv", "conv", T=F)), id="added to itself"),
        pytest.param(followed_by(node("y", "Mul", "conv", "conv", T=F)), id="squared"),
        pytest.param(
            followed_by(const("v", np.ones((4, 2)), F), node("y", "Add", "conv", "v", T=F)),
            id="a constant for each column",
        ),
        pytest.param(
            followed_by(const("v", np.ones((2, 1)), F), node("y", "Mul", "conv", "v", T=F)),
            id="as many values as channels, but for another axis",
        ),
        pytest.param(
            followed_by(const("v", np.ones((1,) * 4 + (2,)), F), node("y", "Mul", "conv", "v")),
            id="a constant of five axes",
        ),
        pytest.param(
            followed_by(placeholder("v", F, (2,)), node("y", "Mul", "conv", "v", T=F)),
            id="a factor that is fed",
        ),
        pytest.param(
            followed_by(relu6("r", "conv"), *batch_norm("y", "r", **ORDINARY)),
            id="an activation between",
        ),
    ],
)
def test_a_graph_that_stays(graph):
    assert_untouched(fold_batch_norms, graph)


def test_a_convolution_that_is_a_parameter_is_no_chain():
    parameters = batch_norm("norm", "fed", **ORDINARY)
    parameters[-1].input[:] = ["fed", "conv", *parameters[-1].input[2:]]
    graph = followed_by(placeholder("fed", F, (1, 4, 4, 2)), *parameters)
    assert_untouched(fold_batch_norms, graph)
