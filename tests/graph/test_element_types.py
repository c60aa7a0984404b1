"""Element types of inputs and outputs, by the definitions of ops."""

import numpy as np
import pytest
from support.graphs import data_type, node

from dlconv.graph.contract import element_type
from dlconv.graph.element_types import input_types, output_count, output_types

F = np.float32


@pytest.mark.parametrize(
    ("made", "inputs", "outputs"),
    [
        (node("x", "DecodeJpeg"), ("string",), ("uint8",)),
        (node("x", "ResizeBilinear", T=np.uint8), ("uint8", "int32"), ("float32",)),
        (node("x", "ArgMax", T=F), ("float32", "int32"), ("int64",)),
        (node("x", "ArgMax", T=F, output_type=np.int32), ("float32", "int32"), ("int32",)),
        (node("x", "Shape", T=F), ("float32",), ("int32",)),
        (node("x", "Equal", T=np.int32), ("int32", "int32"), ("bool",)),
        (node("x", "TopKV2", T=F), ("float32", "int32"), ("float32", "int32")),
        (node("x", "Pack", T=F, N=3), ("float32",) * 3, ("float32",)),
        (node("x", "Split", T=F, num_split=2), ("int32", "float32"), ("float32",) * 2),
        (node("x", "Relu6"), None, None),
        (node("x", "Pack", T=F), None, ("float32",)),
        (node("x", "Custom", T=F), None, None),
    ],
)
def test_types_come_from_the_definition_and_the_attributes(made, inputs, outputs):
    assert input_types(made) == inputs
    assert output_types(made) == outputs
    assert output_count(made) == (None if outputs is None else len(outputs))


def test_lists_of_types_are_taken_one_by_one():
    dequeued = node("x", "QueueDequeueV2")
    dequeued.attr["component_types"].list.type.extend([data_type(np.uint8), data_type(np.int32)])
    assert input_types(dequeued) == ("resource",)
    assert output_types(dequeued) == ("uint8", "int32")


def test_the_type_of_a_node_is_that_of_its_first_output():
    assert element_type(node("x", "ArgMax", T=F)) == "int64"
    assert element_type(node("x", "Greater", T=F)) == "bool"
    assert element_type(node("x", "Custom")) == "float32"
