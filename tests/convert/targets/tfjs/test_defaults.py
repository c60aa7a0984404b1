"""Defaults of TensorFlow's that TF.js does not share."""

import numpy as np
import pytest
from support.graphs import batch_norm, graph_def, node, placeholder
from support.running import run, run_in_tfjs

from dlconv.convert.targets.tfjs.defaults import state_defaults
from dlconv.graph.definitions import default_of
from dlconv.web import tfjs_operations

F = np.float32
IMAGE = np.random.default_rng(3).normal(size=(1, 4, 6, 8)).astype(F)


def stated(op):
    bare = node("x", op)
    state_defaults(bare)
    return bare.attr


@pytest.mark.parametrize(
    ("op", "keys"),
    [
        ("Conv2D", {"dilations"}),
        ("Conv3D", {"data_format", "dilations"}),
        ("CropAndResize", {"method"}),
        ("DepthToSpace", {"data_format"}),
        ("FusedBatchNorm", {"epsilon"}),
        ("LeakyRelu", set()),
        ("Placeholder", set()),
        ("Range", {"Tidx"}),
        ("ResizeBilinear", set()),
        ("StridedSlice", set()),
        ("TopKV2", {"sorted"}),
    ],
)
def test_what_tfjs_would_take_differently_is_stated(op, keys):
    assert {*stated(op)} == keys


def test_every_default_is_stated_or_is_what_tfjs_takes():
    ops = tfjs_operations().defaults
    kept = {
        (op, key)
        for op, read in ops.items()
        for key in read
        if default_of(op, key) is not None and key not in stated(op)
    }
    for op, key in kept:
        meant, taken = default_of(op, key), ops[op][key]
        value = getattr(meant, meant.WhichOneof("value"))
        if meant.HasField("shape"):
            assert taken is None
            assert value.unknown_rank
        elif meant.HasField("list"):
            assert [*value.i, *value.s] == taken
        else:
            assert value.decode() == taken if isinstance(value, bytes) else F(value) == F(taken)
    assert len(kept) > 40


def test_an_attribute_that_a_node_states_is_left_alone():
    norm = node("x", "FusedBatchNormV3", epsilon=0.5)
    state_defaults(norm)
    assert norm.attr["epsilon"].f == 0.5


def stripped(*nodes):
    """A graph of one input, whose nodes lack all attributes that are at their default."""
    for each in nodes:
        for key in [key for key in each.attr if each.attr[key] == default_of(each.op, key)]:
            del each.attr[key]
    return graph_def(placeholder("x", F, IMAGE.shape), *nodes)


def normed():
    ones = np.full(8, 0.002, F)
    return batch_norm("y", "x", ones, ones, ones, ones, version="V3", epsilon=1e-4)


@pytest.mark.parametrize(
    "nodes",
    [[node("y", "DepthToSpace", "x", T=F, block_size=2)], normed()],
    ids=["DepthToSpace", "FusedBatchNormV3"],
)
def test_a_stripped_graph_computes_what_tensorflow_does(nodes, tmp_path):
    graph = stripped(*nodes)
    found = run_in_tfjs(graph, tmp_path, IMAGE)
    np.testing.assert_allclose(found, run(graph, "y", x=IMAGE), rtol=1e-5, atol=1e-6)
