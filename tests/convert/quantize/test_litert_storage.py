from collections import Counter

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from support.graphs import const, graph_def, layer, node, placeholder, relu6
from support.networks import CLASSES, pictures

from dlconv.convert.quantize.apply import any_network, round_layers
from dlconv.convert.quantize.litert_storage import litert_target, quantize_model, store_halves
from dlconv.convert.quantize.onnx_storage import with_rounded
from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.litert.file import write_model
from dlconv.convert.targets.litert.lower import lowered
from dlconv.convert.targets.litert.write import to_litert
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.progress import no_progress

F = np.float32
SIDE = 24


@pytest.fixture(scope="module")
def graph():
    """A stem, a large layer, a depthwise one, a sum, a pooled branch of one pixel, and a head."""
    random = np.random.default_rng(2)

    def weights(*shape, inputs):
        return random.normal(scale=np.sqrt(2 / inputs), size=shape)

    head = weights(1, 1, 96, CLASSES, inputs=96)
    head -= head.mean(axis=2, keepdims=True)
    return rewrite(
        Graph(
            graph_def(
                placeholder("ImageTensor", np.uint8, (1, SIDE, SIDE, 3)),
                node("float", "Cast", "ImageTensor", SrcT=np.uint8, DstT=F),
                const("unit", 1 / 127.5, F),
                node("image", "Mul", "float", "unit", T=F),
                *layer("stem", "image", weights(3, 3, 3, 96, inputs=27), random.normal(size=96)),
                relu6("stem/relu", "stem"),
                *layer("large", "stem/relu", weights(1, 1, 96, 96, inputs=96), np.zeros(96)),
                relu6("large/relu", "large"),
                *layer(
                    "dw", "large/relu", weights(3, 3, 96, 1, inputs=9), np.zeros(96), depthwise=True
                ),
                node("sum", "AddV2", "dw", "stem/relu", T=F),
                node(
                    "pool",
                    "AvgPool",
                    "sum",
                    T=F,
                    ksize=[1, SIDE, SIDE, 1],
                    strides=[1, 1, 1, 1],
                    padding=b"VALID",
                ),
                *layer("pooled", "pool", weights(1, 1, 96, 96, inputs=96), np.zeros(96)),
                *layer("rest", "sum", weights(1, 1, 96, 96, inputs=96), np.zeros(96)),
                node("joined", "AddV2", "rest", "pooled", T=F),
                relu6("joined/relu", "joined"),
                *layer("head", "joined/relu", 6 * head, np.zeros(CLASSES)),
                const("axis", 3, np.int32),
                node("labels", "ArgMax", "head", "axis", T=F, Tidx=np.int32, output_type=np.int64),
            )
        )
    ).graph


def photos(contract):
    return pictures(4, (SIDE, SIDE))


@pytest.fixture(scope="module")
def learned(graph):
    return round_layers(graph, find_contract(graph), litert_target(graph), photos)


def model_of(graph):
    contract = find_contract(graph)
    return to_litert(lowered(graph, contract), contract)


@pytest.fixture(scope="module")
def static(graph, learned):
    rounded = with_rounded(graph, learned.rounded)
    images = learned.calibration.images
    contract = find_contract(graph)
    model, _ = quantize_model(
        model_of(rounded), rounded, contract, learned.rounded, images, any_network, no_progress
    )
    return model


def labels_of(model, path):
    write_model(model, path)
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for image in pictures(8, (SIDE, SIDE)):
        interpreter.set_tensor(given["index"], image)
        interpreter.invoke()
        found.append(interpreter.get_tensor(output["index"]))
    return np.concatenate(found)


def types_of(model):
    """The element type that each convolution computes with, by the name of what it gives."""
    return {
        model.names[each.outputs[0]]: each.outputs[0].dtype
        for each in model.operators
        if "CONV_2D" in each.code
    }


def test_layers_before_the_first_large_one_and_the_last_one_have_no_codes(learned):
    names = {each.layer.name for each in learned.rounded}
    assert names == {"large/conv", "dw/conv", "pooled/conv", "rest/conv"}


def test_layers_compute_with_integers_but_for_those_of_one_pixel(static):
    assert types_of(static) == {
        "stem/relu": "float32",
        "large/relu": "int8",
        "dw": "int8",
        "pooled": "float32",
        "rest": "int8",
        "head": "float32",
    }


def test_kernels_are_int8_with_a_scale_for_each_channel_around_zero(learned, static):
    kernels = {
        name: tensor
        for tensor, name in static.names.items()
        if tensor.constant is not None and tensor.dtype == "int8"
    }
    for each in learned.rounded:
        stored = kernels[each.layer.kernel_name]
        assert (stored.quantization.zero_point, stored.quantization.axis) == (
            (0, 3) if each.layer.is_depthwise else (0, 0)
        )
        values = stored.constant.astype(F) * (
            stored.quantization.scale
            if each.layer.is_depthwise
            else stored.quantization.scale[:, None, None, None]
        )
        in_order = values if each.layer.is_depthwise else values.transpose(1, 2, 3, 0)
        assert np.allclose(in_order.reshape(each.kernel.shape), each.kernel, rtol=1e-6, atol=0)


def test_a_sum_of_integers_keeps_its_inputs_scales_apart(static):
    (found,) = [
        each for each in static.operators if each.code == "ADD" and each.outputs[0].dtype == "int8"
    ]
    scales = {float(each.quantization.scale[0]) for each in (*found.inputs, *found.outputs)}
    assert len(scales) == 3


def test_integers_give_nearly_the_labels_of_floats(graph, static, tmp_path):
    expected = labels_of(model_of(graph), tmp_path / "float32.tflite")
    assert len(np.unique(expected)) >= 3
    found = labels_of(static, tmp_path / "static.tflite")
    assert (found == expected).mean() > 0.97
    sizes = {name: (tmp_path / f"{name}.tflite").stat().st_size for name in ("float32", "static")}
    assert sizes["static"] < 0.5 * sizes["float32"]


def test_the_same_images_give_the_same_bytes(graph, learned, static, tmp_path):
    write_model(static, tmp_path / "one.tflite")
    rounded = with_rounded(graph, learned.rounded)
    again, _ = quantize_model(
        model_of(rounded),
        rounded,
        find_contract(graph),
        learned.rounded,
        learned.calibration.images,
        any_network,
        no_progress,
    )
    write_model(again, tmp_path / "other.tflite")
    assert (tmp_path / "one.tflite").read_bytes() == (tmp_path / "other.tflite").read_bytes()


def test_halves_give_nearly_the_labels_of_floats(graph, tmp_path):
    expected = labels_of(model_of(graph), tmp_path / "float32.tflite")
    model, stored = store_halves(model_of(graph))
    assert {value.codes.dtype.name for value in stored.values()} == {"float16"}
    assert (labels_of(model, tmp_path / "halves.tflite") == expected).mean() > 0.99
    assert Counter(each.code for each in model.operators)["DEQUANTIZE"] == len(stored) == 6
