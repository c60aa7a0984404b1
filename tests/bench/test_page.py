"""``python -m dlconv.bench.page`` on the sample network, in a real Chromium."""

import dataclasses
import json

import pytest
from support.artifacts import tfjs_artifact
from support.chromium import needs_chromium
from support.sample import PHOTOS, sample_graph

from dlconv.bench.page import ARTICLE, ENGINE, MEDIAPIPE, main

CLASSES = ("background", "disc", "rectangle", "triangle", "ring")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench-page")
    graph = dataclasses.replace(sample_graph(folder), classes=CLASSES)
    return str(tfjs_artifact(graph, folder / "artifact").directory)


@needs_chromium
@pytest.mark.long
def test_every_way_removes_the_background_and_is_timed(artifact, capsys):
    photo = PHOTOS / "scene_2000030.png"
    assert main([artifact, "--image", str(photo), "--rounds", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["photo"], said["rounds"]) == (1, photo.name, 2)
    assert max(said["frame"]) == 640
    engine, article, mediapipe = said["results"]
    assert [each["way"] for each in said["results"]] == [ENGINE, ARTICLE, MEDIAPIPE]
    for each in said["results"]:
        assert len(each["ms"]["all"]) == 2
        assert min(each["ms"]["all"]) > 0
    assert 0.05 < engine["kept"] < 0.95
    # The border of the engine's mask is soft, and counts as kept.
    assert article["kept"] == pytest.approx(engine["kept"], abs=0.06)
    assert article["ratio"] == pytest.approx(article["ms"]["median"] / engine["ms"]["median"])
    assert (engine["ratio"], engine["runs_on"]["backend"]) == (None, "wasm")
    assert mediapipe["artifact"] is None
    assert mediapipe["ratio"] == pytest.approx(mediapipe["ms"]["median"] / engine["ms"]["median"])
    assert mediapipe["runs_on"]["backend"] == "webgl"


def test_what_is_no_photo_is_refused_in_a_line(artifact, tmp_path, capsys):
    file = tmp_path / "photo.png"
    file.write_bytes(b"nothing of the kind")
    assert main([artifact, "--image", str(file)]) == 1
    assert f"error: {file} is not a photo" in capsys.readouterr().err


def test_onnx_artifacts_are_refused(onnx_artifact, capsys):
    assert main([str(onnx_artifact.entry)]) == 2
    assert "is not a TF.js artifact that gives labels" in capsys.readouterr().err
