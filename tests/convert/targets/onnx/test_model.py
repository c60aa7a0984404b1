import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.artifacts import onnx_artifact
from support.graphs import tiny_segmenter

from dlconv.artifacts.manifest import read_artifact
from dlconv.convert.targets.onnx import model as models
from dlconv.convert.targets.onnx.model import Model, check, write_model
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime


@pytest.fixture
def tiny_model():
    """A model whose kernel, [300, 3, 1, 1], is large enough to be apart."""
    kernel = np.random.default_rng(0).normal(size=(1, 1, 3, 600)).astype(np.float32)
    graph = Graph(tiny_segmenter(kernel=kernel))
    return to_onnx(graph, find_contract(graph))


def constants_of(path):
    return {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def test_what_is_written_in_parts_is_what_onnx_would_write(tiny_model, tmp_path):
    write_model(tiny_model, tmp_path / "model.onnx")
    assert onnx.load(tmp_path / "model.onnx") == tiny_model.proto()
    onnx.checker.check_model(tmp_path / "model.onnx", full_check=True)


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int8", "int64", "bool"])
def test_constants_of_any_type_order_and_size_are_kept(tmp_path, dtype):
    random = np.random.default_rng(1)
    arrays = {
        "large": random.integers(0, 2, (40, 50)).astype(dtype).T,
        "small": random.integers(0, 2, (2, 3)).astype(dtype),
        "empty": np.zeros((0, 3), dtype),
        "scalar": np.array(1, dtype),
    }
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    names = [*arrays]
    outputs = [
        helper.make_tensor_value_info(f"{name}/out", element, array.shape)
        for name, array in arrays.items()
    ]
    nodes = [helper.make_node("Identity", [name], [f"{name}/out"]) for name in names]
    skeleton = helper.make_model(
        helper.make_graph(nodes, "g", [], outputs), opset_imports=[helper.make_opsetid("", 17)]
    )
    model = Model(skeleton, arrays)
    assert onnx.load_from_string(model.proto().SerializeToString()) == model.proto()
    write_model(model, tmp_path / "a.onnx")
    for name, array in constants_of(tmp_path / "a.onnx").items():
        assert array.dtype == arrays[name].dtype
        assert np.array_equal(array, arrays[name])


def test_taking_a_model_apart_loses_nothing(tiny_model):
    whole = tiny_model.proto()
    apart = Model.of(tiny_model.proto())
    assert not apart.skeleton.graph.initializer
    assert apart.proto() == whole


def test_a_model_too_large_for_a_file_has_its_constants_beside_it(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "MOST_BYTES", 0)
    monkeypatch.setattr(models, "MOST_SMALL", 8)
    photo = np.random.default_rng(2).integers(0, 256, (1, 5, 7, 3), np.uint8)
    for place in (tmp_path / "folder", tmp_path / "files" / "net.onnx"):
        artifact = onnx_artifact(tiny, place)
        name = artifact.entry.name
        assert {each.path for each in artifact.manifest.files} == {name, f"{name}.data"}
        assert (artifact.directory / f"{name}.data").stat().st_size == 36
        assert read_artifact(place) == artifact
        artifact.check_files()
        onnx.checker.check_model(artifact.entry, full_check=True)
        with OnnxruntimeRuntime(artifact.entry) as runtime:
            apart = runtime.infer(photo).labels
    monkeypatch.undo()
    whole = onnx_artifact(tiny, tmp_path / "folder")
    assert [each.path for each in whole.manifest.files] == ["model.onnx"]
    with OnnxruntimeRuntime(whole.entry) as runtime:
        assert np.array_equal(runtime.infer(photo).labels, apart)


def test_what_onnx_rejects_is_not_written(tiny_model, tmp_path):
    tiny_model.skeleton.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    with pytest.raises(DlconvError, match="ONNX's checker rejects the model"):
        write_model(tiny_model, tmp_path / "model.onnx")
    assert not any(tmp_path.iterdir())
    with pytest.raises(DlconvError):
        check(tiny_model)
