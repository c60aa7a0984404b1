import numpy as np
import pytest
from support.graphs import const, convolution, graph_def, node, placeholder, tiny_segmenter
from support.running import assert_close, assert_untouched, ops, rewritten, run

from dlconv.convert.targets.tfjs.prepare.split_groups import split_groups

F = np.float32
CHANNELS = 6


def grouped(groups, outputs=12, channels=CHANNELS, **options):
    kernel = np.random.default_rng(0).normal(size=(3, 2, CHANNELS // groups, outputs))
    return graph_def(
        placeholder("x", F, (2, None, None, channels)),
        const("kernel", kernel, F),
        convolution("y", "x", "kernel", **options),
        node("end", "Relu", "y", T=F),
    )


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize(
    "options", [{}, {"strides": (1, 2)}, {"rates": (2, 1), "padding": b"VALID"}]
)
def test_each_group_has_a_convolution(groups, options):
    graph = grouped(groups, **options)
    result = rewritten(split_groups, graph)
    assert ops(result) == ["Split", *["Conv2D"] * groups, "ConcatV2", "Relu"]
    assert_same(graph, result)


@pytest.mark.parametrize("outputs", [CHANNELS, 2 * CHANNELS])
@pytest.mark.parametrize("strides", [(2, 2), (1, 2)])
def test_a_group_for_each_channel_is_a_depthwise_convolution(outputs, strides):
    graph = grouped(CHANNELS, outputs, strides=strides)
    result = rewritten(split_groups, graph)
    assert ops(result) == ["DepthwiseConv2dNative", "Relu"]
    assert_same(graph, result)


def assert_same(graph, result):
    image = np.random.default_rng(1).normal(size=(2, 7, 8, CHANNELS)).astype(F)
    before, after = (run(each, "end", x=image) for each in (graph, result))
    assert_close(before, after, np.abs(before).max())


@pytest.mark.parametrize(
    "graph",
    [grouped(1), grouped(2, channels=None), tiny_segmenter()],
    ids=["one group", "channels unknown", "no groups"],
)
def test_what_has_no_groups_stays(graph):
    assert_untouched(split_groups, graph)
