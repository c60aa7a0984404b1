import dataclasses
import json

import numpy as np
import pytest
from PIL import Image
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import tiny_kernel, tiny_segmenter

from dlconv.artifacts.manifest import read_artifact, write_manifest
from dlconv.convert.artifact import make_onnx
from dlconv.convert.quantize.scheme import Quantization, Scheme
from dlconv.errors import DlconvError
from dlconv.verify.harness import Floors, GivenFloors, floors_for, verify
from dlconv.verify.photos import PhotoError, find_photos

FLOORS = Floors(agreement=0.999, worst=None, miou=None)


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
        return make_onnx(tiny, tmp_path / "artifact").artifact
    return tfjs_artifact(tiny, tmp_path / "artifact")


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
    artifact = tfjs_artifact(other, tmp_path / "artifact")
    result = check(tiny, artifact, photos, tmp_path, Floors(agreement=0.999, worst=0.95, miou=0.9))
    assert not result.passed
    worst = result.worst
    assert worst.scores.agreement <= result.mean_agreement < 0.9
    assert result.failures == (
        f"mean agreement {result.mean_agreement:.4f} is below the floor 0.999",
        f"worst photo {worst.photo}: agreement {worst.scores.agreement:.4f} "
        "is below the floor 0.95",
        f"mIoU {result.total.miou:.4f} is below the floor 0.9",
    )


def test_one_bad_photo_falls_short_where_the_mean_does_not(tiny, frozen_on_disk, tmp_path):
    """The artifact takes green for blue: right on two red photos, wrong on a green one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in (("fire", (255, 0, 0)), ("meadow", (0, 255, 0)), ("rose", (200, 0, 0))):
        Image.new("RGB", (8, 6), colour).save(folder / f"{name}.png")
    colour_blind = frozen_on_disk(tiny_segmenter(kernel=tiny_kernel()[..., [0, 2, 1]]), "other")
    artifact = tfjs_artifact(colour_blind, tmp_path / "artifact")
    floors = Floors(agreement=0.6, worst=0.5, miou=0.3)
    result = check(tiny, artifact, find_photos([folder]), tmp_path, floors)
    assert result.failures == ("worst photo meadow.png: agreement 0.0000 is below the floor 0.5",)


def test_nothing_is_checked_when_the_reference_sees_one_class(frozen_on_disk, photos, tmp_path):
    kernel = np.zeros((1, 1, 3, 3))
    kernel[..., 2] = 1
    frozen = frozen_on_disk(tiny_segmenter(kernel=kernel), "blind")
    artifact = tfjs_artifact(frozen, tmp_path / "artifact")
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
    artifact = tfjs_artifact(tiny, tmp_path / "artifact")
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


@pytest.mark.parametrize(
    ("scheme", "precision", "floors"),
    [
        (Scheme.FLOAT32, "float32", Floors(agreement=0.999, worst=None, miou=None)),
        (Scheme.FLOAT16, "float16", Floors(agreement=0.995, worst=None, miou=None)),
        (Scheme.UINT16, "uint16", Floors(agreement=0.995, worst=None, miou=None)),
        (Scheme.PLAIN, "uint8", Floors(agreement=0.99, worst=0.95, miou=0.85)),
    ],
)
def test_default_floors_follow_the_precision(tiny, tmp_path, scheme, precision, floors):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", Quantization(scheme))
    assert artifact.manifest.precision == precision
    assert floors_for(artifact) == floors


def test_a_given_floor_replaces_its_own_default_only(tiny, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    assert floors_for(artifact, GivenFloors(agreement=0.5)) == Floors(0.5, worst=0.95, miou=0.85)
    assert floors_for(artifact, GivenFloors(worst=0, miou=0)) == Floors(0.99, worst=0, miou=0)


def of_manifest(artifact, **changes):
    """Return the artifact as it is read when its manifest says something else."""
    changed = dataclasses.replace(artifact.manifest, **changes)
    write_manifest_again(dataclasses.replace(artifact, manifest=changed))
    return read_artifact(artifact.directory)


def test_another_resolution_is_held_to_its_mean_only(tiny, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    other = of_manifest(artifact, same_function=False)
    assert floors_for(other) == Floors(agreement=0.9, worst=None, miou=None)
    assert floors_for(other, GivenFloors(miou=0.4)) == Floors(0.9, None, 0.4)


def test_precision_auto_is_held_to_the_floors_it_was_made_for(tiny, tmp_path):
    made = tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    options = {"floors": {"agreement": 0.98, "worst": 0.9, "miou": None}}
    artifact = of_manifest(made, precision="auto", options=options)
    assert floors_for(artifact) == Floors(agreement=0.98, worst=0.9, miou=None)
    assert floors_for(artifact, GivenFloors(worst=0.5)) == Floors(0.98, worst=0.5, miou=None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "options.floors: "),
        ({"floors": 0.99}, "options.floors: "),
        ({"floors": {"agreement": 0.99, "worst": 0.95}}, "options.floors.miou: Field required"),
        (
            {"floors": {"agreement": None, "worst": None, "miou": None}},
            "options.floors.agreement: Input should be a valid number",
        ),
        (
            {"floors": {"agreement": 0.99, "worst": 95, "miou": None}},
            "options.floors.worst: Input should be less than or equal to 1",
        ),
    ],
)
def test_precision_auto_without_its_floors_is_refused(tiny, tmp_path, options, words):
    made = tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    artifact = of_manifest(made, precision="auto", options=options)
    with pytest.raises(DlconvError) as refusal:
        floors_for(artifact)
    assert words in refusal.value.message
    assert str(artifact.manifest_path) in refusal.value.message
    assert "\n" not in str(refusal.value)
