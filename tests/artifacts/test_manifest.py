import dataclasses
import json

import pytest
from jsonschema import Draft202012Validator
from support.artifacts import tfjs_artifact
from support.graphs import tiny_segmenter
from support.layout_2018 import write_layout_2018

from dlconv.artifacts.manifest import (
    Source,
    TensorEntry,
    find_artifacts,
    has_manifest,
    json_schema,
    read_artifact,
    write_manifest,
)
from dlconv.errors import DlconvError


@pytest.fixture
def artifact(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "artifacts" / "tiny" / "tfjs")


def test_an_artifact_is_found_by_its_directory_its_model_or_its_manifest(artifact):
    for path in (artifact.directory, artifact.entry, artifact.manifest_path):
        assert read_artifact(path) == artifact


def test_all_artifacts_below_a_folder_are_found_but_not_unfinished_ones(artifact, tmp_path):
    unfinished = tmp_path / "artifacts" / ".tiny-x"
    unfinished.mkdir()
    (unfinished / "manifest.json").write_text("{")
    assert find_artifacts(tmp_path / "artifacts") == [artifact]


@pytest.mark.parametrize("name", ["graph.pb", "folder"])
def test_what_lies_in_an_artifacts_folder_is_not_the_artifact(artifact, name):
    (artifact.directory / "graph.pb").write_bytes(b"")
    (artifact.directory / "folder").mkdir()
    assert has_manifest(artifact.entry)
    assert not has_manifest(artifact.directory / name)


def test_the_weights_of_a_model_of_2018_are_no_manifest(artifact, tmp_path):
    write_layout_2018(tiny_segmenter(), tmp_path / "artifacts" / "old")
    assert find_artifacts(tmp_path / "artifacts") == [artifact]
    with pytest.raises(DlconvError, match=r"old has no manifest\.json"):
        read_artifact(tmp_path / "artifacts" / "old")


def test_its_schema_describes_it(artifact):
    content = json.loads(artifact.manifest_path.read_bytes())
    validator = Draft202012Validator(json_schema())
    validator.validate(content)
    assert content["schema"] == 2
    assert not validator.is_valid(content | {"surprise": 1})
    assert not validator.is_valid(content | {"recipe": {"target": "coreml"}})


def test_the_manifest_holds_nothing_of_the_machine(artifact, tmp_path):
    assert str(tmp_path) not in artifact.manifest_path.read_text()


def test_a_changed_byte_is_found_and_named(artifact):
    shard = artifact.directory / "group1-shard1of1.bin"
    content = bytearray(shard.read_bytes())
    content[0] ^= 1
    shard.write_bytes(content)
    with pytest.raises(DlconvError, match=r"group1-shard1of1\.bin is not the file that was made"):
        artifact.check_files()


def test_a_missing_file_is_named(artifact):
    artifact.entry.unlink()
    with pytest.raises(DlconvError, match=r"model\.json is missing"):
        artifact.check_files()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"schema": 1}', '{"schema": 1, "target": 3, "contract": []}', "\x00"],
)
def test_a_manifest_that_is_none_is_refused(artifact, content):
    artifact.manifest_path.write_text(content)
    with pytest.raises(DlconvError, match="not a manifest"):
        read_artifact(artifact.directory)


def test_a_manifest_of_a_later_schema_is_refused(artifact):
    content = json.loads(artifact.manifest_path.read_text()) | {"schema": 99}
    artifact.manifest_path.write_text(json.dumps(content))
    with pytest.raises(DlconvError, match="not a manifest of this dlconv: schema"):
        read_artifact(artifact.directory)


@pytest.mark.parametrize(
    "change",
    [
        {"target": "coreml"},
        {"target": "tensorflow"},
        {"precision": "int4"},
        {"precision": "uint8"},
        {"converter": "tensorflowjs"},
        {"upgraded": True},
        {"recipe": None},
        {"recipe": {}},
        {"recipe": {"target": "tfjs", "precision": "plain1"}},
        {"files": []},
        {"files": [{"path": "../../model.json", "bytes": 1, "sha256": "0" * 64}]},
        {"files": [{"path": "model.json", "bytes": 1, "sha256": "short"}]},
        {"surprise": 1},
    ],
)
def test_a_manifest_that_says_what_cannot_be_is_refused(artifact, change):
    content = json.loads(artifact.manifest_path.read_text()) | change
    artifact.manifest_path.write_text(json.dumps(content))
    with pytest.raises(DlconvError, match="not a manifest"):
        read_artifact(artifact.directory)


def test_a_path_without_an_artifact_is_named(tmp_path):
    with pytest.raises(DlconvError, match="no artifact at .*gone"):
        read_artifact(tmp_path / "gone")
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(DlconvError, match=r"model\.onnx has no manifest\.json"):
        read_artifact(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"tensors": (TensorEntry("a", "uint8", (1,), float("nan"), 1.0, 1),)},
            "tensors.0.minimum",
        ),
        ({"converter": "\udcff"}, "surrogates not allowed"),
        ({"precision": "uint4"}, "precision: Input should be"),
        ({"source": Source("net", 1, "a" * 63)}, "source.graph_sha256: String should match"),
        (
            {"source": Source("net", 1, "a" * 64, "https://me:hunter2@host/x")},
            "source.url: Value error, the address holds an account",
        ),
        (
            {"source": Source("net", 1, "a" * 64, "https://host/x?token=hunter2")},
            "source.url: Value error, the address holds a query",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_nothing_is_written_that_cannot_be_read(artifact, change, complaint):
    before = artifact.manifest_path.read_bytes()
    manifest = dataclasses.replace(artifact.manifest, **change)
    with pytest.raises(DlconvError, match="would be invalid: ") as caught:
        write_manifest(manifest, artifact.directory, artifact.manifest_path)
    assert complaint in caught.value.message
    assert artifact.manifest_path.read_bytes() == before


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("interface.input_size", 5),
        ("interface.input_size.0", [{}, 5]),
        ("precision", []),
        ("interface.output", 5),
        ("interface.output_dtype", {}),
        ("interface.surprise", 1),
        ("opset", []),
        ("ends.outputs", "all"),
        ("surprise", 1),
    ],
)
def test_a_choice_of_another_kind_is_named(artifact, place, value):
    content = json.loads(artifact.manifest_path.read_bytes())
    *tables, name = place.removesuffix(".0").split(".")
    table = content["recipe"]
    for each in tables:
        table = table[each]
    table[name] = value
    artifact.manifest_path.write_text(json.dumps(content))
    with pytest.raises(DlconvError, match=rf"is not a manifest of this dlconv: recipe\.{place}: "):
        read_artifact(artifact.directory)


@pytest.mark.parametrize(
    "calibration", ["photos", [1], {}, {"images": "photos", "count": 1, "sha256": "short"}]
)
def test_a_calibration_that_says_nothing_is_refused(artifact, calibration):
    content = json.loads(artifact.manifest_path.read_bytes()) | {"calibration": calibration}
    artifact.manifest_path.write_text(json.dumps(content))
    with pytest.raises(DlconvError, match="is not a manifest of this dlconv: calibration"):
        read_artifact(artifact.directory)


@pytest.mark.parametrize("content", ["[" * 200_000, '{"recipe":' * 200_000, "null", "\ufeff{}"])
def test_what_is_no_manifest_is_said(artifact, content):
    artifact.manifest_path.write_text(content)
    with pytest.raises(DlconvError, match="is not a manifest of this dlconv"):
        read_artifact(artifact.directory)
