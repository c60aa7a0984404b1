from collections import Counter

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graph_def, node, placeholder
from support.networks import pictures
from support.running import run

from dlconv.convert.quantize.calibrated import Rounded
from dlconv.convert.quantize.grid import channel_grid, step_grid
from dlconv.convert.quantize.layers import find_layers
from dlconv.convert.quantize.onnx_storage import (
    ONNX_TARGET,
    store_codes,
    store_halves,
    stored_kernel,
    with_rounded,
)
from dlconv.convert.targets.onnx.model import write_model
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime


@pytest.fixture(scope="module", params=["per channel", "searched"])
def learned(request, learn):
    if request.param == "per channel":
        return learn(target=ONNX_TARGET)
    return learn(target=ONNX_TARGET, floors=Floors(0.9, None, None))


@pytest.fixture(scope="module")
def quantized(small, learned):
    return with_rounded(small, learned.rounded)


def model_of(quantized, learned):
    return store_codes(to_onnx(quantized, find_contract(quantized)), learned.rounded)[0]


def test_large_kernels_are_integers_and_all_else_stays_float(small, quantized, learned):
    model = model_of(quantized, learned)
    large = [layer for layer in find_layers(small) if not layer.is_small]
    assert len(large) == 1
    kinds = Counter(value.dtype.name for value in model.constants.values() if value.ndim == 4)
    integer = "uint8" if learned.found else "int8"
    assert kinds == {integer: 1, "float32": 4}
    assert [node.op_type for node in model.skeleton.graph.node].count("DequantizeLinear") == 1
    assert {node.domain for node in model.skeleton.graph.node} == {""}


def test_onnx_runtime_gives_the_labels_that_tensorflow_gives(quantized, learned, tmp_path):
    write_model(model_of(quantized, learned), tmp_path / "model.onnx")
    with OnnxruntimeRuntime(tmp_path / "model.onnx") as runtime:
        for picture in pictures(4):
            labels = run(quantized.graph_def, "labels", ImageTensor=picture)
            assert np.mean(runtime.infer(picture).labels == labels) > 0.999
            assert len(np.unique(labels)) > 1


def test_the_same_codes_give_the_same_bytes(quantized, learned):
    first, again = (
        model_of(quantized, learned).proto().SerializeToString(deterministic=True) for _ in range(2)
    )
    assert first == again


@given(st.integers(0, 1000), st.floats(0.02, 1), st.booleans())
def test_codes_stand_for_the_values_of_the_grid(small, seed, step, per_channel):
    (layer,) = (layer for layer in find_layers(small) if not layer.is_small)
    values = np.random.default_rng(seed).normal(size=layer.kernel.shape)
    grid = (
        channel_grid(values) if per_channel else step_grid(values, max(step, np.ptp(values) / 250))
    )
    kernel = stored_kernel(Rounded(layer, grid, grid.codes(values), None))
    assert kernel.codes.dtype == (np.int8 if per_channel else np.uint8)
    expected = grid.values(grid.codes(values)).transpose(3, 2, 0, 1)
    assert np.allclose(kernel.values(), expected, rtol=1e-6, atol=1e-6)


def test_a_kernel_that_is_not_in_the_model_is_an_error(small, learned):
    model = to_onnx(small, find_contract(small))
    with pytest.raises(DlconvError, match="the kernel of large/conv cannot be stored as codes"):
        store_codes(model, learned.rounded)


def test_halves_are_cast_back(small, tmp_path):
    model, stored = store_halves(to_onnx(small, find_contract(small)))
    write_model(model, tmp_path / "model.onnx")
    assert [value.codes.dtype for value in stored.values()] == [np.float16] * 5
    assert [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node].count(
        "Cast"
    ) >= 5
    with OnnxruntimeRuntime(tmp_path / "model.onnx") as runtime:
        (picture,) = pictures(1)
        labels = run(small.graph_def, "labels", ImageTensor=picture)
        assert np.mean(runtime.infer(picture).labels == labels) > 0.99


def test_a_graph_without_convolutions_has_nothing_to_quantize():
    graph = Graph(
        graph_def(placeholder("x", np.float32, (1, 4, 4, 3)), node("y", "Relu", "x", T=np.float32))
    )
    model = to_onnx(graph, find_contract(graph))
    with pytest.raises(DlconvError, match="nothing to quantize"):
        store_halves(model)
