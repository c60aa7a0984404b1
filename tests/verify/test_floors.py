import dataclasses
import json

import pytest
from support.artifacts import PLAIN, tfjs_artifact, write_manifest_again

from dlconv.artifacts.manifest import read_artifact
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.recipe import Precision, Recipe
from dlconv.verify.floors import DEFAULT_FLOORS, GivenFloors, floors_for

EIGHT_BITS = Floors(agreement=0.99, worst=0.95, miou=0.85)


@pytest.mark.parametrize(
    ("precision", "floors"),
    [
        (Precision.FLOAT32, Floors(agreement=0.999, worst=None, miou=None)),
        (Precision.FLOAT16, Floors(agreement=0.995, worst=None, miou=None)),
        (Precision.UINT16, Floors(agreement=0.995, worst=None, miou=None)),
        (Precision.PLAIN1, EIGHT_BITS),
    ],
)
def test_default_floors_follow_the_precision(tiny, tmp_path, precision, floors):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", precision)
    assert artifact.manifest.precision == precision
    assert floors_for(artifact) == floors


def test_8_bits_of_any_kind_have_the_same_floors():
    kinds = (Precision.UINT8, Precision.INT8, Precision.STATIC, Precision.PLAIN1)
    assert [DEFAULT_FLOORS[each] for each in kinds] == [EIGHT_BITS] * 4
    assert {*DEFAULT_FLOORS} == {*Precision} - {Precision.AUTO}


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


def searched(tiny, folder, floors):
    """An artifact of precision auto, which is not searched for here, as its manifest is read."""
    made = tfjs_artifact(tiny, folder, PLAIN)
    wanted = Recipe("tfjs", Precision.AUTO, floors=floors)
    return of_manifest(made, precision=Precision.AUTO, recipe=wanted)


def test_precision_auto_is_held_to_the_floors_it_was_made_for(tiny, tmp_path):
    artifact = searched(tiny, tmp_path / "artifact", Floors(0.98, 0.9, None))
    assert floors_for(artifact) == Floors(agreement=0.98, worst=0.9, miou=None)
    assert floors_for(artifact, GivenFloors(worst=0.5)) == Floors(0.98, worst=0.5, miou=None)


@pytest.mark.parametrize(
    ("floors", "words"),
    [
        (None, "recipe.floors: is missing"),
        (0.99, "recipe.floors: "),
        ({"agreement": 0.99, "worst": 0.95}, "recipe.floors.miou: Field required"),
        (
            {"agreement": None, "worst": None, "miou": None},
            "recipe.floors.agreement: Input should be a valid number",
        ),
        (
            {"agreement": 0.99, "worst": 95, "miou": None},
            "recipe.floors: Value error, worst is 0 to 1, not 95.0",
        ),
    ],
)
def test_precision_auto_without_its_floors_is_refused(tiny, tmp_path, floors, words):
    path = searched(tiny, tmp_path / "artifact", None).manifest_path
    content = json.loads(path.read_bytes())
    content["recipe"]["floors"] = floors
    path.write_text(json.dumps(content))
    with pytest.raises(DlconvError) as refusal:
        read_artifact(path)
    assert words in refusal.value.message
    assert str(path) in refusal.value.message
    assert "\n" not in str(refusal.value)
