import numpy as np
import onnx
import onnxruntime
import pytest
from support.graphs import node, tiny_segmenter

from dlconv.artifacts.manifest import read_artifact
from dlconv.convert.artifact import make_onnx, make_onnx_file, make_tfjs
from dlconv.convert.precision import Precision
from dlconv.errors import DlconvError, UsageError


def contents(directory):
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_a_tfjs_artifact_is_a_directory_with_its_manifest(tiny, tmp_path):
    artifact = make_tfjs(tiny, tmp_path / "out", Precision.UINT8)
    assert set(contents(tmp_path / "out")) == {
        "model.json",
        "group1-shard1of1.bin",
        "manifest.json",
    }
    manifest = artifact.manifest
    assert (manifest.target, manifest.precision, manifest.converter) == ("tfjs", "uint8", "dlconv")
    assert manifest.source == tiny.source
    assert manifest.classes == ("background", "red", "green")
    assert manifest.contract.input.tensor == "ImageTensor:0"
    assert {"dlconv", "numpy"} <= set(manifest.versions)
    assert artifact == read_artifact(tmp_path / "out")
    artifact.check_files()


def test_the_same_conversion_gives_the_same_bytes(tiny, tmp_path):
    for name in ("one", "two"):
        make_tfjs(tiny, tmp_path / name, Precision.UINT16)
        make_onnx(tiny, tmp_path / f"{name}-onnx")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one-onnx") == contents(tmp_path / "two-onnx")


def test_an_artifact_is_replaced_as_a_whole(tiny, tmp_path):
    make_tfjs(tiny, tmp_path / "out", Precision.FLOAT32)
    (tmp_path / "out" / "left-over.bin").write_bytes(b"old")
    make_tfjs(tiny, tmp_path / "out", Precision.UINT8)
    assert "left-over.bin" not in contents(tmp_path / "out")
    assert read_artifact(tmp_path / "out").manifest.precision == "uint8"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "tiny.pb"]


def test_a_directory_with_other_files_is_left_alone(tiny, tmp_path):
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("years of work")
    for make in (lambda d: make_tfjs(tiny, d, Precision.FLOAT32), lambda d: make_onnx(tiny, d)):
        with pytest.raises(UsageError, match="not an artifact.*-o"):
            make(precious.parent)
    assert contents(precious.parent) == {"thesis.tex": b"years of work"}


def test_a_conversion_that_fails_leaves_the_old_artifact(tiny, frozen_on_disk, tmp_path):
    make_tfjs(tiny, tmp_path / "out", Precision.FLOAT32)
    before = contents(tmp_path / "out")
    graph = tiny_segmenter(output_name="labels")
    graph.node.append(node("strange", "QuantizedRelu6", "labels", T=np.int64))
    broken = frozen_on_disk(graph, "broken")
    with pytest.raises(DlconvError, match="QuantizedRelu6"):
        make_tfjs(broken, tmp_path / "out", Precision.FLOAT32)
    assert contents(tmp_path / "out") == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_an_unknown_converter_is_wrong_usage(tiny, tmp_path):
    with pytest.raises(UsageError, match="dlconv or tensorflowjs, not 'magic'"):
        make_tfjs(tiny, tmp_path / "out", Precision.FLOAT32, "magic")


def test_onnx_names_input_and_output_as_the_frozen_graph_does(tiny, tmp_path):
    artifact = make_onnx(tiny, tmp_path / "out")
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
    artifact = make_onnx_file(tiny, tmp_path / "web" / "net.onnx", opset=13)
    assert set(contents(tmp_path / "web")) == {"net.onnx", "net.onnx.manifest.json"}
    assert artifact.manifest.options["opset"] == 13
    assert read_artifact(tmp_path / "web" / "net.onnx") == artifact
    (used,) = [o.version for o in onnx.load(artifact.entry).opset_import if not o.domain]
    assert used == 13


def test_an_onnx_file_of_another_suffix_is_wrong_usage(tiny, tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.onnx, not .*/out") as caught:
        make_onnx_file(tiny, tmp_path / "out")
    assert caught.value.hint.endswith("/out/model.onnx")
    assert set(contents(tmp_path)) == {"tiny.pb"}


@pytest.mark.parametrize("opset", [10, 19])
def test_an_opset_out_of_range_is_wrong_usage(tiny, tmp_path, opset):
    with pytest.raises(UsageError, match=f"11 to 18, not {opset}"):
        make_onnx(tiny, tmp_path / "out", opset)
    assert not (tmp_path / "out").exists()


def test_what_tf2onnx_cannot_convert_is_one_line(frozen_on_disk, tmp_path):
    graph = tiny_segmenter(output_name="labels")
    graph.node.append(node("unique", "NoSuchOp", "labels", T=np.int64))
    with pytest.raises(DlconvError, match="tf2onnx cannot convert") as raised:
        make_onnx(frozen_on_disk(graph, "broken"), tmp_path / "out")
    assert "\n" not in str(raised.value)
