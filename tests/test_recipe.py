"""What a recipe may say, and what follows from it."""

import dataclasses
import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from dlconv.cli.words import in_words
from dlconv.errors import UsageError
from dlconv.floors import Floors
from dlconv.graph.contract import Ends, Setting
from dlconv.recipe import (
    CONVERTERS,
    DEFAULT_AUTO_FLOORS,
    PRECISIONS,
    Interface,
    Precision,
    Recipe,
    converter_for,
    name_of_part,
    parse_setting,
    parse_size,
    precision_for,
    precision_of,
    usage_errors,
)

TFJS_WORDS = {
    "0": "float32",
    "1": "uint8",
    "2": "uint16",
    "f16": "float16",
    "int8": "uint8",
    **{word: word for word in ("float32", "float16", "uint16", "uint8", "auto", "plain1")},
}
ONNX_WORDS = {
    "0": "float32",
    "1": "int8",
    "f16": "float16",
    "uint8": "int8",
    **{word: word for word in ("float32", "float16", "int8", "auto", "static")},
}


@pytest.mark.parametrize(("target", "words"), [("tfjs", TFJS_WORDS), ("onnx", ONNX_WORDS)])
def test_each_precision_has_one_word_and_others_are_accepted(target, words):
    assert {word: precision_for(word, target).value for word in words} == words
    assert {*words.values()} == {each.value for each in PRECISIONS[target]}


@pytest.mark.parametrize(
    ("word", "target", "names"),
    [
        ("8", "tfjs", "float32, uint8, uint16, float16, auto, plain1"),
        ("static", "tfjs", "float32, uint8, uint16, float16, auto, plain1"),
        ("2", "onnx", "float32, int8, float16, auto, static"),
        ("", "onnx", "float32, int8, float16, auto, static"),
    ],
)
def test_what_a_target_does_not_have_is_wrong_usage(word, target, names):
    assert precision_of(word, target) is None
    with pytest.raises(UsageError) as raised:
        precision_for(word, target)
    assert str(raised.value) == f"{target} has {names}, not {word!r}"
    assert in_words(raised.value) == f"--quantize takes one of {names}, not {word!r}"


def test_an_unknown_converter_is_wrong_usage():
    assert converter_for("tensorflowjs", "tfjs") == "tensorflowjs"
    with pytest.raises(UsageError, match="dlconv or tensorflowjs, not 'magic'") as raised:
        converter_for("magic", "tfjs")
    assert in_words(raised.value) == "--converter takes dlconv or tensorflowjs, not 'magic'"


def test_a_size_is_two_numbers_or_one():
    assert (parse_size("257"), parse_size("65X97")) == ((257, 257), (65, 97))
    for text in ("", "x", "1x2x3", "-5", "0.5"):
        with pytest.raises(UsageError) as raised:
            parse_size(text)
        said = f"--input-size takes HEIGHTxWIDTH or one number, not {text!r}"
        assert in_words(raised.value) == said


def test_some_precisions_look_at_images():
    calibrated = {each for each in Precision if each.is_calibrated}
    assert calibrated == {Precision.UINT8, Precision.INT8, Precision.AUTO, Precision.STATIC}


def test_precisions_are_written_as_their_words():
    assert f"{Precision.INT8}" == str(Precision.INT8) == Precision.INT8.value == "int8"


ALL = Interface((257, 513), "float32", "labels", "int32")
NCHW = Interface(layout="nchw")
# Each recipe, its name, its title and what its command says after ``dlconv TARGET sample``.
SPELLED = [
    (Recipe("tfjs"), "tfjs-float32", "tfjs float32", ""),
    (
        Recipe("tfjs", Precision.UINT8),
        "tfjs-uint8",
        "tfjs uint8",
        "--quantize uint8",
    ),
    (
        Recipe("tfjs", Precision.UINT8, per_channel=True),
        "tfjs-uint8-per-channel",
        "tfjs uint8 per channel",
        "--quantize uint8 --per-channel",
    ),
    (
        Recipe("tfjs", Precision.PLAIN1),
        "tfjs-uint8-plain1",
        "tfjs uint8 plain1",
        "--quantize plain1",
    ),
    (
        Recipe("tfjs", Precision.FLOAT16, interface=ALL, rewrite=False),
        "tfjs-float16-257x513-float32-in-int32-out-plain",
        "tfjs float16 257x513 float32 int32 plain",
        "--quantize float16 --input-size 257x513 --input float32 --output-type int32 --no-rewrite",
    ),
    (
        Recipe("tfjs", interface=Interface(output="scores")),
        "tfjs-float32-scores",
        "tfjs float32 scores",
        "--output scores",
    ),
    (
        Recipe("tfjs", Precision.UINT16, converter="tensorflowjs"),
        "tfjs-uint16-tensorflowjs",
        "tfjs uint16 plain (tensorflowjs)",
        "--quantize uint16 --converter tensorflowjs --no-rewrite",
    ),
    (
        Recipe("tfjs", Precision.AUTO, floors=Floors(0.98, None, 0.9)),
        "tfjs-auto",
        "tfjs auto",
        "--quantize auto --floor-agreement 0.98 --floor-miou 0.9",
    ),
    (Recipe("onnx"), "onnx-float32", "onnx float32", "--opset 17"),
    (
        Recipe("onnx", Precision.INT8, opset=13),
        "onnx-int8",
        "onnx int8",
        "--quantize int8 --opset 13",
    ),
    (
        Recipe("onnx", Precision.STATIC),
        "onnx-int8-static",
        "onnx int8 static",
        "--quantize static --opset 17",
    ),
    (
        Recipe("onnx", rewrite=False),
        "onnx-float32-plain",
        "onnx float32 plain",
        "--opset 17 --no-rewrite",
    ),
]


@pytest.mark.parametrize(
    ("recipe", "name", "title", "options"), SPELLED, ids=[name for _, name, _, _ in SPELLED]
)
def test_name_title_and_command_follow_from_it(recipe, name, title, options):
    assert (recipe.name, recipe.title) == (name, title)
    assert " ".join(recipe.command("sample")) == f"dlconv {recipe.target} sample {options}".strip()


def test_no_two_recipes_have_one_name():
    every = [Recipe(target, each) for target, known in PRECISIONS.items() for each in known]
    assert len({recipe.name for recipe in every}) == len(every)
    assert {each for known in PRECISIONS.values() for each in known} == {*Precision}


def test_photos_stand_in_the_command_and_nowhere_else():
    words = Recipe("onnx", Precision.STATIC).command("sample", ["a b", "c"])
    assert words[-4:] == ["--calibrate", "a b", "--calibrate", "c"]


def test_of_a_part_the_command_names_the_whole():
    recipe = Recipe("tfjs", ends=Ends("sub_7", ("scope/scores:0", "labels")))
    part = name_of_part("sample", recipe.ends)
    assert part == "sample-sub_7-scope_scores-labels"
    words = ["dlconv", "tfjs", "sample", "--inputs", "sub_7", "--outputs", "scope/scores:0,labels"]
    assert recipe.command(part) == words


def test_the_former_name_of_int8_is_known():
    assert Recipe("onnx", Precision.STATIC).former_name == "onnx-uint8-static"
    assert Recipe("tfjs", Precision.UINT16).former_name == "tfjs-uint16"


def test_the_digest_is_that_of_the_recipe_in_any_process():
    recipe = Recipe("onnx", Precision.AUTO, interface=ALL, ends=Ends(None, ("a", "b")))
    again = TypeAdapter(Recipe).validate_json(TypeAdapter(Recipe).dump_json(recipe, indent=2))
    assert (again, again.digest) == (recipe, recipe.digest)
    program = "from dlconv.recipe import Recipe; print(Recipe('tfjs').digest)"
    answer = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert answer.strip() == Recipe("tfjs").digest
    assert answer.strip() == "807ebb4105d48e02f672c95dd86d4770c7135624bbde103aabfc9172266c5dc3"


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": Precision.UINT16},
        {"per_channel": True},
        {"interface": ALL},
        {"rewrite": False},
        {"converter": "tensorflowjs"},
        {"ends": Ends(None, ("scores",))},
        {"ends": Ends(settings=(Setting("is_training", False), Setting("keep", 0.5)))},
    ],
)
def test_each_choice_changes_the_digest(changes):
    recipe = Recipe("tfjs", Precision.UINT8)
    assert dataclasses.replace(recipe, **changes).digest != recipe.digest


def test_what_is_not_chosen_is_the_target_s_default():
    assert Recipe("tfjs") == Recipe("tfjs", "0", converter="dlconv")
    assert Recipe("onnx") == Recipe("onnx", Precision.FLOAT32, converter="dlconv", opset=17)
    assert Recipe("onnx", "uint8") == Recipe("onnx", Precision.INT8)
    assert Recipe("tfjs", Precision.AUTO).floors == DEFAULT_AUTO_FLOORS
    assert Floors(agreement=0.99, worst=None, miou=None) == DEFAULT_AUTO_FLOORS
    assert Recipe("tfjs", converter="tensorflowjs").rewrite is False
    assert {*CONVERTERS} == {*PRECISIONS}


@pytest.mark.parametrize(
    ("target", "choices", "reason"),
    [
        ("tflite", {}, "^Input should be 'tfjs', 'onnx' or 'litert'"),
        ("onnx", {"precision": Precision.UINT16}, "precision: onnx has .* static, not 'uint16'"),
        ("tfjs", {"precision": 1}, "precision: tfjs has .* plain1, not '1'"),
        ("onnx", {"converter": "tensorflowjs"}, "takes dlconv or tf2onnx, not 'tensorflowjs'"),
        ("tfjs", {"per_channel": True}, "per_channel is for uint8 alone, not float32"),
        ("tfjs", {"opset": 17}, "opset: is for onnx alone"),
        ("tfjs", {"interface": NCHW}, "layout nchw is for onnx alone, written by dlconv"),
        ("tfjs", {"interface": Interface(any_size=True)}, "any_size is for litert alone"),
        ("onnx", {"interface": NCHW, "converter": "tf2onnx"}, "layout nchw is for onnx alone"),
        ("tfjs", {"floors": DEFAULT_AUTO_FLOORS}, "floors: are for the precision auto alone"),
    ],
)
def test_what_does_not_go_together_is_refused(target, choices, reason):
    with pytest.raises(ValidationError):
        Recipe(target, **choices)
    with pytest.raises(UsageError, match=reason), usage_errors():
        Recipe(target, **choices)


def test_a_floor_is_a_share():
    for floors in (Floors(95, None, None), Floors(0.9, None, -1), Floors(float("nan"), None, None)):
        with pytest.raises(UsageError, match="floors: (agreement|miou) is 0 to 1"), usage_errors():
            Recipe("tfjs", "auto", floors=floors)


def test_a_recipe_stays_as_it_is():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe("tfjs").rewrite = False
    with pytest.raises(ValidationError, match="surprise"):
        TypeAdapter(Recipe).validate_python(
            {"target": "tfjs", "converter": "dlconv", "surprise": 1}
        )


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=false", False), ("a=True", True), ("a=1", 1), ("a = 0.5", 0.5), ("a=-1e-3", -0.001)],
)
def test_a_setting_is_read_from_its_words(text, value):
    found = parse_setting(text)
    assert found.node == "a"
    assert (found.value, type(found.value)) == (value, type(value))


@pytest.mark.parametrize("text", ["a", "a=", "=1", "a=yes", "a=NaN", "a=[1]", "a=null"])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parse_setting(text)


def test_settings_are_part_of_the_name_and_the_command():
    recipe = Recipe("onnx", ends=Ends(None, (), (Setting("net/is_training", False),)))
    part = name_of_part("sample", recipe.ends)
    assert part == "sample-net_is_training_false"
    command = recipe.command(part)
    assert command[:3] == ["dlconv", "onnx", "sample"]
    assert command[-2:] == ["--set", "net/is_training=false"]
