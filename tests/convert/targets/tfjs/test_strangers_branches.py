"""Graphs of others that TF.js once could not run, or ran wrongly, kept beside the project."""

import numpy as np
import pytest
from support.lowering import BACKENDS, in_tfjs
from support.onnx_operations import assert_close, in_tensorflow
from support.shared import SHARED, needs_shared

from dlconv.convert.targets.tfjs.lower import lowered
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

GRAPHS = SHARED / "graphs"
EQUAL = [
    "ceil_pad",
    "const_switch",
    "deconv_k1s2",
    "default_switch",
    "nearest_int64",
    "nearest_two_thirds",
    "output_shapes",
    "placeholder_no_shape",
    "pooled_concat_identity",
    "print_node",
    "resize_uint8",
    "subgraph_names",
    "switch_merge",
    "unpack",
]


def as_tfjs(name):
    graph = Graph(read_graph(GRAPHS / f"{name}.pb"))
    contract = find_contract(graph)
    made = prepare_and_rewrite(graph).graph
    return graph, contract, lowered(made, find_contract(made), BACKENDS)


def images_for(spec):
    random = np.random.default_rng(0)
    for size in (5, 12):
        free = {0: 1, 1: size, 2: size + 2, 3: 3}
        shape = [extent or free[k] for k, extent in enumerate(spec.shape or (1, None, None, 3))]
        values = random.normal(scale=3, size=shape)
        yield (values if spec.dtype.startswith("float") else abs(values) * 40).astype(spec.dtype)


@needs_shared
@pytest.mark.parametrize("name", EQUAL)
def test_it_is_what_tensorflow_computes(runners, name):
    graph, contract, made = as_tfjs(name)
    for image in images_for(contract.input):
        feeds = {contract.input.node: image}
        expected = in_tensorflow(graph, feeds, contract.output.node)
        held = expected.astype(np.float32 if expected.dtype.kind == "f" else np.int32)
        for backend, runner in runners.items():
            found = in_tfjs(runner, made, feeds, contract.output.node)
            assert_close(held, found, where=f"{name}, {backend}")


@needs_shared
def test_a_dropout_that_was_left_on_is_refused_by_name():
    with pytest.raises(DlconvError, match=r"random_uniform/RandomUniform .*for inference"):
        as_tfjs("dropout_on")
