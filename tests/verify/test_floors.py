import dataclasses

import pytest
from support.artifacts import PLAIN, tfjs_artifact, write_manifest_again

from dlconv.artifacts.manifest import read_artifact
from dlconv.convert.quantize.scheme import Quantization, Scheme
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.verify.floors import GivenFloors, floors_for


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
