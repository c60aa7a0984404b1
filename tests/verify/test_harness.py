import json

import numpy as np
import pytest
from PIL import Image
from support.graphs import tiny_segmenter

from dlconv.artifacts.manifest import read_artifact, write_manifest
from dlconv.convert.artifact import make_onnx, make_tfjs
from dlconv.convert.precision import Precision
from dlconv.verify.harness import Floors, floors_for, verify
from dlconv.verify.photos import PhotoError, find_photos

FLOORS = Floors(agreement=0.999)


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(2)
    for name in ("one", "two", "three"):
        pixels = rng.integers(0, 256, (6, 8, 3), np.uint8)
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    return find_photos([tmp_path / "photos"])


def check(frozen, artifact, photos, tmp_path, floors=FLOORS, **options):
    return verify(artifact, frozen.path, photos, tmp_path / "labels", floors, **options)


@pytest.fixture(params=["tfjs", "onnx"])
def artifact(request, tiny, tmp_path):
    if request.param == "onnx":
        return make_onnx(tiny, tmp_path / "artifact")
    return make_tfjs(tiny, tmp_path / "artifact", Precision.FLOAT32)


def test_a_faithful_artifact_passes(tiny, artifact, photos, tmp_path):
    result = check(tiny, artifact, photos, tmp_path)
    assert result.passed
    assert result.mean_agreement == result.total.miou == 1
    assert [photo.photo for photo in result.photos] == ["one.png", "three.png", "two.png"]
    assert result.total.pixels == 3 * 6 * 8
    assert result.median_ms > 0


def test_an_artifact_of_another_network_falls_short(tiny, frozen_on_disk, photos, tmp_path):
    other_kernel = np.random.default_rng(99).normal(size=(1, 1, 3, 3))
    other = frozen_on_disk(tiny_segmenter(kernel=other_kernel), "other")
    artifact = make_tfjs(other, tmp_path / "artifact", Precision.FLOAT32)
    result = check(tiny, artifact, photos, tmp_path, Floors(0.999, miou=0.9))
    assert not result.passed
    agreement, miou = result.failures
    assert "mean agreement 0." in agreement
    assert "below the floor 0.999" in agreement
    assert "below the floor 0.9" in miou
    assert result.worst.scores.agreement <= result.mean_agreement < 0.9


def test_nothing_is_checked_when_the_reference_sees_one_class(frozen_on_disk, photos, tmp_path):
    kernel = np.zeros((1, 1, 3, 3))
    kernel[..., 2] = 1
    frozen = frozen_on_disk(tiny_segmenter(kernel=kernel), "blind")
    artifact = make_tfjs(frozen, tmp_path / "artifact", Precision.FLOAT32)
    result = check(frozen, artifact, photos, tmp_path)
    assert result.mean_agreement == 1
    assert not result.passed
    assert "class 2 everywhere" in result.failures[0]


def test_a_changed_artifact_is_not_run(tiny, artifact, photos, tmp_path):
    artifact.entry.write_bytes(artifact.entry.read_bytes() + b" ")
    result = check(tiny, artifact, photos, tmp_path)
    assert not result.passed
    assert "is not the file that was made" in result.failures[0]
    assert result.total is None


def test_an_artifact_that_cannot_run_is_a_result(tiny, photos, tmp_path):
    artifact = make_tfjs(tiny, tmp_path / "artifact", Precision.FLOAT32)
    content = json.loads(artifact.entry.read_text())
    content["modelTopology"]["node"][1]["op"] = "NoSuchOp"
    artifact.entry.write_text(json.dumps(content))
    write_manifest_again(artifact)
    result = check(tiny, read_artifact(artifact.directory), photos, tmp_path)
    assert not result.passed
    assert "NoSuchOp" in result.failures[0]


def write_manifest_again(artifact):
    artifact.manifest_path.unlink()
    write_manifest(artifact.manifest, artifact.directory, artifact.manifest_path)


def test_a_photo_that_cannot_be_read_is_an_error_that_names_it(tiny, artifact, photos, tmp_path):
    photos[1].path.write_bytes(b"broken")
    with pytest.raises(PhotoError, match=r"three\.png"):
        check(tiny, artifact, photos, tmp_path)


def test_progress_counts_photos(tiny, artifact, photos, tmp_path):
    seen = []
    check(tiny, artifact, photos, tmp_path, progress=lambda *counts: seen.append(counts))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_floors_follow_the_precision_unless_given(tiny, tmp_path):
    expected = {"float32": 0.999, "float16": 0.995, "uint16": 0.995, "uint8": 0.95}
    for precision, floor in expected.items():
        artifact = make_tfjs(tiny, tmp_path / precision, Precision(precision))
        assert floors_for(artifact) == Floors(floor, None)
    assert floors_for(artifact, 0.5, 0.4) == Floors(0.5, 0.4)
