import json
from dataclasses import replace

import numpy as np
import pytest
from support.artifacts import entries_of, nodes_of, weights_of
from support.graphs import const, tiny_segmenter
from support.networks import pictures
from support.running import run

from dlconv.convert.quantize.layers import find_layers
from dlconv.convert.quantize.onnx_storage import ONNX_TARGET
from dlconv.convert.quantize.storage import store_layers, store_nearest, tfjs_target
from dlconv.convert.stored import WeightType, store
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.recipe import Precision
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

F = np.float32


@pytest.fixture(scope="module", params=["per tensor", "per channel", "searched"])
def learned(request, learn, searched):
    if request.param == "searched":
        return searched
    return learn(per_channel=request.param == "per channel")


@pytest.fixture(scope="module")
def weights(small, learned):
    return store_layers(small, learned.rounded)


@pytest.fixture(scope="module")
def directory(weights, tmp_path_factory):
    return written(weights, tmp_path_factory.mktemp("model"))


def written(weights, directory):
    """The weights as a graph model, fused as ``dlconv tfjs`` does it."""
    graph = fuse_convolutions(weights.graph).graph
    contract = find_contract(weights.graph)
    write_graph_model(graph, contract, weights.stored, directory, weights.at_load)
    return directory


def test_codes_scales_and_minima_are_read_back_as_they_were_chosen(learned, directory):
    read = weights_of(directory)
    for each in learned.rounded:
        if each.grid.scale.ndim:
            continue
        kernel = read[each.layer.kernel_name]
        assert np.array_equal(kernel.codes, each.codes)
        assert (kernel.scale, kernel.minimum) == (each.grid.scale, each.grid.minimum)
        assert kernel.codes.dtype == ("uint8" if each.grid.last_code < 256 else "uint16")
        assert np.array_equal(kernel.values(), each.kernel)


def test_biases_are_read_back_as_the_calibration_saw_them(learned, directory):
    read = weights_of(directory)
    for each in learned.rounded:
        bias = read[each.layer.bias_name]
        assert bias.codes.dtype == "uint16"
        assert np.abs(bias.values() - each.bias).max() <= bias.scale


def test_a_kernel_per_channel_is_codes_around_zero_and_a_scale_for_each(small, learn, tmp_path):
    rounded = learn(per_channel=True).rounded
    written(store_layers(small, rounded), tmp_path)
    (large,) = [each for each in rounded if each.grid.scale.ndim]
    read = weights_of(tmp_path)
    assert "large/kernel" not in read
    integers, scales = read["large/kernel/codes"], read["large/kernel/scales"]
    assert integers.codes.dtype == "uint8"
    assert (integers.scale, integers.minimum) == (1, -127)
    assert np.array_equal(integers.codes, large.codes)
    assert "quantization" not in entries_of(tmp_path)["large/kernel/scales"]
    values = integers.values() * scales.codes
    assert np.allclose(values, large.kernel, rtol=1e-6, atol=0)
    assert not values[large.codes == 127].any()


def test_the_graph_computes_with_the_values_that_are_stored(small, learned, weights):
    """In TensorFlow: the scores of the stored graph are those of the rounded weights."""
    rounded = {name: value for each in learned.rounded for name, value in each.weights.items()}
    for picture in pictures(2):
        stored = run(weights.graph.graph_def, "head", ImageTensor=picture)
        expected = run(with_constants(small, rounded), "head", ImageTensor=picture)
        before = run(small.graph_def, "head", ImageTensor=picture)
        # A bias is stored once more, at steps of its own.
        assert np.abs(stored - expected).max() < 0.05 * np.abs(stored - before).max()


def with_constants(graph, values):
    """The graph with other values for its constants."""
    changed = type(graph.graph_def).FromString(graph.graph_def.SerializeToString())
    for node in changed.node:
        if node.name in values:
            node.CopyFrom(const(node.name, values[node.name]))
    return changed


def test_tensorflow_js_gives_the_labels_that_tensorflow_gives(weights, directory):
    with TfjsNodeRuntime(directory) as runtime:
        for picture in pictures(4):
            labels = runtime.infer(picture).labels
            expected = run(weights.graph.graph_def, "labels", ImageTensor=picture)
            assert np.mean(labels == expected) > 0.998
            assert len(np.unique(labels)) > 1


def test_what_needs_no_input_is_computed_when_the_model_is_loaded(learned, weights, directory):
    by_channel = [each for each in learned.rounded if each.grid.scale.ndim]
    assert len(weights.at_load) == len(by_channel)
    products = [node["name"] for node in nodes_of(directory).values() if node["op"] == "Mul"]
    assert products == ["image"]
    model = json.loads((directory / "model.json").read_text())
    assert ("modelInitializer" in model) == bool(by_channel)
    assert {*model["signature"]["inputs"]} == {"ImageTensor", *weights.at_load}


def test_the_shards_weigh_what_the_codes_do(learned, directory):
    (shard,) = directory.glob("*.bin")
    wide = [each for each in learned.rounded if each.grid.last_code >= 256]
    weights = sum(each.codes.size for each in learned.rounded)
    least = weights + sum(each.codes.size for each in wide)
    biases = 2 * sum(each.bias.size for each in learned.rounded)
    scales = 4 * sum(each.grid.scale.size for each in learned.rounded if each.grid.scale.ndim)
    others = 3 * 4  # half, unit, axis
    assert shard.stat().st_size == least + biases + scales + others


def test_small_layers_keep_16_bits_and_large_ones_have_8(small, learn):
    for per_channel in (False, True):
        target = tfjs_target(per_channel)
        for layer in find_layers(small):
            assert target.takes(layer)
            for grid in target.grids(layer):
                assert (grid.last_code < 256) == (layer.name == "large/conv")
                assert bool(grid.scale.ndim) == (per_channel and layer.name == "large/conv")


def test_what_was_trained_for_8_bits_has_its_own_steps_in_both_targets(small):
    codes = np.random.default_rng(4).integers(-127, 128, size=(1, 1, 96, 96))
    kernel = codes.astype(F) * F(0.0123)
    layer = replace(next(each for each in find_layers(small) if not each.is_small), kernel=kernel)
    for target in (tfjs_target(False), tfjs_target(True), ONNX_TARGET):
        (grid,) = target.grids(layer)
        assert grid.scale == F(0.0123)


@pytest.mark.parametrize(
    ("scheme", "precision"),
    [
        (Precision.PLAIN1, WeightType.UINT8),
        (Precision.UINT16, WeightType.UINT16),
        (Precision.FLOAT16, WeightType.FLOAT16),
    ],
)
def test_without_images_each_weight_is_stored_at_the_nearest_value(small, scheme, precision):
    weights = store_nearest(small, scheme)
    assert weights.graph is small
    assert weights.at_load == ()
    names = {f"{name}/{part}" for name in LAYERS for part in ("kernel", "bias")}
    assert set(weights.stored) - {"half", "unit"} == names
    assert ("unit" in weights.stored) == (scheme is Precision.PLAIN1)
    kernel = small.constant(small.nodes["wide/kernel"])
    nearest = store(kernel, precision)
    assert np.array_equal(weights.stored["wide/kernel"].codes, nearest.codes)
    assert weights.stored["wide/kernel"].scale == nearest.scale


LAYERS = ("stem", "dw", "wide", "large", "head")


@pytest.mark.parametrize("scheme", [Precision.PLAIN1, Precision.UINT16, Precision.FLOAT16])
def test_a_graph_without_weights_is_refused(scheme):
    graph = tiny_segmenter()
    (conv,) = [node for node in graph.node if node.op == "Conv2D"]
    conv.op = "Relu"
    del conv.input[1:], graph.node[2:4]  # the kernel, and what reads it
    with pytest.raises(DlconvError, match="nothing to quantize"):
        store_nearest(Graph(graph), scheme)
