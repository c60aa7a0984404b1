"""Manifests of schema 1, as dlconv 0.1 wrote them for the sample's ONNX artifacts."""

import json
from pathlib import Path

import pytest

from dlconv.artifacts.manifest import Images, read_artifact
from dlconv.errors import DlconvError
from dlconv.recipe import Precision, Recipe

SCHEMA_1 = Path(__file__).parent / "schema_1"


@pytest.fixture
def content():
    return json.loads((SCHEMA_1 / "onnx-uint8-static.json").read_text())


@pytest.fixture
def read(tmp_path):
    """Read a manifest of this content."""

    def read(content):
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(content))
        return read_artifact(path).manifest

    return read


@pytest.mark.parametrize(
    ("name", "precision", "title"),
    [
        ("onnx-uint8", Precision.INT8, "onnx int8 (tf2onnx)"),
        ("onnx-uint8-static", Precision.STATIC, "onnx int8 static (tf2onnx)"),
    ],
)
def test_its_options_are_the_recipe(read, name, precision, title):
    content = json.loads((SCHEMA_1 / f"{name}.json").read_text())
    manifest = read(content)
    recipe = Recipe("onnx", precision, converter="tf2onnx")
    assert (manifest.schema, manifest.precision, manifest.recipe) == (2, precision, recipe)
    assert (Recipe("onnx", precision).former_name, manifest.title) == (name, title)
    assert manifest.calibration == Images(**content["options"]["calibration"])
    assert manifest.source.graph_sha256 == content["source"]["graph_sha256"]
    assert manifest.versions == content["versions"]
    assert len(manifest.tensors) == len(content["tensors"])


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({"input_size": [65, 97]}, {"input_size": (65, 97)}),
        ({"input_dtype": "float32"}, {"input_dtype": "float32"}),
        ({"output": "scores"}, {"output": "scores"}),
        ({"output": None}, {}),
        ({"output_dtype": "int32"}, {"output_dtype": "int32"}),
        ({"something": "else"}, {}),
    ],
)
def test_its_interface_is_that_of_the_options(read, content, options, changes):
    found = vars(read(content | {"options": content["options"] | options}).interface)
    own = {"input_size": None, "input_dtype": None, "output": "labels", "output_dtype": None}
    assert {name: found[name] for name in own} == own | changes


def test_float32_has_no_word_for_it_there(read, content):
    options = {"opset": 13, "rewrite": False, "output": "labels"}
    manifest = read(content | {"precision": "float32", "options": options})
    assert manifest.recipe == Recipe("onnx", opset=13, rewrite=False, converter="tf2onnx")
    assert manifest.calibration is None


def test_a_model_of_2018_was_made_by_no_recipe(read, content):
    tfjs = {"target": "tfjs", "converter": "dlconv", "options": {"upgraded": True}}
    files = [{"path": "model.json", "bytes": 1, "sha256": "0" * 64}]
    manifest = read(content | tfjs | {"precision": "uint8", "files": files})
    assert (manifest.recipe, manifest.upgraded) == (None, True)
    assert (manifest.precision, manifest.title) == ("uint8", "tfjs uint8 upgraded")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_size", 5),
        ("input_size", [{}]),
        ("quantize", []),
        ("quantize", "2"),
        ("quantize", "f16"),
        ("output", 5),
        ("output_dtype", {}),
        ("opset", []),
        ("calibration", "photos"),
        ("calibration", [1]),
    ],
)
def test_an_option_of_another_kind_is_named(read, content, name, value):
    content["options"][name] = value
    with pytest.raises(DlconvError, match=rf"is not a manifest of this dlconv: options: .*{name}"):
        read(content)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"target": "coreml"}, "target: "),
        ({"target": "tensorflow"}, "target: "),
        ({"precision": "int4"}, "precision: "),
        ({"converter": "magic"}, "converter: "),
        ({"converter": 5}, "converter: "),
        ({"options": None}, "options: "),
        ({"options": {"quantize": "auto"}, "precision": "auto"}, "recipe.opset: is missing"),
        (
            {"options": {"quantize": "auto", "opset": 17}, "precision": "auto"},
            "recipe.floors: is missing",
        ),
        ({"files": []}, "files: "),
        ({"files": [{"path": "../x.onnx", "bytes": 1, "sha256": "0" * 64}]}, "files.0.path: "),
        ({"surprise": 1}, "surprise: "),
    ],
)
def test_one_that_says_what_cannot_be_is_refused(read, content, change, complaint):
    with pytest.raises(DlconvError, match=f"is not a manifest of this dlconv: {complaint}"):
        read(content | change)
