"""Graphs of others that once came out wrong as TF.js, kept beside the project."""

import numpy as np
import pytest
from support.lowering import as_tfjs_holds, in_tfjs
from support.onnx_operations import assert_close, in_tensorflow
from support.shared import SHARED, needs_shared

from dlconv.convert.conformance.table import conformance
from dlconv.convert.targets.tfjs.lower import lowered_for
from dlconv.convert.targets.tfjs.lower.lower_operations import Log
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune

GRAPHS = SHARED / "graphs"
EQUAL = [
    "batch4_quantize",
    "bn_training",
    "ceil_pad",
    "deconv_k1s2",
    "depth_to_space_default",
    "dequantize_weights",
    "fakequant",
    "fakequant_activations",
    "fakequant_weights",
    "group_conv",
    "maxpool_explicit",
    "nchw_conv",
    "nchw_pool",
    "output_shapes",
    "placeholder_no_shape",
    "pool_argmax",
    "pooled_concat_identity",
    "resize_uint8",
    "training_default",
    "unpack",
]
# Where a size is free.
SIZES = (5, 12)


def images_for(spec):
    random = np.random.default_rng(0)
    default = (1, None, None, 3)
    for size in SIZES:
        free = {0: 1, 1: size, 2: size + 2, 3: 3}
        shape = [extent or free[axis] for axis, extent in enumerate(spec.shape or default)]
        values = random.normal(scale=3, size=shape)
        yield (values if spec.dtype.startswith("float") else abs(values) * 40).astype(spec.dtype)


@needs_shared
@pytest.mark.parametrize("name", EQUAL)
def test_it_is_what_tensorflow_computes(runners, name):
    graph = Graph(read_graph(GRAPHS / f"{name}.pb"))
    contract = find_contract(graph)
    output = contract.output.node
    made = prepare_and_rewrite(graph).graph
    needed = prune(made, find_contract(made)).graph
    written = lowered_for(needed, conformance("tfjs"), list(runners), Log())
    for image in images_for(contract.input):
        feeds = {contract.input.node: image}
        expected = as_tfjs_holds(in_tensorflow(graph, feeds, output))
        for backend, runner in runners.items():
            assert_close(expected, in_tfjs(runner, written, feeds, output), where=backend)
