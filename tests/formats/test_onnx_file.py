import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from support.artifacts import onnx_artifact

from dlconv.errors import DlconvError
from dlconv.formats.onnx_file import read_onnx
from dlconv.recipe import Precision

KERNEL = np.arange(-12, 12, dtype=np.int8).reshape(2, 3, 2, 2)


def model_of(nodes, constants, outputs=("y",)):
    """A model with an input x and constants, by name."""
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, None]) for n in ("x", *outputs)]
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def read(model, tmp_path):
    onnx.save(model, tmp_path / "model.onnx")
    return read_onnx(tmp_path / "model.onnx")


def test_what_dlconv_writes_is_read(tiny, tmp_path):
    onnx_artifact(tiny, tmp_path / "tiny.onnx")
    network = read_onnx(tmp_path / "tiny.onnx")
    assert network.maker.startswith("dlconv ")
    (photo,), (labels,) = network.inputs, network.outputs
    assert (photo.node, photo.dtype, photo.shape) == ("ImageTensor", "uint8", (1, None, None, 3))
    assert labels.dtype == "int64"
    assert network.ops["Conv"] == 1
    assert [weight.shape for weight in network.weights] == [(3, 3, 1, 1)]


def test_halves_count_as_what_a_cast_makes_of_them(tiny, tmp_path):
    onnx_artifact(tiny, tmp_path / "half.onnx", Precision.FLOAT16)
    (weight,) = read_onnx(tmp_path / "half.onnx").weights
    assert (weight.dtype, weight.stored_dtype, weight.bytes) == ("float32", "float16", 18)
    assert weight.values.dtype == np.float32


def test_codes_count_as_what_dequantizing_makes_of_them(tmp_path):
    scale = np.array([0.5, 0.25], np.float32)
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", "scale"], ["kernel"], axis=0),
        helper.make_node("Conv", ["x", "kernel"], ["y"]),
    ]
    (weight,) = read(model_of(nodes, {"codes": KERNEL, "scale": scale}), tmp_path).weights
    assert (weight.name, weight.dtype, weight.stored_dtype) == ("codes", "float32", "int8")
    assert np.array_equal(weight.values, KERNEL * scale[:, None, None, None])
    assert (weight.bytes, weight.scale) == (24, 0.5)


def test_a_zero_point_is_taken_away_before_it_overflows(tmp_path):
    constants = {"codes": np.uint8([0, 255]), "scale": np.float32(2), "zero": np.uint8(128)}
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["w"]),
        helper.make_node("Add", ["x", "w"], ["y"]),
    ]
    (weight,) = read(model_of(nodes, constants), tmp_path).weights
    assert weight.values.tolist() == [-256, 254]


def test_constant_nodes_and_graphs_within_nodes_count(tmp_path):
    tensor = numpy_helper.from_array(np.float32([1, 2]), "value")
    then = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "then", [], [])
    nodes = [
        helper.make_node("Constant", [], ["w"], value=tensor),
        helper.make_node("If", ["c"], ["i"], then_branch=then, else_branch=then),
        helper.make_node("Add", ["x", "w"], ["y"]),
        helper.make_node("Gelu", ["x"], ["g"], domain="com.microsoft"),
    ]
    network = read(model_of(nodes, {"c": np.bool_(True)}), tmp_path)
    assert [weight.name for weight in network.weights] == ["w"]
    assert network.ops == {"Relu": 2, "Constant": 1, "If": 1, "Add": 1, "com.microsoft.Gelu": 1}


def test_values_in_files_of_their_own_are_not_known(tmp_path):
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"w": np.ones(999, np.float32)})
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0)
    network = read_onnx(tmp_path / "m.onnx")
    (weight,) = network.weights
    assert (weight.shape, weight.bytes, weight.values) == ((999,), 3996, None)
    assert network.unknown == ("the values of 1 weights",)


def test_a_tensor_that_is_cut_is_refused(tmp_path):
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"w": np.ones(9, np.float32)})
    model.graph.initializer[0].raw_data = b"cut"
    with pytest.raises(DlconvError, match="the values of w do not match its shape"):
        read(model, tmp_path)


def test_scales_that_do_not_fit_are_refused(tmp_path):
    nodes = [helper.make_node("DequantizeLinear", ["codes", "scale"], ["y"], axis=0)]
    model = model_of(nodes, {"codes": KERNEL, "scale": np.ones(3, np.float32)})
    with pytest.raises(DlconvError, match="the scales of codes do not fit its shape"):
        read(model, tmp_path)


def test_names_that_are_no_text_are_refused(tmp_path):
    model = model_of([helper.make_node("Relu", ["x"], ["yyyy"])], {}, ["yyyy"])
    content = model.SerializeToString().replace(b"yyyy", b"y\xffyy")
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(DlconvError, match="names that are not UTF-8"):
        read_onnx(tmp_path / "model.onnx")


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, data):
    scale = np.array([0.5, 0.25], np.float32)
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", "scale"], ["kernel"], axis=0),
        helper.make_node("Conv", ["x", "kernel"], ["y"]),
    ]
    content = bytearray(
        model_of(nodes, {"codes": KERNEL, "scale": scale, "w": scale}).SerializeToString()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "model.onnx"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    refusal = ""
    try:
        read_onnx(path)
    except DlconvError as error:
        refusal = error.message
    assert "\n" not in refusal


@pytest.mark.parametrize("dims", [[-1], [3, -2], [2**62, 4], [1] * 33])
@pytest.mark.parametrize("is_external", [True, False])
def test_a_constant_of_an_impossible_shape_is_refused(tmp_path, dims, is_external):
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"w": np.ones(9, np.float32)})
    (tensor,) = model.graph.initializer
    tensor.dims[:] = dims
    if is_external:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="w.data")
    with pytest.raises(DlconvError, match="the constant w has an impossible shape"):
        read(model, tmp_path)


def test_an_extent_below_zero_is_one_that_varies(tmp_path):
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], {})
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    assert read(model, tmp_path).inputs[0].shape == (None, None)


def test_files_with_values_are_of_the_network_where_they_are_there(tmp_path):
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"w": np.ones(999, np.float32)})
    path = tmp_path / "m.onnx"
    options = {"save_as_external_data": True, "location": "w.data", "size_threshold": 0}
    onnx.save(model, path, **options)
    assert read_onnx(path).files == (path, tmp_path / "w.data")
    (tmp_path / "w.data").unlink()
    assert read_onnx(path).files == (path,)


def test_values_in_a_folder_below_are_not_read_and_no_trouble(tmp_path):
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"w": np.ones(9, np.float32)})
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights/w.data")
    network = read(model, tmp_path)
    assert [path.name for path in network.files] == ["model.onnx"]
    assert network.unknown == ("the values of 1 weights",)
