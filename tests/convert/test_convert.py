import re

import numpy as np
import pytest
from support.graphs import graph_def, node, placeholder, tiny_segmenter
from support.running import run

from dlconv.artifacts.manifest import read_artifact
from dlconv.cache import store
from dlconv.cli.words import in_words
from dlconv.convert.convert import convert
from dlconv.errors import UsageError
from dlconv.floors import Floors
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Ends, Setting
from dlconv.recipe import Precision, Recipe
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("target", "precision", "folder"),
    [("tfjs", Precision.PLAIN1, "tfjs-uint8-plain1"), ("onnx", Precision.FLOAT16, "onnx-float16")],
)
def test_an_artifact_goes_to_the_folder_that_its_model_and_recipe_name(
    tiny, tmp_path, target, precision, folder
):
    recipe = Recipe(target, precision)
    artifact = convert(tiny, recipe, root=tmp_path / "made").artifact
    assert artifact.directory == tmp_path / "made" / "tiny" / folder
    assert artifact.manifest.recipe == recipe
    assert read_artifact(artifact.directory) == artifact


def test_the_graph_that_it_is_compared_with_is_in_the_cache(tiny, tmp_path):
    assert store.find_graph(tiny.source.graph_sha256) is None
    convert(tiny, Recipe("tfjs"), root=tmp_path)
    assert store.find_graph(tiny.source.graph_sha256) is not None


def test_of_a_part_the_part_is_what_it_is_compared_with(tiny, tmp_path):
    recipe = Recipe("tfjs", ends=Ends(None, ("scores",)))
    artifact = convert(tiny, recipe, root=tmp_path).artifact
    assert artifact.directory == tmp_path / "tiny-scores" / "tfjs-float32"
    source = artifact.manifest.source
    assert (source.model, artifact.manifest.recipe.ends) == ("tiny-scores", recipe.ends)
    assert source.graph_sha256 != tiny.source.graph_sha256
    assert store.find_graph(source.graph_sha256) is not None


def test_what_a_search_tried_is_drawn_beside_the_artifact(tiny, tmp_path):
    random = np.random.default_rng(6)
    recipe = Recipe("tfjs", Precision.AUTO, floors=Floors(0.5, None, None))
    convert(
        tiny,
        recipe,
        tmp_path / "made" / "web",
        photos=lambda contract: [random.integers(0, 256, (1, 6, 8, 3), np.uint8) for _ in range(4)],
    )
    assert names(tmp_path / "made") == {"web", "web.curve.svg"}


def test_an_onnx_file_of_another_suffix_is_wrong_usage(tiny, tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.onnx, not .*/out") as caught:
        convert(tiny, Recipe("onnx"), tmp_path / "out")
    assert caught.value.hint.endswith("/out/model.onnx")
    said = in_words(caught.value)
    assert re.fullmatch(r"-o takes the name .* \.onnx, not .*hint: -o .*out/model\.onnx\)", said)
    assert names(tmp_path) == {"tiny.pb"}


@pytest.mark.parametrize("gain", [1, -1])
def test_a_placeholder_with_a_value_is_constant_in_the_artifact_and_its_reference(
    frozen_on_disk, tmp_path, gain
):
    nodes = {each.name: each for each in tiny_segmenter().node}
    nodes["ToFloat"].name = "floats"
    nodes["gain"] = placeholder("gain", np.float32, ())
    nodes["scaled"] = node("ToFloat", "Mul", "floats", "gain", T=np.float32)
    frozen = frozen_on_disk(graph_def(*nodes.values()), "scaled")
    recipe = Recipe("onnx", ends=Ends(settings=(Setting("gain", gain),)))
    artifact = convert(frozen, recipe, root=tmp_path).artifact
    assert artifact.directory.parent.name == f"scaled-gain_{gain}"
    assert read_artifact(artifact.entry).manifest.recipe == recipe
    image = np.random.default_rng(5).integers(0, 256, (1, 4, 5, 3), np.uint8)
    feeds = {"ImageTensor": image, "gain": np.float32(gain)}
    expected = run(read_graph(frozen.path), "SemanticPredictions", **feeds)
    reference = read_graph(store.find_graph(artifact.manifest.source.graph_sha256))
    assert run(reference, "SemanticPredictions", ImageTensor=image).tolist() == expected.tolist()
    with OnnxruntimeRuntime(artifact.entry) as runtime:
        assert runtime.infer(image).labels.tolist() == expected.tolist()
