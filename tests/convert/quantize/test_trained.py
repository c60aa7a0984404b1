import numpy as np
import pytest
import tensorflow as tf
from support.graphs import (
    const,
    convolution,
    fake_quant,
    graph_def,
    node,
    placeholder,
    relu6,
    trained_layer,
)
from support.litert import in_litert
from support.onnx_operations import in_tensorflow

from dlconv.convert.quantize.trained import find_trained
from dlconv.convert.targets.litert.file import serialized
from dlconv.convert.targets.litert.lower import lowered
from dlconv.convert.targets.litert.trained import with_trained_integers
from dlconv.convert.targets.litert.write import to_litert
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.litert import BACKENDS, open_interpreter

F = np.float32
CHANNELS = 8
ASYMMETRIC, SYMMETRIC = (-0.9, 0.35), (-0.8, 0.8)
RANDOM = np.random.default_rng(5)
IMAGE = RANDOM.uniform(-1.3, 1.5, (1, 9, 10, CHANNELS)).astype(F)


def random_layer(name, source, limits=ASYMMETRIC, depthwise=False):
    shape = (3, 3, CHANNELS, 1) if depthwise else (1, 1, CHANNELS, CHANNELS)
    kernel = np.random.default_rng(len(name)).uniform(*limits, shape)
    bias = np.linspace(-0.3, 0.4, CHANNELS)
    return trained_layer(name, source, kernel, bias, limits, depthwise=depthwise)


def graph_of(*nodes):
    start = [placeholder("x", F, (1, 9, 10, CHANNELS)), *fake_quant("a", "x", -1.1, 1.3)]
    return Graph(graph_def(*start, *nodes))


def model_of(graph):
    rewritten = prepare_and_rewrite(graph).graph
    trained = find_trained(graph, rewritten)
    assert trained is not None
    contract = find_contract(rewritten)
    kept = trained.activations
    model = to_litert(lowered(rewritten, contract, kept), contract, kept)
    return with_trained_integers(model, trained.kernels)


def types_of(model):
    """The operators and the types of what they give, but for those that only change the type."""
    roundings = ("QUANTIZE", "DEQUANTIZE", "SHAPE")
    kept = [each for each in model.operators if each.code not in roundings]
    return [(each.code, each.outputs[0].dtype) for each in kept if each.outputs[0].rank]


def assert_within_a_step(graph, model, high, low=0.0):
    """What is computed is what FakeQuant computes, but that integers may round to the next one."""
    contract = find_contract(graph)
    expected = in_tensorflow(graph, {"x": IMAGE}, contract.output.node)
    step = (high - low) / 255
    for backend in BACKENDS:
        found = in_litert(bytes(serialized(model)), IMAGE, backend)
        steps = np.rint((found - expected) / step)
        assert np.allclose(found - expected, steps * step, atol=1e-5)
        assert np.abs(steps).max() <= 1
        assert (steps == 0).mean() > 0.98


@pytest.mark.parametrize(("limits", "dtype"), [(ASYMMETRIC, "uint8"), (SYMMETRIC, "int8")])
def test_what_has_ranges_on_all_sides_computes_with_integers(limits, dtype):
    graph = graph_of(
        *random_layer("one", "a", limits),
        relu6("one/relu", "one"),
        *fake_quant("b", "one/relu", 0, 1.9),
        *random_layer("depthwise", "b", limits, depthwise=True),
        *fake_quant("c", "depthwise", -2.9, 1.7),
        node("sum", "AddV2", "c", "a", T=F),
        *fake_quant("d", "sum", -3.1, 2.2),
    )
    model = model_of(graph)
    assert types_of(model)[:3] == [("CONV_2D", dtype), ("DEPTHWISE_CONV_2D", dtype), ("ADD", dtype)]
    assert_within_a_step(graph, model, 2.2, -3.1)


def unsigned_codes_in(content):
    """The scales, but for their last bit, and zero points of all uint8 tensors of a file."""
    details = open_interpreter(content, "reference").get_tensor_details()
    found = [each["quantization"] for each in details if each["dtype"] == np.uint8]
    return {(f"{scale:.5g}", zero) for scale, zero in found}


def test_codes_are_those_of_tensorflows_converter(tmp_path):
    graph = graph_of(
        *random_layer("one", "a"),
        relu6("one/relu", "one"),
        *fake_quant("b", "one/relu", 0, 1.9),
        *random_layer("depthwise", "b", depthwise=True),
        *fake_quant("c", "depthwise", -2.9, 1.7),
    )
    (tmp_path / "graph.pb").write_bytes(graph.graph_def.SerializeToString())
    converter = tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(
        str(tmp_path / "graph.pb"), ["x"], ["c"]
    )
    converter.inference_type, converter.inference_input_type = tf.uint8, tf.float32
    converter.inference_output_type = tf.float32
    converter.quantized_input_stats = {"x": (0, 1)}
    expected = unsigned_codes_in(converter.convert())
    found = unsigned_codes_in(bytes(serialized(model_of(graph))))
    assert len(found) == 4
    assert found == expected


def test_codes_of_activations_are_the_integers_of_fake_quant():
    graph = graph_of(*random_layer("one", "a"), *fake_quant("b", "one", -1.7, 2.3))
    (codes,) = (each for each, name in model_of(graph).names.items() if name == "a")
    values = in_tensorflow(graph, {"x": IMAGE}, "a")
    counted = values / codes.quantization.scale[0] + codes.quantization.zero_point
    assert codes.dtype == "uint8"
    assert np.allclose(counted, np.rint(counted), atol=1e-4)
    assert (counted.min().round(), counted.max().round()) == (0, 255)


def test_kernels_are_the_integers_of_fake_quant_with_a_zero_point():
    graph = graph_of(*random_layer("one", "a"), *fake_quant("b", "one", -1.7, 2.3))
    kernel = next(each.inputs[1] for each in model_of(graph).operators if each.code == "CONV_2D")
    assert (kernel.dtype, kernel.constant.min()) == ("uint8", 1)
    steps = kernel.constant.astype(F) - kernel.quantization.zero_point
    expected = in_tensorflow(graph, {}, "one/kernel").transpose(3, 0, 1, 2)
    assert np.array_equal(steps * kernel.quantization.scale[0], expected)


def test_ranges_of_channels_around_zero_are_int8():
    ends = np.linspace(0.5, 1, CHANNELS)
    op, options = "FakeQuantWithMinMaxVarsPerChannel", {"num_bits": 8, "narrow_range": True}
    graph = graph_of(
        const("floats", RANDOM.uniform(-0.9, 0.9, (1, 1, CHANNELS, CHANNELS)), F),
        const("low", -ends, F),
        const("high", ends, F),
        node("kernel", op, "floats", "low", "high", **options),
        convolution("one", "a", "kernel"),
        *fake_quant("b", "one", -3, 3),
    )
    model = model_of(graph)
    assert types_of(model)[0] == ("CONV_2D", "int8")
    kernel = next(each.inputs[1] for each in model.operators if each.code == "CONV_2D")
    assert np.allclose(kernel.quantization.scale, ends / 127)
    assert_within_a_step(graph, model, 3, -3)


def test_what_has_no_range_stays_float_with_codes_for_kernels():
    graph = graph_of(
        *random_layer("one", "a"),
        node("tanh", "Tanh", "one", T=F),
        *fake_quant("b", "tanh", -1, 1),
        *random_layer("last", "b", depthwise=True),
    )
    model = model_of(graph)
    assert types_of(model)[0] == ("CONV_2D", "float32")
    stored = [each for each in model.tensors if each.constant is not None and each.rank == 4]
    assert {each.dtype for each in stored} == {"int8"}
    expected = in_tensorflow(graph, {"x": IMAGE}, "last")
    for backend in BACKENDS:
        found = in_litert(bytes(serialized(model)), IMAGE, backend)
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def joined(one, other, limits):
    return [
        const("axis", 3, np.int32),
        node("joined", "ConcatV2", one, other, "axis", N=2, T=F, Tidx=np.int32),
        *fake_quant("c", "joined", *limits),
    ]


@pytest.mark.parametrize(("limits", "dtype"), [((-1.1, 1.3), "uint8"), ((-2.1, 2), "float32")])
def test_values_are_moved_and_joined_as_codes_of_the_same_scale(limits, dtype):
    pool = {"ksize": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "padding": b"SAME"}
    graph = graph_of(
        node("pool", "MaxPool", "a", T=F, **pool),
        *random_layer("one", "pool"),
        *fake_quant("b", "one", -1.1, 1.3),
        *joined("a", "b", limits),
    )
    model = model_of(graph)
    assert types_of(model)[:3] == [
        ("MAX_POOL_2D", "uint8"),
        ("CONV_2D", "uint8"),
        ("CONCATENATION", dtype),
    ]
    assert_within_a_step(graph, model, limits[1], limits[0])


def test_a_constant_that_is_joined_keeps_the_join_float():
    graph = graph_of(
        *random_layer("one", "a"),
        *fake_quant("b", "one", -2, 2),
        const("other", np.full((1, 9, 10, 1), 0.7), F),
        *joined("b", "other", (-2, 2)),
    )
    model = model_of(graph)
    assert ("CONCATENATION", "float32") in types_of(model)
    assert_within_a_step(graph, model, 2, -2)


def test_sums_far_beyond_their_range_which_would_wrap_around_stay_float():
    graph = graph_of(
        *random_layer("one", "a"),
        *fake_quant("b", "one", -2, 2),
        node("sum", "AddV2", "a", "b", T=F),
        *fake_quant("c", "sum", -0.004, 0.007),
    )
    model = model_of(graph)
    assert ("ADD", "float32") in types_of(model)
    expected = in_tensorflow(graph, {"x": IMAGE}, "c")
    found = in_litert(bytes(serialized(model)), IMAGE, "reference")
    assert (np.sign(found) == np.sign(expected)).mean() > 0.99


@pytest.mark.parametrize("options", [{"narrow_range": True}, {"num_bits": 4}])
def test_activations_of_fewer_codes_are_rounded_with_floats(options):
    graph = graph_of(
        *random_layer("one", "a"),
        *fake_quant("b", "one", -2, 2, **options),
        *random_layer("last", "b"),
    )
    model = model_of(graph)
    kinds = [kind for kind in types_of(model) if kind[0] == "CONV_2D"]
    assert kinds == [("CONV_2D", "float32")] * 2
    expected = in_tensorflow(graph, {"x": IMAGE}, "last")
    found = in_litert(bytes(serialized(model)), IMAGE, BACKENDS[0])
    assert (np.abs(found - expected) <= 1e-5 * np.abs(expected).max()).mean() > 0.98


def test_a_network_with_a_range_in_one_place_was_not_trained_for_8_bits():
    kernel = RANDOM.normal(size=(1, 1, CHANNELS, CHANNELS))
    graph = graph_of(const("kernel", kernel, F), convolution("one", "a", "kernel"))
    assert find_trained(graph, prepare_and_rewrite(graph).graph) is None
