from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from support.graphs import const, graph_def, layer, node, placeholder, relu6
from support.networks import CLASSES, pictures
from support.running import run

from dlconv.convert.quantize.apply import round_layers
from dlconv.convert.quantize.onnx_storage import store_codes, stored_kernel, with_rounded
from dlconv.convert.quantize.static import quantize_activations, static_target
from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.onnx.model import write_model
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime

F = np.float32


def photos(contract):
    return pictures(4)


@pytest.fixture(scope="module")
def graph():
    """A stem, a large layer, a depthwise one of two outputs a channel, and a head."""
    random = np.random.default_rng(2)

    def weights(*shape, inputs):
        return random.normal(scale=np.sqrt(2 / inputs), size=shape)

    head = weights(1, 1, 192, CLASSES, inputs=192)
    return rewrite(
        Graph(
            graph_def(
                placeholder("ImageTensor", np.uint8, (1, None, None, 3)),
                node("float", "Cast", "ImageTensor", SrcT=np.uint8, DstT=F),
                const("unit", 1 / 127.5, F),
                node("image", "Mul", "float", "unit", T=F),
                *layer("stem", "image", weights(3, 3, 3, 96, inputs=27), random.normal(size=96)),
                relu6("stem/relu", "stem"),
                *layer("large", "stem/relu", weights(1, 1, 96, 96, inputs=96), np.zeros(96)),
                relu6("large/relu", "large"),
                *layer(
                    "dw",
                    "large/relu",
                    weights(3, 3, 96, 2, inputs=9),
                    random.normal(size=192),
                    depthwise=True,
                ),
                relu6("dw/relu", "dw"),
                *layer(
                    "head",
                    "dw/relu",
                    6 * (head - head.mean(axis=2, keepdims=True)),
                    np.zeros(CLASSES),
                ),
                const("axis", 3, np.int32),
                node("labels", "ArgMax", "head", "axis", T=F, Tidx=np.int32, output_type=np.int64),
            )
        )
    ).graph


@pytest.fixture(scope="module")
def learned(graph):
    return round_layers(graph, find_contract(graph), static_target(graph), photos)


def model_of(graph, learned, progress=lambda *step: None):
    model = to_onnx(with_rounded(graph, learned.rounded), find_contract(graph))
    model, _ = store_codes(model, learned.rounded)
    return quantize_activations(model, learned.calibration.images, progress)


@pytest.fixture(scope="module")
def written(graph, learned, tmp_path_factory):
    path = tmp_path_factory.mktemp("static") / "model.onnx"
    write_model(model_of(graph, learned), path)
    return path


def test_layers_before_the_first_large_one_stay_float(learned):
    assert [each.layer.name for each in learned.rounded] == ["large/conv", "dw/conv", "head/conv"]


def test_kernels_have_seven_bits_and_depthwise_ones_eight(learned):
    stored = {each.layer.name: stored_kernel(each) for each in learned.rounded}
    assert {name: np.abs(kernel.codes.astype(int)).max() for name, kernel in stored.items()} == {
        "large/conv": 63,
        "dw/conv": 127,
        "head/conv": 63,
    }
    assert {name: kernel.codes.shape for name, kernel in stored.items()} == {
        "large/conv": (96, 96, 1, 1),
        "dw/conv": (192, 1, 3, 3),
        "head/conv": (CLASSES, 192, 1, 1),
    }
    for kernel in stored.values():
        assert kernel.scale.shape == kernel.codes.shape[:1]


def test_the_kernels_in_the_model_are_those_that_were_rounded(learned, written):
    """The tool that quantizes activations would round them once more."""
    tensors = {
        each.name: numpy_helper.to_array(each) for each in onnx.load(written).graph.initializer
    }
    kernels = [value for value in tensors.values() if value.dtype == np.int8 and value.ndim == 4]
    for each, kernel in zip(learned.rounded, kernels, strict=True):
        assert np.array_equal(kernel, stored_kernel(each).codes)


def test_onnx_runtime_computes_with_integers(written, tmp_path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])
    ops = Counter(each.op_type for each in onnx.load(tmp_path / "optimized.onnx").graph.node)
    assert ops["QLinearConv"] == 3
    assert ops["Conv"] + ops["FusedConv"] == 1, "the stem"
    assert not {"Clip", "Relu"} & set(ops), "the stem's is in its FusedConv, others in the integers"


def test_onnx_runtime_gives_nearly_the_labels_of_the_graph(graph, written):
    with OnnxruntimeRuntime(written) as runtime:
        for picture in pictures(8)[4:]:
            labels = run(graph.graph_def, "labels", ImageTensor=picture)
            assert np.mean(runtime.infer(picture).labels == labels) > 0.97
            assert len(np.unique(labels)) > 1


def test_the_same_photos_give_the_same_bytes(graph, learned, written, tmp_path):
    write_model(model_of(graph, learned), tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == written.read_bytes()


def test_progress_counts_photos(graph, learned):
    told = []
    model_of(graph, learned, lambda *step: told.append(step))
    assert told == [("calibrating activations", done, 4) for done in range(5)]


def test_a_graph_of_small_layers_has_nothing_to_compute_with_integers():
    graph = Graph(
        graph_def(
            placeholder("x", np.float32, (1, 9, 9, 3)),
            *layer("conv", "x", np.ones((3, 3, 3, 4)), np.zeros(4)),
        )
    )
    with pytest.raises(DlconvError, match="nothing to quantize"):
        round_layers(graph, find_contract(graph), static_target(graph), photos)
