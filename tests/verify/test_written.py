"""An artifact is run once before it gets its place; one that computes something else gets none."""

import json

import numpy as np
import pytest
from support.artifacts import onnx_artifact, tfjs_artifact
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter

from dlconv import api
from dlconv.convert import artifact as making
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph
from dlconv.recipe import Interface, Precision, Recipe
from dlconv.verify.written import check_written

OTHER_KERNEL = np.random.default_rng(99).normal(size=(1, 1, 3, 3))


@pytest.fixture(scope="module")
def one_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("checks")


@pytest.fixture(autouse=True)
def _one_cache(_own_cache, one_cache, monkeypatch):
    """What TensorFlow gives for the graphs here is kept for all tests."""
    monkeypatch.setenv("DLCONV_CACHE", str(one_cache))


def halving():
    """Values of a graph that takes even sizes only."""
    f = np.float32
    return graph_def(
        placeholder("image", f, (1, None, None, 3)),
        const("less", 0.01, f),
        node("small", "Mul", "image", "less", T=f),
        node("values", "SpaceToDepth", "small", T=f, block_size=2),
    )


def write_another_kernel(monkeypatch):
    """Let the writer of TF.js write another kernel than the graph's."""
    write, other = making.write_graph_model, Graph(tiny_segmenter(kernel=OTHER_KERNEL))
    monkeypatch.setattr(making, "write_graph_model", lambda graph, *rest: write(other, *rest))


def test_an_artifact_that_computes_the_graph_says_how_it_was_checked(tiny, tmp_path, call):
    answer = call("tfjs", tiny.path, "-o", "out", "--check", "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["check"] == {
        "runtime": "tfjs-node",
        "backend": "wasm",
        "input": [1, 65, 97, 3],
        "output": [1, 65, 97],
        "equal": 1.0,
        "error": None,
    }
    answer = call("onnx", tiny.path, "-o", "out.onnx", "--check", "--quantize", "float16")
    checked = "checked in onnxruntime cpu on a generated input of 1 x 65 x 97 x 3: "
    assert answer.stdout.splitlines()[-1].startswith(checked)


def test_one_that_differs_is_not_written(tiny, tmp_path, call, monkeypatch):
    write_another_kernel(monkeypatch)
    answer = call("tfjs", tiny.path, "-o", "new/out", "--check")
    assert answer.exit_code == 1
    first, *_ = [line for line in answer.stderr.splitlines() if "error" in line]
    assert "tfjs float32 is not the frozen graph in tfjs-node wasm on a generated input" in first
    assert "% of values equal; nothing was written" in first
    assert not (tmp_path / "new").exists()


def test_one_that_differs_leaves_what_was_there(tiny, tmp_path, monkeypatch):
    before = tfjs_artifact(tiny, tmp_path / "out")
    write_another_kernel(monkeypatch)
    with pytest.raises(DlconvError, match="tfjs-node cpu.*nothing was written"):
        api.convert(tiny, Recipe("tfjs", backends=("cpu",)), before.directory, check=True)
    before.check_files()


def test_rounded_weights_may_change_labels_but_not_most_of_them(tiny, frozen_on_disk, tmp_path):
    other = frozen_on_disk(tiny_segmenter(kernel=tiny_kernel_reversed()), "other")
    place = tmp_path / "m.onnx"
    right = onnx_artifact(tiny, place, Precision.FLOAT16)
    wrong = onnx_artifact(other, tmp_path / "w.onnx", Precision.FLOAT16)
    assert check_written(right, tiny, place).equal > 0.99
    with pytest.raises(DlconvError, match="onnx float16 is not the frozen graph"):
        check_written(wrong, tiny, place)


def tiny_kernel_reversed():
    return np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)


def test_scores_with_channels_first_are_compared_in_the_graphs_order(tiny, tmp_path):
    interface = Interface(output="scores", layout="nchw")
    artifact = onnx_artifact(tiny, tmp_path / "m.onnx", interface=interface)
    checked = check_written(artifact, tiny, artifact.entry)
    assert checked.output == (1, 65, 97, 3)
    assert checked.error < 1e-5


def test_an_input_that_tensorflow_refuses_is_followed_by_another_size(frozen_on_disk, tmp_path):
    frozen = frozen_on_disk(halving())
    artifact = onnx_artifact(frozen, tmp_path / "m.onnx")
    checked = check_written(artifact, frozen, artifact.entry)
    assert checked.output == (1, 32, 48, 12)
    assert checked.error == 0


def test_an_artifact_that_does_not_run_is_named_by_its_place(tiny, tmp_path):
    artifact = onnx_artifact(tiny, tmp_path / "m.onnx")
    artifact.entry.write_bytes(b"no model")
    with pytest.raises(DlconvError) as raised:
        check_written(artifact, tiny, tmp_path / "place")
    assert "onnx float32 fails in onnxruntime cpu: ONNX Runtime cannot load" in str(raised.value)
    assert str(tmp_path / "place") in str(raised.value)
