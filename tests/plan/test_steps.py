"""Which steps a configuration asks for."""

import pytest
from support.project import TINY

from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.plan.tasks import Convert, Verify
from dlconv.recipe import Precision, Recipe
from dlconv.verify.floors import GivenFloors


def names(project, text):
    return [step.name for step in project.says(text).steps]


def tasks(project, text, kind):
    return {
        step.artifact: step.task for step in project.says(text).steps if isinstance(step.task, kind)
    }


def test_a_model_is_fetched_then_each_artifact_converted_and_verified_then_all_packed(project):
    steps = project.says(f'{TINY}[release]\nversion = "1.0"\n').steps
    assert {step.name: step.needs for step in steps} == {
        "tiny/fetch": (),
        "tiny/tfjs-float32/convert": ("tiny/fetch",),
        "tiny/tfjs-float32/verify": ("tiny/tfjs-float32/convert",),
        "tiny/onnx-float32/convert": ("tiny/fetch",),
        "tiny/onnx-float32/verify": ("tiny/onnx-float32/convert",),
        "tiny/pack": ("tiny/tfjs-float32/verify", "tiny/onnx-float32/verify"),
    }


def test_a_precision_is_made_for_the_targets_that_have_it_and_nothing_twice(project):
    text = f'{TINY}precisions = ["uint16", "static", "uint8", "uint8"]\ninput_sizes = [65, "any"]\n'
    assert list(tasks(project, text, Convert)) == [
        "tfjs-uint16-65x65",
        "tfjs-uint16",
        "onnx-int8-static-65x65",
        "onnx-int8-static",
        "tfjs-uint8-65x65",
        "tfjs-uint8",
        "onnx-int8-65x65",
        "onnx-int8",
    ]


def test_any_word_for_a_precision_means_the_one_that_the_target_has(project):
    words = tasks(project, f'{TINY}precisions = ["1", "f16", 0, 2, "plain1"]\n', Convert)
    same = tasks(
        project,
        f'{TINY}precisions = ["int8", "float16", "float32", "uint16", "plain1"]\n',
        Convert,
    )
    assert words == same
    assert list(words) == [
        "tfjs-uint8",
        "onnx-int8",
        "tfjs-float16",
        "onnx-float16",
        "tfjs-float32",
        "onnx-float32",
        "tfjs-uint16",
        "tfjs-uint8-plain1",
    ]


def test_a_conversion_has_the_recipe_of_its_folder(project):
    text = (
        f'{TINY}precisions = ["static", "auto"]\ncalibrate = ["more"]\n[floors.auto]\nmiou = 0.7\n'
    )
    found = tasks(project, text, Convert)
    assert found["onnx-int8-static"].recipe == Recipe("onnx", Precision.STATIC)
    floors = Floors(agreement=0.99, worst=None, miou=0.7)
    assert found["tfjs-auto"].recipe == Recipe("tfjs", Precision.AUTO, floors=floors)
    assert {task.folder.name for task in found.values()} == {*found}
    assert {name: task.recipe.name for name, task in found.items()} == {
        name: name for name in found
    }


def test_photos_to_learn_from_matter_only_where_they_are_looked_at(project):
    text = f'{TINY}targets = ["tfjs"]\nprecisions = ["float32", "uint8"]\ncalibrate = ["more"]\n'
    found = tasks(project, text, Convert)
    assert found["tfjs-float32"].calibrate == ()
    assert found["tfjs-uint8"].calibrate == (project.folder / "more",)


def test_floors_of_an_artifact_are_over_those_of_its_precision(project):
    text = (
        f'{TINY}targets = ["tfjs"]\nprecisions = ["uint8", "float32"]\ninput_sizes = ["any", 9]\n'
        "[floors.uint8]\nagreement = 0.9\nworst = 0.8\n[floors.tfjs-uint8-9x9]\nworst = 0.5\n"
    )
    found = tasks(project, text, Verify)
    assert found["tfjs-uint8"].floors == GivenFloors(0.9, 0.8)
    assert found["tfjs-uint8-9x9"].floors == GivenFloors(0.9, 0.5)
    assert found["tfjs-float32"].floors == GivenFloors()


@pytest.mark.parametrize("name", ["uint8", "int8", "1", "onnx-int8", "onnx-uint8"])
def test_floors_of_int8_are_named_by_any_word_for_it(project, name):
    text = f'{TINY}targets = ["onnx"]\nprecisions = ["uint8"]\n[floors.{name}]\nworst = 0.5\n'
    assert tasks(project, text, Verify)["onnx-int8"].floors == GivenFloors(worst=0.5)


def test_runtimes_are_those_of_the_target(project):
    text = f'{TINY}runtimes = ["tfjs-node:cpu", "onnxruntime", "tfjs-node"]\n'
    found = tasks(project, text, Verify)
    assert found["tfjs-float32"].runtimes == ("tfjs-node:cpu", "tfjs-node:wasm")
    assert found["onnx-float32"].runtimes == ("onnxruntime:cpu",)


def test_classes_are_those_of_a_file_beside_the_configuration(project):
    (project.folder / "mine.txt").write_text("sky\nroad\ntree\n")
    found = tasks(project, f'{TINY}classes = "mine.txt"\n', Convert)
    assert found["tfjs-float32"].origin.classes == ("sky", "road", "tree")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[models.smaple]", "no model is called 'smaple' .hint: did you mean sample"),
        ('[models.sample]\ngraph = "tiny.pb"', "models.sample.: graph: the registry has a model"),
        (
            f'{TINY}targets = ["onnx"]\nprecisions = ["uint16"]',
            "models.tiny.: precisions: onnx artifacts have no uint16",
        ),
        (f'{TINY}classes = "vco"', "models.tiny.: classes: there are no classes called 'vco'"),
        (f'{TINY}precisions = ["auto"]', "models.tiny.: precisions: auto needs photos"),
        (
            f'{TINY}runtimes = ["onnxruntime"]',
            "models.tiny.: runtimes: none of the chosen runtimes runs tfjs",
        ),
        (
            f"{TINY}[floors.tfjs-flaot32]\nworst = 0.5",
            "floors.tfjs-flaot32.: no precision or artifact 'tfjs-flaot32' is made; did you mean",
        ),
        (
            f"{TINY}[floors.uint8]\nworst = 0.5",
            "floors.uint8.: no precision or artifact 'uint8' is made; known are float32, tfjs",
        ),
    ],
)
def test_what_cannot_be_made_is_told_before_anything_runs(project, text, complaint):
    with pytest.raises(DlconvError, match=complaint):
        names(project, text)
