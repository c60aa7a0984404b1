import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, graph_def, node, placeholder
from support.running import (
    assert_close,
    assert_untouched,
    ops,
    result_of,
    rewritten,
    run,
    run_in_tfjs,
)

from dlconv.convert.rewrite.split_pooled import split_pooled
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions

F = np.float32


def pooling(
    rows=4,
    pooled=2,
    rest=3,
    out=5,
    last="y",
    second_reader=False,
    size=None,
    kernel_side=1,
    groups=1,
):
    """Image pooling resized over a feature map, concatenated with it and convolved."""
    rng = np.random.default_rng(rows * 100 + pooled * 10 + rest)
    kernel = rng.normal(size=(kernel_side, kernel_side, (pooled + rest) // groups, out))
    convolution = {"strides": [1, 1, 1, 1], "padding": b"SAME", "data_format": b"NHWC"}
    nodes = [
        placeholder("p", F, (1, *(size or (1, 1)), pooled)),
        placeholder("x", F, (1, None, None, rest)),
        const("size", [rows, rows], np.int32),
        node("resized", "ResizeBilinear", "p", "size", T=F, align_corners=True),
        const("axis", 3, np.int32),
        node("concat", "ConcatV2", "resized", "x", "axis", T=F, Tidx=np.int32, N=2),
        const("kernel", kernel, F),
        node("conv", "Conv2D", "concat", "kernel", T=F, **convolution),
        const("bias", rng.normal(size=out), F),
        node("biased", "BiasAdd", "conv", "bias", T=F, data_format=b"NHWC"),
        node(last, "Relu", "biased", T=F),
    ]
    if second_reader:
        nodes.append(node("other", "Relu", "concat", T=F))
    return graph_def(*nodes)


def values(rows, pooled, rest):
    rng = np.random.default_rng(3)
    return {
        "p": rng.normal(size=(1, 1, 1, pooled)).astype(F),
        "x": rng.normal(size=(1, rows, rows, rest)).astype(F),
    }


@settings(max_examples=15)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_the_sum_after_the_convolution_is_the_same(rows, pooled, rest, out):
    graph = pooling(rows, pooled, rest, out)
    split = rewritten(split_pooled, graph)
    assert sorted(ops(split)) == ["Add", "BiasAdd", "BiasAdd", "Conv2D", "Conv2D", "Relu"]
    feeds = values(rows, pooled, rest)
    assert_close(run(split, "y", **feeds), run(graph, "y", **feeds), scale=10)


@pytest.mark.parametrize(
    "graph",
    [
        pooling(second_reader=True),
        pooling(size=(2, 2)),
        pooling(size=(None, None)),
        pooling(kernel_side=3),
        pooling(pooled=2, rest=2, out=4, groups=2),
    ],
)
def test_what_is_not_the_pattern_is_left_alone(graph):
    assert_untouched(split_pooled, graph)


def test_factors_of_a_kernel_stay_factors():
    graph = pooling()
    conv = next(n for n in graph.node if n.name == "conv")
    conv.input[1] = "product"
    graph.node.insert(7, node("product", "Mul", "kernel", "factors", T=F))
    graph.node.insert(7, const("factors", [1, 2, 3, 4, 5], F))
    split = rewritten(split_pooled, graph)
    assert ops(split).count("Mul") == 2
    feeds = values(4, 2, 3)
    assert_close(run(split, "y", **feeds), run(graph, "y", **feeds), scale=50)


def test_tfjs_runs_the_sum_that_it_could_not_fuse(tmp_path):
    """The trap: a bias of rank 4 in a fused convolution, which the wasm backend rejects."""
    graph = pooling(rows=6, rest=3)
    (p,) = [n for n in graph.node if n.name == "p"]
    p.CopyFrom(const("p", values(6, 2, 3)["p"]))
    fused = result_of(fuse_convolutions, result_of(split_pooled, graph))
    assert sorted(ops(fused)) == ["Add", "Relu", "_FusedConv2D", "_FusedConv2D"]
    image = values(6, 2, 3)["x"]
    assert_close(run_in_tfjs(fused, tmp_path, image), run(graph, "y", x=image), scale=10)


def test_an_identity_behind_the_concatenation_is_no_convolution():
    graph = pooling()
    kept = [node for node in graph.node if node.name not in ("conv", "biased", "y")]
    whole = graph_def(*kept, node("y", "Identity", "concat", T=F))
    assert_untouched(split_pooled, whole)
