import pytest

from dlconv.errors import UsageError
from dlconv.runtimes.catalogue import KINDS, choices_for, parse_choices


def names(choices):
    return [choice.name for choice in choices]


def test_a_runtime_has_a_backend_of_its_own_unless_another_is_asked_for():
    words = ["tfjs-chromium", "tfjs-chromium:webgl", "ort-web", "tfjs-chromium:wasm"]
    assert names(parse_choices(words)) == [
        "tfjs-chromium wasm",
        "tfjs-chromium webgl",
        "ort-web wasm",
    ]


def test_all_is_every_runtime_with_every_backend():
    every = parse_choices(["ort-web", "all"])
    assert len(every) == len(set(every)) == sum(len(kind.backends) for kind in KINDS)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("safari", "there is no runtime 'safari'; there are tfjs-node, .*, all"),
        ("tfjs-node:webgl", "tfjs-node has no backend 'webgl'; it has wasm, cpu"),
    ],
)
def test_what_there_is_not_is_wrong_usage(word, message):
    with pytest.raises(UsageError, match=message):
        parse_choices([word])


def test_without_a_choice_each_target_has_its_default():
    assert names(choices_for("tfjs", [])) == ["tfjs-node wasm"]
    assert names(choices_for("onnx", [])) == ["onnxruntime cpu"]
    assert names(choices_for("litert", [])) == ["litert xnnpack"]
    assert names(choices_for("tensorflow", [])) == ["tensorflow cpu"]


def test_an_artifact_runs_in_the_chosen_ones_for_its_target():
    chosen = parse_choices(["onnxruntime", "tfjs-node:cpu", "ort-web"])
    assert names(choices_for("onnx", chosen)) == ["onnxruntime cpu", "ort-web wasm"]
    assert names(choices_for("tfjs", chosen)) == ["tfjs-node cpu"]
    with pytest.raises(UsageError, match="runs tfjs artifacts; those are tfjs-node, tfjs-chromium"):
        choices_for("tfjs", parse_choices(["ort-web"]))
