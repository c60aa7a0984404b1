"""Graphs of others that once came out wrong as TF.js, kept beside the project."""

import pytest
from support.lowering import BACKENDS, as_tfjs_holds, in_tfjs
from support.onnx_operations import assert_close, in_tensorflow
from support.shared import needs_shared
from support.strangers import GRAPHS_AND_ENDS, images_for, part_of

from dlconv.convert.targets.tfjs.lower import lowered
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, find_contract


def as_tfjs(graph):
    made = prepare_and_rewrite(graph).graph
    return lowered(made, find_contract(made), BACKENDS)


@needs_shared
@pytest.mark.parametrize(("name", "ends"), GRAPHS_AND_ENDS)
def test_it_is_what_tensorflow_computes(runners, name, ends):
    graph = part_of(name, ends)
    contract = find_contract(graph)
    written = as_tfjs(graph)
    for image in images_for(contract.input):
        feeds = {contract.input.node: image}
        expected = as_tfjs_holds(in_tensorflow(graph, feeds, contract.output.node))
        for backend, runner in runners.items():
            found = in_tfjs(runner, written, feeds, contract.output.node)
            assert_close(expected, found, where=backend)


@needs_shared
def test_a_dropout_that_was_left_on_is_refused_by_name():
    with pytest.raises(DlconvError, match=r"random_uniform/RandomUniform .*for inference"):
        as_tfjs(part_of("dropout_on", Ends()))
