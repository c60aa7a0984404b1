import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from support.artifacts import PLAIN, made, onnx_artifact, tfjs_artifact
from support.graphs import node, tiny_segmenter
from support.running import run
from support.sample import sample_graph, sample_photos

from dlconv.artifacts.manifest import read_artifact
from dlconv.cli.words import in_words
from dlconv.errors import DlconvError, UsageError
from dlconv.floors import Floors
from dlconv.formats.frozen_graph import read_graph
from dlconv.recipe import Precision
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime


def contents(directory):
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_a_tfjs_artifact_is_a_directory_with_its_manifest(tiny, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "out", PLAIN)
    assert set(contents(tmp_path / "out")) == {
        "model.json",
        "group1-shard1of1.bin",
        "manifest.json",
    }
    manifest = artifact.manifest
    assert (manifest.target, manifest.precision, manifest.converter) == ("tfjs", "plain1", "dlconv")
    assert manifest.source == tiny.source
    assert manifest.classes == ("background", "red", "green")
    assert manifest.contract.input.tensor == "ImageTensor:0"
    assert {"dlconv", "numpy"} <= set(manifest.versions)
    assert artifact == read_artifact(tmp_path / "out")
    artifact.check_files()


def photos(contract):
    random = np.random.default_rng(6)
    return [random.integers(0, 256, (1, 6, 8, 3), contract.input.dtype) for _ in range(4)]


CALIBRATED = {"precision": Precision.UINT8, "photos": photos}
SEARCHED = {"precision": Precision.AUTO, "photos": photos}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"precision": PLAIN},
        {"precision": Precision.UINT16},
        CALIBRATED,
        {**CALIBRATED, "per_channel": True, "explain": True},
        {**SEARCHED, "floors": Floors(0.5, None, None)},
    ],
)
def test_the_same_conversion_gives_the_same_bytes(tiny, tmp_path, options):
    for name in ("one", "two"):
        tfjs_artifact(tiny, tmp_path / name, **options)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_same_conversion_to_onnx_gives_the_same_bytes(tiny, tmp_path):
    for name in ("one", "two"):
        onnx_artifact(tiny, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_manifest_says_how_weights_were_quantized_and_which_are(tiny, tmp_path):
    floors = Floors(0.5, 0.25, None)
    floats, plain, calibrated, searched = (
        tfjs_artifact(tiny, tmp_path / str(number), **options).manifest
        for number, options in enumerate(
            ({}, {"precision": PLAIN}, CALIBRATED, {**SEARCHED, "floors": floors})
        )
    )
    assert (floats.precision, floats.tensors) == ("float32", ())
    assert (plain.precision, plain.calibration) == ("plain1", None)
    (weights,) = plain.tensors
    assert (weights.name, weights.dtype, weights.shape) == ("weights", "uint8", (1, 1, 3, 3))
    assert (weights.bytes, weights.divergence) == (9, None)
    assert calibrated.precision == calibrated.recipe.precision == "uint8"
    assert calibrated.recipe.per_channel is False
    assert calibrated.calibration.count == 4
    assert {"onnx", "onnxruntime"} <= set(calibrated.versions)
    assert not {"onnx", "onnxruntime", "tensorflow"} & set(plain.versions)
    assert [tensor.dtype for tensor in calibrated.tensors] == ["uint16"]
    assert searched.precision == searched.recipe.precision == "auto"
    assert searched.recipe.floors == floors
    assert searched.tensors[0].divergence >= 0


def test_what_quantizing_taught_comes_with_the_artifact(tiny, tmp_path):
    assert made("tfjs", tiny, tmp_path / "out").learned is None
    assert made("tfjs", tiny, tmp_path / "out", PLAIN).learned is None
    calibrated = made("tfjs", tiny, tmp_path / "out", **CALIBRATED)
    assert calibrated.artifact == read_artifact(tmp_path / "out")
    assert [each.layer.kernel_name for each in calibrated.learned.rounded] == ["weights"]


@pytest.mark.parametrize("per_channel", [False, True])
def test_a_graph_that_is_not_rewritten_can_be_quantized(tmp_path, per_channel):
    """The sample as it was exported, with its batch norms and atrous convolutions in three ops."""
    frozen = sample_graph(tmp_path)
    quantized = made(
        "tfjs",
        frozen,
        tmp_path / "out",
        Precision.UINT8,
        per_channel=per_channel,
        photos=lambda contract: sample_photos(),
        rewrite=False,
    )
    assert quantized.artifact.manifest.recipe.rewrite is False
    assert len(quantized.learned.rounded) == 55
    photo = sample_photos()[0]
    expected = run(read_graph(frozen.path), "SemanticPredictions", ImageTensor=photo)
    with TfjsNodeRuntime(tmp_path / "out") as runtime:
        assert np.mean(runtime.infer(photo).labels == expected) > 0.98


def test_another_process_writes_the_same_bytes(tiny, tmp_path):
    tfjs_artifact(tiny, tmp_path / "here")
    command = [sys.executable, "-m", "dlconv", "tfjs", tiny.path, "-o", tmp_path / "there"]
    subprocess.run(command, check=True, capture_output=True)
    here, there = contents(tmp_path / "here"), contents(tmp_path / "there")
    del here["manifest.json"], there["manifest.json"]  # the classes are not given there
    assert len(here) == 2
    assert here == there


def test_an_artifact_is_replaced_as_a_whole(tiny, tmp_path):
    tfjs_artifact(tiny, tmp_path / "out")
    (tmp_path / "out" / "left-over.bin").write_bytes(b"old")
    tfjs_artifact(tiny, tmp_path / "out", PLAIN)
    assert "left-over.bin" not in contents(tmp_path / "out")
    assert read_artifact(tmp_path / "out").manifest.precision == "plain1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "tiny.pb"]


def test_a_directory_with_other_files_is_left_alone(tiny, tmp_path):
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("years of work")
    for make in (tfjs_artifact, onnx_artifact):
        with pytest.raises(UsageError, match="not an artifact") as raised:
            make(tiny, precious.parent)
        assert "name another place with -o" in in_words(raised.value)
    assert contents(precious.parent) == {"thesis.tex": b"years of work"}


def test_a_web_app_with_a_manifest_of_its_own_is_left_alone(tiny, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "manifest.json").write_text('{"name": "my app"}')
    (site / "index.html").write_text("<title>my app</title>")
    with pytest.raises(UsageError, match="not an artifact") as raised:
        tfjs_artifact(tiny, site)
    assert "name another place with -o" in in_words(raised.value)
    assert len(contents(site)) == 2


def test_a_damaged_artifact_can_be_made_again(tiny, tmp_path):
    tfjs_artifact(tiny, tmp_path / "out")
    whole = contents(tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text("{")
    (tmp_path / "out" / "model.json").unlink()
    tfjs_artifact(tiny, tmp_path / "out")
    assert contents(tmp_path / "out") == whole


def test_a_conversion_that_fails_leaves_the_old_artifact(tiny, frozen_on_disk, tmp_path):
    tfjs_artifact(tiny, tmp_path / "out")
    before = contents(tmp_path / "out")
    graph = tiny_segmenter(output_name="labels")
    graph.node.append(node("strange", "QuantizedRelu6", "labels", T=np.int64))
    broken = frozen_on_disk(graph, "broken")
    with pytest.raises(DlconvError, match="QuantizedRelu6"):
        tfjs_artifact(broken, tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_onnx_names_input_and_output_as_the_frozen_graph_does(tiny, tmp_path):
    artifact = onnx_artifact(tiny, tmp_path / "out")
    onnx.checker.check_model(str(artifact.entry), full_check=True)
    session = onnxruntime.InferenceSession(str(artifact.entry))
    (given,), (answered,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == (
        "ImageTensor",
        [1, "height", "width", 3],
        "tensor(uint8)",
    )
    assert (answered.name, answered.type) == ("SemanticPredictions", "tensor(int64)")


def test_an_onnx_file_anywhere_has_its_manifest_beside_it(tiny, tmp_path):
    artifact = onnx_artifact(tiny, tmp_path / "web" / "net.onnx", opset=20)
    assert set(contents(tmp_path / "web")) == {"net.onnx", "net.onnx.manifest.json"}
    assert artifact.manifest.recipe.opset == 20
    assert read_artifact(tmp_path / "web" / "net.onnx") == artifact
    (used,) = [o.version for o in onnx.load(artifact.entry).opset_import if not o.domain]
    assert used == 20


@pytest.mark.parametrize(
    ("converter", "opset", "known"),
    [("dlconv", 16, "17 to 26"), ("dlconv", 99, "17 to 26")]
    + [("tf2onnx", 10, "11 to 18"), ("tf2onnx", 19, "11 to 18")],
)
def test_an_opset_out_of_range_is_wrong_usage(tiny, tmp_path, converter, opset, known):
    with pytest.raises(UsageError, match=f"{known}, not {opset}"):
        onnx_artifact(tiny, tmp_path / "out", opset=opset, converter=converter)
    assert not (tmp_path / "out").exists()


def test_an_older_opset_names_the_converter_that_takes_it(tiny, tmp_path):
    with pytest.raises(UsageError) as raised:
        onnx_artifact(tiny, tmp_path / "out", opset=13)
    assert in_words(raised.value) == (
        "--opset takes 17 to 26, not 13 (hint: --converter tf2onnx takes 11 to 18)"
    )
    artifact = onnx_artifact(tiny, tmp_path / "out", opset=13, converter="tf2onnx")
    assert artifact.manifest.converter == "tf2onnx"


def test_what_tf2onnx_cannot_convert_is_one_line(frozen_on_disk, tmp_path):
    graph = tiny_segmenter(output_name="labels")
    graph.node.append(node("unique", "NoSuchOp", "labels", T=np.int64))
    with pytest.raises(DlconvError, match="tf2onnx cannot convert") as raised:
        onnx_artifact(frozen_on_disk(graph, "broken"), tmp_path / "out", converter="tf2onnx")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("make", [tfjs_artifact, onnx_artifact])
def test_a_conversion_that_fails_leaves_nothing_not_even_a_folder(frozen_on_disk, tmp_path, make):
    graph = tiny_segmenter(output_name="labels")
    graph.node.append(node("unique", "NoSuchOp", "labels", T=np.int64))
    broken = frozen_on_disk(graph, "broken")
    (tmp_path / "there").mkdir()
    for place in ("new/model/made.onnx", "new/model/made", "there/made.onnx", "there/made"):
        with pytest.raises(DlconvError, match="NoSuchOp"):
            make(broken, tmp_path / place)
    assert {path.name for path in tmp_path.iterdir()} == {"broken.pb", "there"}
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("name", ["\udcff.onnx", "a\nb.onnx", "a\\b.onnx"])
def test_an_onnx_file_has_a_name_that_a_manifest_holds(tiny, tmp_path, name):
    with pytest.raises(UsageError, match="a manifest cannot hold the name") as raised:
        onnx_artifact(tiny, tmp_path / name)
    assert in_words(raised.value).startswith("-o takes a name that a manifest can hold, not '")
    assert set(contents(tmp_path)) == {"tiny.pb"}
