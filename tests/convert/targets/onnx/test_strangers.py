"""Graphs of others that once came out wrong as ONNX, kept beside the project."""

import numpy as np
import pytest
from support.onnx_operations import assert_close, in_onnxruntime, in_tensorflow
from support.shared import SHARED, needs_shared

from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.onnx.model import check
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

GRAPHS = SHARED / "graphs"
EQUAL = [
    "batch4_quantize",
    "bn_training",
    "ceil_pad",
    "const_switch",
    "deconv_k1s2",
    "default_switch",
    "depth_to_space_default",
    "dequantize_weights",
    "fakequant",
    "fakequant_activations",
    "fakequant_weights",
    "group_conv",
    "maxpool_explicit",
    "nchw_conv",
    "nchw_pool",
    "nearest_int64",
    "nearest_two_thirds",
    "output_shapes",
    "placeholder_no_shape",
    "pool_argmax",
    "pooled_concat_identity",
    "print_node",
    "resize_uint8",
    "subgraph_names",
    "switch_merge",
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
def test_it_is_what_tensorflow_computes(name):
    graph = Graph(read_graph(GRAPHS / f"{name}.pb"))
    contract = find_contract(graph)
    rewritten = rewrite(graph).graph
    model = to_onnx(rewritten, find_contract(rewritten))
    check(model)
    for image in images_for(contract.input):
        feeds = {contract.input.node: image}
        expected = in_tensorflow(graph, feeds, contract.output.node)
        assert_close(expected, in_onnxruntime(model, feeds), where=name)
