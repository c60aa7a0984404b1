"""Artifacts and a release that dlconv 0.1 made of a tiny graph, with manifests of schema 1."""

import json
import tarfile
from pathlib import Path

import pytest

from dlconv.artifacts.manifest import find_artifacts
from dlconv.release.check import check_release
from dlconv.release.document import read_release
from dlconv.release.pack import pack

MADE = Path(__file__).parent / "schema_1.tar.gz"
TITLES = {
    "onnx-float32-float32-in": "onnx float32 float32",
    "tfjs-auto": "tfjs auto",
    "tfjs-uint16-plain": "tfjs uint16 plain",
    "tfjs-uint8-plain1": "tfjs uint8 plain1",
}
COMMANDS = {
    "onnx-float32-float32-in": "dlconv onnx tiny --input float32 --opset 13 --converter tf2onnx",
    "tfjs-auto": "dlconv tfjs tiny --quantize auto --floor-agreement 0.5 --floor-worst 0.4 "
    "--calibrate PHOTOS",
    "tfjs-uint16-plain": "dlconv tfjs tiny --quantize uint16 --no-rewrite",
    "tfjs-uint8-plain1": "dlconv tfjs tiny --quantize plain1",
}


@pytest.fixture
def folder(tmp_path):
    with tarfile.open(MADE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def test_the_release_is_right(folder):
    release = read_release(folder / "release")
    stored = json.loads((folder / "release" / "release.json").read_text())
    assert {each["manifest"]["schema"] for each in stored["artifacts"]} == {1}
    assert {each.path: each.title for each in release.artifacts} == TITLES
    assert check_release(folder / "release") == ()


def test_the_artifacts_are_packed_with_the_evidence_of_then(folder):
    artifacts = find_artifacts(folder / "artifacts")
    now = {**TITLES, "onnx-float32-float32-in": "onnx float32 float32 (tf2onnx)"}
    assert {each.directory.name: each.title for each in artifacts} == now
    names = {each.manifest.recipe.name.removesuffix("-tf2onnx") for each in artifacts}
    assert names == {*TITLES}
    release = pack(artifacts, "1.0.1", folder / "again")
    assert {each.path: each.command for each in release.artifacts} == COMMANDS
    assert check_release(folder / "again") == ()
    assert read_release(folder / "again") == release


def test_a_changed_precision_is_found(folder):
    path = folder / "release" / "release.json"
    content = json.loads(path.read_text())
    content["artifacts"][0]["evidence"][0]["precision"] = "uint8"
    path.write_text(json.dumps(content))
    problems = [str(problem) for problem in check_release(folder / "release")]
    assert any("is of another model, target or precision" in each for each in problems)
