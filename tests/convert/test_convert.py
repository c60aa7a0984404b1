import re

import pytest

from dlconv.artifacts.manifest import read_artifact
from dlconv.cache import store
from dlconv.cli.words import in_words
from dlconv.convert.convert import convert
from dlconv.errors import UsageError
from dlconv.floors import Floors
from dlconv.graph.contract import Ends
from dlconv.recipe import Precision, Recipe


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
    import numpy as np

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
