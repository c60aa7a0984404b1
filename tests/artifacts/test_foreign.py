import json
import os
import re

import onnx
import pytest
from support.artifacts import PLAIN, onnx_artifact, tfjs_artifact
from support.graphs import const, tiny_kernel, tiny_segmenter
from support.layout_2018 import write_layout_2018
from support.running import node_of
from support.tflite_files import FLOAT16, FLOAT32, INT8, INT32, UINT8, Parts, scales, tensor

from dlconv.artifacts.foreign import foreign_artifact
from dlconv.artifacts.manifest import Source
from dlconv.convert.stored import WeightType
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

SOURCE = Source("tiny", 1, "0" * 64)
REFERENCE = find_contract(Graph(tiny_segmenter()))


def described(path):
    return foreign_artifact(path, SOURCE, REFERENCE, ("a", "b"))


@pytest.fixture
def tfjs(tiny, tmp_path):
    directory = tfjs_artifact(tiny, tmp_path / "model").directory
    (directory / "manifest.json").unlink()
    return directory


@pytest.fixture
def onnx_file(tiny, tmp_path):
    entry = onnx_artifact(tiny, tmp_path / "onnx").entry
    (entry.parent / "manifest.json").unlink()
    return entry


def external(name, location):
    """A tensor whose values are in another file."""
    tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=[1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def change(directory, edit):
    path = directory / "model.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("signed", [True, False])
def test_a_graph_model_is_described_by_its_signature_or_its_graph(tfjs, signed):
    if not signed:
        change(tfjs, lambda content: content.pop("signature"))
    artifact = described(tfjs)
    manifest = artifact.manifest
    assert (manifest.contract.input.node, manifest.contract.input.dtype) == ("ImageTensor", "uint8")
    assert manifest.contract.input.shape == (1, None, None, 3)
    assert manifest.contract.output.node == "SemanticPredictions"
    assert (manifest.target, manifest.precision, manifest.source) == ("tfjs", "float32", SOURCE)
    assert artifact.entry == tfjs / "model.json"
    assert [file.path for file in manifest.files] == ["model.json", "group1-shard1of1.bin"]
    artifact.check_files()
    assert described(tfjs / "model.json") == artifact


def test_quantized_weights_are_seen(tiny, tmp_path):
    directory = tfjs_artifact(tiny, tmp_path / "model", PLAIN).directory
    assert described(directory).manifest.precision == "uint8"


def test_a_model_of_2018_is_described_by_its_graph(tmp_path):
    old = write_layout_2018(tiny_segmenter(), tmp_path / "old", WeightType.UINT8)
    artifact = described(old)
    manifest = artifact.manifest
    assert (manifest.target, manifest.precision) == ("tfjs", "uint8")
    assert manifest.contract.input == REFERENCE.input
    assert manifest.contract.output == REFERENCE.output
    assert artifact.entry == old / "tensorflowjs_model.pb"
    names = ["tensorflowjs_model.pb", "weights_manifest.json", "group1-shard1of1"]
    assert [file.path for file in manifest.files] == names
    artifact.check_files()
    assert described(old / "tensorflowjs_model.pb") == artifact


def test_todays_layout_is_preferred_where_both_lie(tfjs):
    write_layout_2018(tiny_segmenter(), tfjs)
    assert described(tfjs).entry == tfjs / "model.json"


@pytest.mark.parametrize(("dtype", "precision"), [("float32", "float32"), ("float16", "float16")])
def test_a_frozen_graph_is_described_by_its_contract_and_its_kernels(
    frozen_on_disk, dtype, precision
):
    graph = tiny_segmenter()
    node_of(graph, "weights").CopyFrom(const("weights", tiny_kernel(), dtype))
    path = frozen_on_disk(graph).path
    manifest = described(path).manifest
    assert (manifest.target, manifest.precision) == ("tensorflow", precision)
    assert (manifest.contract.input, manifest.contract.output) == (
        REFERENCE.input,
        REFERENCE.output,
    )
    assert [file.path for file in manifest.files] == [path.name]


def test_an_onnx_file_is_described_by_its_inputs_and_outputs(onnx_file):
    manifest = described(onnx_file).manifest
    assert (manifest.target, manifest.precision) == ("onnx", "float32")
    assert re.fullmatch(r"dlconv [\d.]+.*, opset \d+", manifest.converter)
    assert manifest.contract.input.shape == (1, None, None, 3)
    assert manifest.contract.output.dtype == "int64"
    assert manifest.same_function


def test_a_fixed_input_of_another_size_is_another_function(onnx_file):
    model = onnx.load(onnx_file)
    for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim[1:3], (5, 7), strict=True):
        dim.dim_value = size
    onnx.save(model, onnx_file)
    manifest = described(onnx_file).manifest
    assert manifest.contract.crop == (5, 7)
    assert manifest.same_function is False


def segmenter(tmp_path, photo, labels):
    """A file of LiteRT with these inputs and outputs."""
    path = Parts().but(tensors=(photo, Parts().tensors[1], labels)).written(tmp_path / "m.tflite")
    return described(path)


@pytest.mark.parametrize(
    ("kind", "fields", "dtype", "reason"),
    [
        (FLOAT32, {}, "float32", "the file's own"),
        (UINT8, {}, "uint8", "the file's own"),
        (
            INT8,
            {"Quantization": scales(0.5, -128)},
            "uint8",
            "the file's own: codes, each for (code + 128) * 0.5",
        ),
    ],
)
def test_a_tflite_file_is_described_by_its_inputs_and_outputs(
    tmp_path, kind, fields, dtype, reason
):
    photo = tensor("photo", (1, 5, 7, 3), kind, **fields)
    artifact = segmenter(tmp_path, photo, tensor("labels", (1, 5, 7), INT32))
    manifest = artifact.manifest
    assert (manifest.target, manifest.precision, manifest.converter) == (
        "litert",
        "float32",
        "by hand",
    )
    found = manifest.contract.input
    assert (found.node, found.dtype, found.shape) == ("photo", dtype, (1, 5, 7, 3))
    assert found.reason == reason
    assert (manifest.contract.output.node, manifest.contract.output.dtype) == ("labels", "int32")
    assert (manifest.contract.crop, manifest.same_function) == ((5, 7), False)
    assert [file.path for file in manifest.files] == ["m.tflite"]
    artifact.check_files()


@pytest.mark.parametrize("kind", [INT32, FLOAT16, 99])
def test_a_tflite_file_that_takes_no_pixels_is_refused(tmp_path, kind):
    photo = tensor("photo", (1, 5, 7, 3), kind)
    with pytest.raises(DlconvError, match="and not a photo"):
        segmenter(tmp_path, photo, tensor("labels", (1, 5, 7), INT32))


def test_quantized_scores_say_what_their_codes_stand_for(tmp_path):
    scores = tensor("scores", (1, 5, 7, 2), UINT8, Quantization=scales(0.25, 3))
    artifact = segmenter(tmp_path, tensor("photo", (1, 5, 7, 3), UINT8), scores)
    output = artifact.manifest.contract.output
    assert output.dtype == "uint8"
    assert output.reason == "the file's own: codes, each for (code - 3) * 0.25"


def empty(content):
    content.clear()


def two_outputs(content):
    content["signature"]["outputs"]["again"] = content["signature"]["outputs"].copy().popitem()[1]


def missing_shard(content):
    content["weightsManifest"][0]["paths"].append("more.bin")


def stray_shard(content):
    content["weightsManifest"][0]["paths"] = ["../secret.bin"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (empty, "is not the model.json of a TF.js graph model"),
        (two_outputs, "has 2 outputs, not one"),
        (missing_shard, r"names files that are missing: more\.bin"),
        (stray_shard, r"names '../secret\.bin', which is not a file beside it"),
    ],
)
def test_what_cannot_be_checked_says_why(tfjs, edit, message):
    (tfjs.parent / "secret.bin").write_bytes(b"")
    change(tfjs, edit)
    with pytest.raises(DlconvError, match=message) as raised:
        described(tfjs)
    assert "\n" not in str(raised.value)


def cut_shard(directory):
    (shard,) = directory.glob("*.bin")
    shard.write_bytes(shard.read_bytes()[:-1])


def unprintable_maker(directory):
    change(directory, lambda content: content.update(convertedBy="evil\x1b[2J"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_shard, "hold 39 bytes, their weights take 40"),
        (unprintable_maker, "has a name that cannot be shown: evil"),
    ],
)
def test_what_inspect_refuses_of_a_graph_model_cannot_be_checked(tfjs, damage, message):
    damage(tfjs)
    with pytest.raises(DlconvError, match=message):
        described(tfjs)


def test_weights_that_have_no_fixed_size_do_not_keep_a_graph_model_from_being_checked(tfjs):
    words = {"name": "words", "shape": [1], "dtype": "string"}
    change(tfjs, lambda content: content["weightsManifest"][0]["weights"].append(words))
    assert described(tfjs).manifest.target == "tfjs"


def impossible_shape(model):
    model.graph.initializer[0].dims[:] = [2**62, 4]


def unprintable_name(model):
    model.producer_name = "evil\x1b[2J"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (impossible_shape, "the constant .* has an impossible shape"),
        (unprintable_name, "has a name that cannot be shown: evil"),
    ],
)
def test_what_inspect_refuses_of_an_onnx_file_cannot_be_checked(onnx_file, damage, message):
    model = onnx.load(onnx_file)
    damage(model)
    onnx_file.write_bytes(model.SerializeToString())
    with pytest.raises(DlconvError, match=message):
        described(onnx_file)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("w.data", r"names files that are missing: w\.data"),
        ("../w.data", r"names '\.\./w\.data', which is not a file beside it"),
    ],
)
def test_values_in_other_files_are_of_the_artifact(onnx_file, location, message):
    model = onnx.load(onnx_file)
    model.graph.initializer.append(external("far", location))
    onnx_file.write_bytes(model.SerializeToString())
    with pytest.raises(DlconvError, match=message):
        described(onnx_file)
    if location == "w.data":
        (onnx_file.parent / location).write_bytes(b"1234")
        files = described(onnx_file).manifest.files
        assert [file.path for file in files] == [onnx_file.name, "w.data"]


def test_no_weight_is_decoded(tfjs, onnx_file, monkeypatch):
    def forbidden(*_):
        raise AssertionError("a weight was decoded")

    monkeypatch.setattr("onnx.numpy_helper.to_array", forbidden)
    monkeypatch.setattr("dlconv.formats.tfjs_weights.Weight.values", forbidden)
    assert described(onnx_file).manifest.precision == "float32"
    assert described(tfjs).manifest.precision == "float32"


def test_an_input_that_is_no_photo_is_refused(onnx_file):
    model = onnx.load(onnx_file)
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 4
    onnx.save(model, onnx_file)
    with pytest.raises(DlconvError, match="not a photo"):
        described(onnx_file)


def test_an_onnx_file_that_is_damaged_or_none_is_refused(onnx_file):
    whole = onnx_file.read_bytes()
    model = onnx.ModelProto.FromString(whole)
    model.graph.input[0].type.tensor_type.elem_type = 99
    name = model.graph.output[0].name.encode()
    for content, message in {
        model.SerializeToString(): "of an unknown type",
        whole.replace(name, b"\xff" * len(name)): "not an ONNX file|has names that are not UTF-8",
        whole[:-9]: "is not an ONNX file",
        b"<html>404</html>": "is an HTML page, not an ONNX file",
        b"": "is empty, not an ONNX file",
    }.items():
        onnx_file.write_bytes(content)
        with pytest.raises(DlconvError, match=message):
            described(onnx_file)
    os.truncate(onnx_file, 3 << 30)
    with pytest.raises(DlconvError, match="larger than an ONNX file can be"):
        described(onnx_file)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "there is no model.json, tensorflowjs_model.pb, ONNX file or .tflite file at"),
        ("folder", "there is no model.json, tensorflowjs_model.pb, ONNX file or .tflite file at"),
        ("text.onnx", "is not an ONNX file"),
        ("text.pb", "is not a GraphDef"),
        ("text.tflite", "is not a .tflite file"),
        ("text.txt", "is not the model.json of a TF.js graph model"),
    ],
)
def test_what_is_no_artifact_is_refused(tmp_path, name, message):
    for suffix in (".onnx", ".pb", ".tflite", ".txt"):
        (tmp_path / f"text{suffix}").write_text("no model")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DlconvError, match=message):
        described(tmp_path / name)
