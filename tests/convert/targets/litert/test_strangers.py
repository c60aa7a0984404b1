"""Graphs of others that once came out wrong in other formats, as LiteRT files."""

import pytest
from support.litert import as_litert, in_litert
from support.onnx_operations import assert_close, in_tensorflow
from support.shared import needs_shared
from support.strangers import GRAPHS_AND_ENDS, images_for, part_of

from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, find_contract
from dlconv.runtimes.litert import BACKENDS

# LiteRT has no CropAndResize, and nothing that it could be written as.
REFUSED = "subgraph_names"
WRITTEN = [(name, ends) for name, ends in GRAPHS_AND_ENDS if name != REFUSED]


@needs_shared
@pytest.mark.parametrize(("name", "ends"), WRITTEN)
def test_it_is_what_tensorflow_computes(name, ends):
    graph = part_of(name, ends)
    contract = find_contract(graph)
    content = as_litert(graph)
    for image in images_for(contract.input):
        expected = in_tensorflow(graph, {contract.input.node: image}, contract.output.node)
        for backend in BACKENDS:
            found = in_litert(content, image, backend)
            assert_close(expected, found.astype(expected.dtype), where=name)


@needs_shared
def test_a_dropout_that_was_left_on_is_refused_by_name():
    with pytest.raises(DlconvError, match="random_uniform/RandomUniform"):
        as_litert(part_of("dropout_on", Ends()))


@needs_shared
def test_what_litert_lacks_is_refused_by_name():
    with pytest.raises(DlconvError, match=r"LiteRT has no operation for CropAndResize"):
        as_litert(part_of(REFUSED, Ends()))
