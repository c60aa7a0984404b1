"""Graphs of others that once came out wrong as ONNX, kept beside the project."""

import pytest
from support.onnx_operations import assert_close, in_onnxruntime, in_tensorflow
from support.shared import needs_shared
from support.strangers import GRAPHS_AND_ENDS, images_for, part_of

from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.onnx.model import check
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, find_contract


def as_onnx(graph):
    rewritten = rewrite(graph).graph
    model = to_onnx(rewritten, find_contract(rewritten))
    check(model)
    return model


@needs_shared
@pytest.mark.parametrize(("name", "ends"), GRAPHS_AND_ENDS)
def test_it_is_what_tensorflow_computes(name, ends):
    graph = part_of(name, ends)
    contract = find_contract(graph)
    model = as_onnx(graph)
    for image in images_for(contract.input):
        feeds = {contract.input.node: image}
        expected = in_tensorflow(graph, feeds, contract.output.node)
        assert_close(expected, in_onnxruntime(model, feeds), where=name)


@needs_shared
def test_a_dropout_that_was_left_on_is_refused_by_name():
    with pytest.raises(DlconvError, match="random_uniform/RandomUniform"):
        as_onnx(part_of("dropout_on", Ends()))
