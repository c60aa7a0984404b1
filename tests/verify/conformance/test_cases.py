import numpy as np
import pytest
from support.onnx_operations import in_tensorflow

from dlconv.convert.conformance.traits import traits_of
from dlconv.graph.shapes import infer_static
from dlconv.verify.conformance.cases import cases_of


def values_of(op, trait):
    return {
        traits_of(infer_static(case.graph), case.graph.nodes["y"]).get(trait)
        for case in cases_of(op)
    }


def test_the_definition_says_what_varies():
    assert values_of("Conv2D", "data_format") == {"NHWC", "NCHW"}
    assert {"float32", "int32", "uint8", "int64"} <= values_of("AddV2", "T")
    assert values_of("AddV2", "rank of y") >= set("0123456")
    assert values_of("StridedSlice", "strides") == {"constant", "negative constant", "computed"}


def test_the_same_cases_are_made_each_time():
    assert [case.digest for case in cases_of("Mean")] == [case.digest for case in cases_of("Mean")]


def test_edges_are_among_them():
    assert {case.edge for case in cases_of("Exp")} == {"usual", "not finite", "large", "empty"}


def test_random_numbers_and_unknown_ops_have_none():
    assert list(cases_of("RandomUniform")) == []
    assert list(cases_of("Unheard")) == []


@pytest.mark.parametrize("op", ["_FusedConv2D", "FusedDepthwiseConv2dNative"])
def test_fused_ops_are_compared_with_what_they_stand_for(op):
    case = next(cases_of(op))
    assert case.graph.nodes["y"].op == op
    assert case.reference.nodes["y"].op in ("BiasAdd", "Relu", "Relu6")
    assert np.isfinite(in_tensorflow(case.reference, case.feeds, "y")).all()
