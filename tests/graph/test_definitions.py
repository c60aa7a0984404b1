"""The package's copy of TensorFlow's op definitions, against the TensorFlow that is installed."""

from support.graphs import node

from dlconv.graph.definitions import DATA, default_of, definition_of, is_required
from dlconv.graph.extract_definitions import registered_definitions
from dlconv.graph.graph import attribute


def defaults(definition):
    return {each.name: each.default_value for each in definition.attr}


def test_the_definitions_are_those_of_the_installed_tensorflow():
    registered = registered_definitions().op
    known = [(each, found) for each in registered if (found := definition_of(each.name))]
    assert len(known) > 1800
    for each, found in known:
        assert [(a.name, a.type, a.type_attr, a.number_attr) for a in each.output_arg] == [
            (a.name, a.type, a.type_attr, a.number_attr) for a in found.output_arg
        ]
        if not each.name.startswith(("Xla", "_")):
            assert defaults(each) == defaults(found), each.name


def test_they_take_little_space_in_the_package():
    assert DATA.stat().st_size < 70_000


def test_an_op_of_tfjs_has_the_definition_of_tensorflow_s():
    found = definition_of("FusedDepthwiseConv2dNative")
    assert found is not None
    assert found.name == "_FusedDepthwiseConv2dNative"


def test_what_tensorflow_does_not_have_has_no_definition():
    assert definition_of("TFLite_Detection_PostProcess") is None
    assert default_of("TFLite_Detection_PostProcess", "T") is None
    assert default_of("Conv2D", "T") is None


def test_an_attribute_that_a_node_lacks_has_tensorflow_s_default():
    bare = node("x", "FusedBatchNormV3")
    assert attribute(bare, "is_training").b is True
    assert attribute(node("x", "Conv2D"), "dilations").list.i == [1, 1, 1, 1]
    assert attribute(node("x", "Conv3D"), "data_format").s == b"NDHWC"
    assert attribute(node("x", "Placeholder"), "shape").shape.unknown_rank
    assert not bare.attr


def test_an_attribute_that_a_node_states_is_its_own():
    assert attribute(node("x", "FusedBatchNormV3", is_training=False), "is_training").b is False


def test_an_attribute_without_a_default_is_empty():
    assert is_required("Conv2D", "padding")
    assert not is_required("Conv2D", "dilations")
    assert attribute(node("x", "Conv2D"), "padding").WhichOneof("value") is None
    assert attribute(node("x", "Custom"), "anything").WhichOneof("value") is None
