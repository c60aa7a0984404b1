import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.deeplab import detector
from support.graphs import const, graph_def, node, placeholder, tiny_kernel, tiny_segmenter
from support.layout_2018 import write_layout_2018
from support.networks import pictures, small_segmenter, trained_segmenter
from support.processes import hear_ctrl_c
from support.sample import TARBALL, sample_graph
from support.waiting import SECONDS
from typer.testing import CliRunner

import dlconv
from dlconv.cli import app
from dlconv.convert.stored import WeightType
from dlconv.formats.frozen_graph import read_graph
from dlconv.verify.floors import DEFAULT_FLOORS

COMMANDS = (
    "models",
    "fetch",
    "inspect",
    "rewrite",
    "tfjs",
    "onnx",
    "upgrade",
    "verify",
    "bisect",
    "bench",
    "run",
    "init",
    "build",
    "demo",
    "card",
    "doctor",
)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call a command in an empty folder; what it writes is there."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def graph(tmp_path):
    path = tmp_path / "nets" / "colours.pb"
    path.parent.mkdir()
    path.write_bytes(tiny_segmenter().SerializeToString(deterministic=True))
    return path


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{seed}.png")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(call, command):
    answer = call(command, "--help")
    assert answer.exit_code == 0
    assert f"Example: dlconv {command}" in answer.stdout
    assert "--verbose" in answer.stdout


def test_the_version_is_shown(call):
    assert call("--version").stdout == f"dlconv {dlconv.__version__}\n"


def test_help_lists_the_commands_and_loads_nothing_heavy():
    program = (
        "import sys; from dlconv.cli import app; app(['--help'], standalone_mode=False); "
        "print('MODULES', *sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    for command in COMMANDS:
        assert f"  {command} " in answer.stdout
    heavy = {"pydantic", "tensorflow", "tensorboard", "numpy", "onnx", "requests", "PIL"}
    assert not heavy & set(answer.stdout.partition("MODULES")[2].split())


def test_models_are_listed(call):
    assert "mobilenetv2_coco_voc_trainaug" in call("models").stdout
    listed = {model["name"]: model for model in json.loads(call("models", "--json").stdout)}
    default = listed["mobilenetv2_coco_voc_trainaug"]
    assert default["tarball_bytes"] == 23882985
    assert default["dataset"]["classes"][15] == "person"
    assert default["fetched"] is False


def test_one_model_is_shown_with_what_is_published_of_it(call):
    text = call("models", "mobilenetv2_coco_voc_trainaug").stdout
    for words in ("75.32", "output stride 16", "Apache-2.0", "person", "download.tensorflow.org"):
        assert words in text


def test_the_sample_is_fetched_without_a_network_and_becomes_the_default(call):
    answer = call("fetch", "sample", "--json")
    assert answer.exit_code == 0
    fetched = json.loads(answer.stdout)
    assert Path(fetched["path"]).stat().st_size == fetched["graph"]["size"]
    inspected = json.loads(call("inspect", "--json").stdout)
    assert inspected["graph"]["model"] == "sample"
    assert inspected["contract"]["crop"] == [129, 129]


def test_inspect_shows_the_contract_and_why(call, graph):
    text = call("inspect", graph).stdout
    for words in ("ImageTensor:0 uint8 [1, ?, ?, 3]", "SemanticPredictions:0 int64", "Conv2D"):
        assert words in text
    assert "because" in text


def test_inspect_gives_json(call, graph):
    content = json.loads(call("inspect", graph, "--json").stdout)
    assert content["contract"]["output"]["node"] == "SemanticPredictions"
    assert content["contract"]["classes"] == 3
    assert content["summary"]["weight_elements"] == 9
    assert content["graph"]["path"] == str(graph)


def test_inspect_says_which_nodes_are_not_the_output(call, tmp_path):
    sample = sample_graph(tmp_path).path
    assert re.search(
        r"output +ResizeBilinear_2 .*ResizeBilinear_3 reads it", call("inspect", sample).stdout
    )
    content = json.loads(call("inspect", sample, "--json").stdout)
    lost = {row["node"] for row in content["findings"]["rejected"]}
    assert {"ArgMax", "ResizeBilinear_3", "ResizeBilinear_2"} < lost


def test_inspect_shows_all_outputs_of_a_graph_that_is_no_deeplab(call, tmp_path):
    path = tmp_path / "detector.pb"
    path.write_bytes(detector().SerializeToString())
    text = call("inspect", path).stdout
    assert "detection_boxes:0 float32 [1, 17, 17, 4]" in text
    assert "num_detections:0 float32" in text
    assert json.loads(call("inspect", path, "--json").stdout)["contract"] is None
    assert call("inspect", path, "--logdir", tmp_path / "log").exit_code == 0
    assert "2 outputs" in call("tfjs", path).stderr


def test_the_ends_of_a_part_are_asked_for(call, tmp_path):
    sample = sample_graph(tmp_path).path
    ends = ("--inputs", "sub_7", "--outputs", "ResizeBilinear_2")
    found = json.loads(call("inspect", sample, *ends, "--json").stdout)
    assert found["contract"]["input"]["shape"] == [1, 129, 129, 3]
    assert found["contract"]["crop"] == [129, 129]
    shown = json.loads(call("tfjs", sample, *ends, "--json").stdout)["contract"]
    assert (shown["input"]["node"], shown["output"]["node"]) == ("sub_7", "ResizeBilinear_2")
    wrong = call("inspect", sample, "--outputs", "SemanticPredictions/(SemanticPredictions)")
    assert (wrong.exit_code, "did you mean SemanticPredictions?" in wrong.stderr) == (1, True)


def test_inspect_shows_the_stages_and_what_they_cost(call, tmp_path):
    sample = sample_graph(tmp_path).path
    text = call("inspect", sample).stdout
    for words in ("(pixel - 127.5) * 0.00784314", "with 127.5 to 129 x 129", "own size"):
        assert words in text
    assert re.search(r"ASPP +29 +3,551,232 +51,200 +295,936", text)
    assert re.search(r"backbone +image pooling, ASPP +MobilenetV2/.*\[1, 17, 17, 64\] +yes", text)
    content = json.loads(call("inspect", sample, "--json").stdout)
    stages = {row["stage"]: row for row in content["cost"]["stages"]}
    assert stages["ASPP"]["multiply_adds"] == 3_551_232
    assert content["cost"]["size"] == [129, 129]
    assert content["preprocessing"]["mean"] == content["preprocessing"]["pad_value"] == [127.5]
    assert content["boundaries"][1]["tensor"] == "sub_7:0"


def test_another_size_costs_what_the_network_for_it_does(call, tmp_path):
    sample = sample_graph(tmp_path).path
    whole, half = (
        json.loads(call("inspect", sample, "--input-size", size, "--json").stdout)["cost"]
        for size in ("129", "65x65")
    )
    assert half["size"] == [65, 65]
    assert 3 < whole["multiply_adds"] / half["multiply_adds"] < 4.5
    assert abs(half["weight_bytes"] - whole["weight_bytes"]) <= 4  # a scalar of the padding


@pytest.fixture
def with_einsum(graph):
    """The graph of colours with an op that wasm lacks; WebGPU gets wrong what it becomes."""
    content = read_graph(graph)
    convolution = next(each for each in content.node if each.op == "Conv2D")
    convolution.CopyFrom(node("scores", "Einsum", "ToFloat", "weights", T=np.float32))
    convolution.attr["equation"].s = b"bhwc,ijco->bhwo"
    graph.write_bytes(content.SerializeToString())
    return graph


def test_inspect_says_where_the_ops_can_run(call, graph):
    answer = call("inspect", graph, "--check", "--opset", "20")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "Every op is covered: TF.js 4.22.0 (wasm, cpu, webgl, webgpu)" in answer.stdout
    assert "ONNX opset 20" in answer.stdout
    assert re.search(r"Identity +1 +0 +0", answer.stdout)


def test_inspect_checks_for_a_job_that_every_op_can_run(call, with_einsum):
    assert call("inspect", with_einsum).exit_code == 0
    answer = call("inspect", with_einsum, "--check")
    assert answer.exit_code == 1
    assert re.fullmatch(
        r"not covered: Prod \(\d+, the first is scores.*\): tfjs-webgpu: .*\n", answer.stderr
    )
    assert "Some ops are not covered" in answer.stdout


def test_inspect_gives_the_coverage_of_each_target_as_json(call, with_einsum):
    answer = call("inspect", with_einsum, "--check", "--json", "--opset", "18")
    assert answer.exit_code == 1
    coverage = json.loads(answer.stdout)["coverage"]
    assert coverage["opset"] == 18
    assert [target for target, yes in coverage["covered"].items() if yes] == [
        "tfjs-wasm",
        "tfjs-cpu",
        "tfjs-webgl",
        "onnx",
        "litert-xnnpack",
        "litert-reference",
    ]
    assert {"operator": "ARG_MAX", "nodes": 1, "xnnpack": 0} in coverage["litert"]
    (row,) = [row for row in coverage["ops"] if row["op"] == "Einsum"]
    counts = [row[target] for target in ("frozen", "onnx", "tfjs", "litert")]
    assert (counts, row["node"]) == ([1, 1, 0, 0], "scores")
    assert "tfjs-wasm" in row["missing"]
    assert row["gaps"] == {}
    assert "MatMul" in " ".join(row["lowered"])


def test_inspect_shows_the_rest_of_a_graph_that_cannot_be_rewritten(call, graph):
    content = read_graph(graph)
    content.node[-1].input.append("^of nothing")
    content.node.append(node("of nothing", "Cast"))
    graph.write_bytes(content.SerializeToString())
    answer = call("inspect", graph, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["coverage"] is None
    assert answer.stderr.startswith("op coverage is not known: drop-casts stops at this graph")
    answer = call("inspect", graph, "--check")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: drop-casts stops at this graph")
    assert answer.stderr.count("\n") == 1


def test_classes_are_named_on_the_command_line_or_guessed_from_their_number(call, tmp_path):
    path = tmp_path / "voc.pb"
    path.write_bytes(tiny_segmenter(classes=21).SerializeToString(deterministic=True))

    def convert(*options):
        answer = call("tfjs", path, "-o", "web", "--json", *options)
        return answer, json.loads(answer.stdout)["classes"]

    answer, classes = convert()
    assert "the 21 classes are taken for those of PASCAL VOC 2012; if they are" in answer.stderr
    assert classes[15] == "person"
    (tmp_path / "classes.txt").write_text("sky\nroad\n")
    answer, classes = convert("--classes", tmp_path / "classes.txt")
    assert "warning: the graph has 21 classes, and 2 have names" in answer.stderr
    assert classes == ["sky", "road"]
    answer = call("onnx", path, "--classes", "vco")
    assert answer.exit_code == 1
    assert "there are no classes called 'vco'" in answer.stderr


def test_a_part_is_covered_counted_and_converted_as_what_it_is(call, tmp_path):
    sample = sample_graph(tmp_path).path
    ends = ("--outputs", "ResizeBilinear_2")
    found = json.loads(call("inspect", sample, *ends, "--json").stdout)
    assert found["outputs"][0]["node"] == "ResizeBilinear_2"
    covered = {row["op"] for row in found["coverage"]["ops"] if row["frozen"]}
    assert "ArgMax" not in {*found["ops"], *found["summary"]["ops"], *covered}
    call("tfjs", sample)
    call("tfjs", sample, *ends)
    made = sorted(str(path.parent) for path in Path("artifacts").rglob("model.json"))
    assert made == [
        "artifacts/frozen-ResizeBilinear_2/tfjs-float32",
        "artifacts/frozen/tfjs-float32",
    ]


@pytest.mark.parametrize("options", [[], ["--diff", "[b]"], ["--markdown"]])
def test_names_that_look_like_markup_are_shown_as_they_are(call, options):
    content = tiny_segmenter()
    content.node.append(node("[/b]x", "[/b]Y", "scores"))
    content.node[-2].input.append("^[/b]x")
    Path("odd.pb").write_bytes(content.SerializeToString())
    Path("[b]").write_bytes(tiny_segmenter().SerializeToString())
    answer = call("inspect", "odd.pb", *options)
    assert answer.exit_code == 0, answer.output
    assert "[/b]Y" in answer.stdout


def test_names_that_look_like_links_are_none_in_markdown(call):
    content = tiny_segmenter()
    content.node.append(node("[x](http://evil)", "[y](http://evil)", "scores"))
    Path("odd.pb").write_bytes(content.SerializeToString())
    answer = call("inspect", "odd.pb", "--markdown")
    assert answer.exit_code == 0, answer.output
    assert r"\[y](http\://evil)" in answer.stdout
    assert "http://" not in answer.stdout


def test_a_frozen_graph_needs_no_ending(call, graph):
    graph.rename("graph")
    assert json.loads(call("inspect", "./graph", "--json").stdout)["format"] == "frozen graph"


def test_sizes_are_told_where_they_cannot_be_kept(call, graph, monkeypatch):
    call("rewrite", graph, "-o", "faster.pb")
    monkeypatch.setenv("DLCONV_CACHE", str(graph / "cache"))
    answer = call("inspect", "--diff", graph, "faster.pb", "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["before"]["sizes"]["brotli"] > 0


def test_inspect_writes_for_tensorboard(call, graph):
    answer = call("inspect", graph, "--logdir", "log")
    assert (answer.exit_code, answer.stdout) == (0, "log\n")
    assert [path.parent for path in Path("log").rglob("*tfevents*")] == [Path("log/colours")]


def test_a_rewritten_graph_is_a_graph_and_diff_shows_what_changed(call, graph):
    assert call("rewrite", graph, "-o", "faster.pb").exit_code == 0
    answers = [call("inspect", graph, "--diff", "faster.pb")]
    answers += [call("inspect", "--diff", graph, "faster.pb")]
    for answer in answers:
        assert answer.exit_code == 0
        assert re.search(r"Identity +1 +0", answer.stdout)
    content = json.loads(call("inspect", graph, "--diff", "faster.pb", "--json").stdout)
    assert content["before"]["origin"] == str(graph)
    changes = {row["what"]: row for row in content["differences"]}
    assert changes["nodes"] == {"what": "nodes", "before": "7", "after": "6"}
    assert "no difference" in call("inspect", "faster.pb", "--diff", "faster.pb").stdout


def test_diff_compares_with_the_model_fetched_last(call, tmp_path):
    call("fetch", "sample")
    answer = call("inspect", "--diff", sample_graph(tmp_path).path, "--json")
    assert json.loads(answer.stdout)["same"]


def test_every_format_is_inspected(call, graph):
    call("tfjs", graph, "-o", "web")
    call("onnx", graph, "-o", "colours.onnx")
    write_layout_2018(read_graph(graph), Path("old"))
    shown = {
        "web": "TF.js graph model",
        "web/model.json": "TF.js graph model",
        "old": "TF.js graph model of 2018",
        "colours.onnx": "ONNX",
        Path("colours.onnx").resolve().as_uri(): "ONNX",
    }
    for spec, words in shown.items():
        answer = call("inspect", spec)
        assert answer.exit_code == 0, answer.stderr
        assert answer.stdout.startswith(f"{spec}\n")
        assert re.search(f"format +{words} ", answer.stdout)
        content = json.loads(call("inspect", spec, "--json").stdout)
        assert {tuple(weight["shape"]) for weight in content["weights"]} < {
            (1, 1, 3, 3),
            (3, 3, 1, 1),
        }
        assert (content["contract"] is None) == (words == "ONNX")


def test_a_tarball_is_inspected_as_its_frozen_graph_and_leaves_nothing(call, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    content = json.loads(call("inspect", TARBALL, "--json").stdout)
    assert content["graph"]["model"] == "deeplabv3_mnv2_sample"
    assert content["origin"] == content["graph"]["path"] == str(TARBALL)
    assert content["contract"]["crop"] == [129, 129]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_terminal_that_lacks_a_character_gets_its_escape(tmp_path):
    folder = tmp_path / "写"
    folder.mkdir()
    answer = subprocess.run(
        [sys.executable, "-m", "dlconv", "init"],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert "/\\u5199/dlconv.toml: change it" in answer.stdout


def test_what_inspect_shows_is_markdown_too(call, graph):
    text = call("inspect", graph, "--markdown").stdout
    assert text.startswith(f"### colours: {graph}\n\n|  | found | because |\n| --- | --- | --- |\n")
    assert "| input | ImageTensor:0 uint8 \\[1, ?, ?, 3] |" in text
    call("rewrite", graph, "-o", "faster.pb")
    text = call("inspect", "--diff", graph, "faster.pb", "--markdown").stdout
    assert "| Identity | 1 | 0 |" in text


def test_only_the_passes_asked_for_run(call, graph):
    assert call("rewrite", graph, "-o", "same.pb", "--only", "drop-asserts").exit_code == 0
    assert Path("same.pb").read_bytes() == graph.read_bytes()
    answer = call("rewrite", graph, "--only", "fold-everything")
    assert answer.exit_code == 2
    assert "fold-batch-norms" in answer.stderr


def test_artifacts_go_below_the_working_folder_by_model_and_precision(call, graph):
    for arguments, place in (
        (("tfjs", graph), "artifacts/colours/tfjs-float32/model.json"),
        (("tfjs", graph, "--quantize", "f16"), "artifacts/colours/tfjs-float16/model.json"),
        (("onnx", graph), "artifacts/colours/onnx-float32/model.onnx"),
        (("litert", graph), "artifacts/colours/litert-float32/model.tflite"),
        (("tflite", graph, "--quantize", "f16"), "artifacts/colours/litert-float16/model.tflite"),
    ):
        answer = call(*arguments)
        assert answer.exit_code == 0, answer.output
        assert answer.stdout.startswith(place)
        assert Path(place).is_file()


def test_a_conversion_gives_json(call, graph):
    content = json.loads(call("tfjs", graph, "--quantize", "plain1", "-o", "here", "--json").stdout)
    assert content["path"] == "here/model.json"
    assert content["precision"] == content["recipe"]["precision"] == "plain1"
    assert content["bytes"] == sum(file["bytes"] for file in content["files"])


def test_one_byte_for_each_weight_passes_the_floors_without_any_photo_to_calibrate_on(call):
    call("fetch", "sample")
    answer = call("tfjs", "sample", "--quantize", "1")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("artifacts/sample/tfjs-uint8/model.json")
    assert answer.stderr.splitlines()[0] == "converting sample to TensorFlow.js (uint8)"
    assert "warning" not in answer.stderr
    answer = call("verify", "artifacts/sample/tfjs-uint8", "--json")
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["results"]
    assert row["floors"] == {"agreement": 0.99, "worst": 0.95, "miou": 0.85}
    manifest = json.loads(Path("artifacts/sample/tfjs-uint8/manifest.json").read_text())
    assert manifest["calibration"]["images"] == "synthetic"
    dtypes = {tensor["name"]: tensor["dtype"] for tensor in manifest["tensors"]}
    assert set(dtypes.values()) == {"uint8", "uint16"}


def test_integers_of_litert_pass_the_floors_in_its_runtime(call):
    call("fetch", "sample")
    answer = call("litert", "sample", "--quantize", "static", "--check")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("artifacts/sample/litert-int8-static/model.tflite")
    assert "checked in litert xnnpack" in answer.stdout
    answer = call("verify", "artifacts/sample/litert-int8-static", "--json")
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["results"]
    assert row["agreement"]["mean"] > 0.995


def test_a_network_trained_for_8_bits_keeps_its_ranges_in_litert_without_photos(call, photos):
    Path("trained.pb").write_bytes(trained_segmenter().SerializeToString())
    options = ("--quantize", "static", "--calibrate", photos, "--check", "--json")
    answer = call("litert", "trained.pb", *options)
    assert answer.exit_code == 0, answer.output
    assert "warning: the network was trained for 8 bits and keeps its own ranges" in answer.stderr
    made = json.loads(answer.stdout)
    assert made["calibration"] is None
    assert [entry["dtype"] for entry in made["tensors"]] == ["int8", "int8"]


def test_a_litert_file_for_any_size_is_right_at_each(call, photos):
    call("fetch", "sample")
    answer = call("litert", "sample", "--input-size", "any", "-o", "any.tflite", "--json")
    assert json.loads(answer.stdout)["contract"]["input"]["shape"] == [1, None, None, 3]
    Image.open(next(photos.iterdir())).resize((97, 60)).save(photos / "wide.png")
    answer = call("verify", "any.tflite", "--images", photos, "--json")
    (row,) = json.loads(answer.stdout)["results"]
    assert (row["differing_pixels"], len(row["photos"])) == (0, 3)
    answer = call("litert", "sample", "--input-size", "any", "--quantize", "static")
    assert answer.exit_code == 2
    assert "integers (static) need one" in answer.stderr


def test_a_litert_file_is_named_as_one(call, graph):
    answer = call("litert", graph, "-o", "model.onnx")
    assert answer.exit_code == 2
    assert answer.stderr.splitlines()[-1].startswith(
        "error: a LiteRT file has a name that ends in .tflite, not model.onnx"
    )
    assert call("litert", graph, "-o", "model.tflite").exit_code == 0
    assert {path.name for path in Path().iterdir()} == {
        "model.tflite",
        "model.tflite.manifest.json",
    }


def test_a_page_shows_what_it_can_run(call, graph):
    call("litert", graph)
    assert call("demo", "--export", "site").exit_code == 0
    assert list(Path("site").glob("artifacts/*/litert-float32/model.tflite"))


def test_photos_to_calibrate_on_are_warned_about_and_named_by_their_pixels(call, graph, photos):
    options = ("--quantize", "1", "--calibrate", photos)
    made = json.loads(call("tfjs", graph, *options, "-o", "one", "--json").stdout)
    calibration = made["calibration"]
    assert (calibration["images"], calibration["count"]) == ("photos", 2)
    again = call("tfjs", graph, *options, "-o", "two")
    assert again.stderr.splitlines()[-1].startswith("warning: calibrated on 2 photos")
    Image.new("RGB", (8, 6)).save(photos / "black.png")
    others = call("tfjs", graph, *options, "-o", "three")
    assert "1 of 3 photos to calibrate on show nothing" in others.stderr
    manifests = [json.loads(Path(name, "manifest.json").read_text()) for name in ("two", "three")]
    digests = [manifest["calibration"]["sha256"] for manifest in manifests]
    assert digests[0] == calibration["sha256"] != digests[1]


def test_quantization_is_explained_tensor_by_tensor(call, graph, photos):
    options = ("--quantize", "1", "--calibrate", photos)
    assert "weights" not in call("tfjs", graph, *options).stdout
    answer = call("tfjs", graph, *options, "--explain-quantization")
    assert answer.exit_code == 0, answer.output
    assert re.search(r"weights +uint16 +1x1x3x3 .* 18 +\d\.\d+e-\d+ +\d+\.\d\d %", answer.stdout)
    explained = call("tfjs", graph, *options, "--explain-quantization", "--json")
    (tensor,) = json.loads(explained.stdout)["tensors"]
    assert tensor["divergence"] >= 0


def test_a_search_shows_its_curve_and_verify_holds_its_artifact_to_the_floors(call, tmp_path):
    path = tmp_path / "small.pb"
    path.write_bytes(small_segmenter().SerializeToString(deterministic=True))
    (tmp_path / "photos").mkdir()
    for number, picture in enumerate(pictures(8)):
        Image.fromarray(picture[0]).save(tmp_path / "photos" / f"{number}.png")
    options = ("--quantize", "auto", "--floor-agreement", "0.95", "--floor-worst", "0.8")
    answer = call("tfjs", path, *options, "--calibrate", tmp_path / "photos")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.count("met, chosen") == 1
    assert "missed" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("artifacts/small/tfjs-auto/model.json")
    assert Path("artifacts/small/tfjs-auto.curve.svg").read_bytes().startswith(b"<?xml")
    answer = call("verify", "--images", tmp_path / "photos", "--json")
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["results"]
    assert row["precision"] == "auto"
    assert row["floors"] == {"agreement": 0.95, "worst": 0.8, "miou": None}
    assert 0.95 < row["agreement"]["mean"] < 1


@pytest.mark.parametrize("option", ["1", "2", "f16", "auto", "plain1"])
def test_a_graph_with_nothing_to_quantize_says_so(call, tmp_path, photos, option):
    path = tmp_path / "brightest.pb"
    graph = graph_def(
        placeholder("ImageTensor", np.uint8, (1, None, None, 3)),
        const("axis", 3, np.int32),
        node("labels", "ArgMax", "ImageTensor", "axis", T=np.uint8, Tidx=np.int32),
    )
    path.write_bytes(graph.SerializeToString())
    assert call("tfjs", path).exit_code == 0
    more = ("--calibrate", photos) if option in ("1", "auto") else ()
    answer = call("tfjs", path, "--quantize", option, *more)
    assert answer.exit_code == 1
    (error,) = [line for line in answer.stderr.splitlines() if not line.startswith("converting")]
    assert error.startswith("error: there is nothing to quantize")
    assert not list(Path().rglob("tfjs-*8*"))


USELESS = {
    "a scale for each channel of 16 bits": ("2", "--per-channel"),
    "a scale for each channel of the plain scheme": ("plain1", "--per-channel"),
    "a scale for each channel in a search": ("auto", "--per-channel"),
    "photos for 16 bits": ("2", "--calibrate", "."),
    "photos for the plain scheme": ("plain1", "--calibrate", "."),
    "a floor without a search": ("1", "--floor-agreement", "0.9"),
    "a floor of 0 without a search": ("1", "--floor-worst", "0"),
    "an explanation of nothing": ("0", "--explain-quantization"),
    "an explanation of halves": ("f16", "--explain-quantization"),
}


@pytest.mark.parametrize("case", USELESS)
def test_an_option_that_does_nothing_is_wrong_usage(call, graph, case):
    scheme, option, *values = USELESS[case]
    answer = call("tfjs", graph, "--quantize", scheme, option, *values)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert f"does nothing with --quantize {scheme}" in answer.stderr
    assert option.startswith(answer.stderr.split()[1].rstrip("."))
    assert not Path("artifacts").exists()


def test_a_search_without_photos_is_wrong_usage(call, graph):
    answer = call("tfjs", graph, "--quantize", "auto")
    assert answer.exit_code == 2
    assert "--calibrate DIR" in answer.stderr.splitlines()[-1]
    assert call("tfjs", graph, "--quantize", "1", "--calibrate", "gone").exit_code == 1


def test_a_runtime_that_is_missing_fails_the_run_unless_it_may_be_skipped(
    call, graph, photos, monkeypatch
):
    call("onnx", graph)
    monkeypatch.setenv("DLCONV_CHROMIUM", "/no/such/browser")
    options = ("verify", "--images", photos, "--runtime", "ort-web", "--runtime", "onnxruntime")
    answer = call(*options)
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[-1].startswith("error: DLCONV_CHROMIUM=/no/such/browser")
    answer = call(*options, "--skip-missing", "--json")
    assert answer.exit_code == 0
    assert "skipped: DLCONV_CHROMIUM=/no/such/browser" in answer.stderr
    (row,) = json.loads(answer.stdout)["results"]
    assert row["runtime"]["name"] == "onnxruntime"
    alone = call("verify", "--images", photos, "--runtime", "ort-web", "--skip-missing")
    assert alone.exit_code == 1
    assert "nothing was checked" in alone.stderr


def test_verify_checks_all_artifacts_and_passes(call, graph, photos):
    call("tfjs", graph)
    call("onnx", graph)
    answer = call("verify", "--images", photos, "--report", "report.json")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.count("passed") == 2
    content = json.loads(Path("report.json").read_text())
    assert content["passed"] is True
    assert [row["target"] for row in content["results"]] == ["onnx", "tfjs"]
    assert json.loads(call("verify", "--images", photos, "--json").stdout)["passed"] is True


def test_a_model_of_2018_is_upgraded_and_checked_against_its_own_graph(call, graph, photos):
    write_layout_2018(read_graph(graph), Path("old_web"), WeightType.UINT8)
    answer = call("upgrade", "old_web")
    assert answer.exit_code == 0, answer.output
    place = "artifacts/old_web/tfjs-uint8-upgraded"
    assert answer.stdout.startswith(f"{place}/model.json")
    command = answer.stderr.strip().removeprefix("check it: dlconv ").split()
    assert command[:2] == ["verify", place]
    checked = call(*command[:3], photos, *command[4:])
    assert checked.exit_code == 0, checked.output
    assert "tfjs uint8 upgraded" in checked.stdout
    made = json.loads(call("upgrade", "old_web", "-o", "new", "--json").stdout)
    assert (made["path"], made["source"]["model"]) == ("new/model.json", "old_web")
    assert call("upgrade", "old_web", "-o", "old_web").exit_code == 2


def test_an_interface_of_ones_own_keeps_the_labels(call):
    call("fetch", "sample")
    size = ("--input-size", "129", "--input", "float32")
    for arguments, place in (
        (("tfjs", *size, "--output", "probabilities"), "129x129-float32-in-probabilities"),
        (("onnx", "--output-type", "int32"), "int32-out"),
        (("onnx", "--output", "scores"), "scores"),
    ):
        answer = call(*arguments)
        assert answer.exit_code == 0, answer.output
        assert answer.stdout.startswith(f"artifacts/sample/{arguments[0]}-float32-{place}/model.")
    rows = json.loads(call("verify", "--json").stdout)["results"]
    assert [row["differing_pixels"] for row in rows] == [0, 0, 0]


def test_another_resolution_is_said_to_be_another_function(call):
    call("fetch", "sample")
    made = json.loads(call("tfjs", "--input-size", "97x97", "--json").stdout)
    assert made["same_function"] is False
    assert made["contract"]["input"]["shape"] == [1, 97, 97, 3]
    (row,) = json.loads(call("verify", "--json").stdout)["results"]
    assert row["floors"] == {"agreement": 0.9, "worst": None, "miou": None}
    assert "tfjs float32 97x97" in call("verify", "--floor-agreement", "0.5").stdout
    assert 0.7 < row["agreement"]["mean"] < 0.99


def test_what_needs_rewriting_cannot_do_without(call):
    call("fetch", "sample")
    answer = call("tfjs", "--input-size", "65", "--no-rewrite")
    assert answer.exit_code == 2
    assert "--no-rewrite" in answer.stderr
    assert call("tfjs", "--input-size", "65by65").exit_code == 2
    assert call("tfjs", "--input-size", "7").exit_code == 2
    assert call("onnx", "--output", "scores", "--output-type", "int32").exit_code == 2


def test_an_artifact_checked_against_another_network_fails(call, graph, photos):
    """Give an artifact of swapped classes the other graph's manifest entry: verify must notice."""
    call("tfjs", graph, "-o", "right")
    swapped = graph.with_name("swapped.pb")
    swapped.write_bytes(tiny_segmenter(kernel=tiny_kernel()[..., [1, 0, 2]]).SerializeToString())
    call("tfjs", swapped, "-o", "wrong")
    manifest = json.loads(Path("wrong/manifest.json").read_text())
    manifest["source"] = json.loads(Path("right/manifest.json").read_text())["source"]
    Path("wrong/manifest.json").write_text(json.dumps(manifest))
    answer = call("verify", "wrong", "--images", photos)
    assert answer.exit_code == 1
    assert "failed" in answer.stdout
    assert "below the floor 0.999" in answer.stderr


def test_floors_can_be_set(call, graph, photos):
    call("tfjs", graph, "--quantize", "plain1")
    given = ("--floor-agreement", "0", "--floor-worst", "0", "--floor-miou", "0")
    assert call("verify", "--images", photos, *given).exit_code == 0
    for option in given[::2]:
        for floor in ("2", "-1", "nan"):
            assert call("verify", "--images", photos, option, floor).exit_code == 2


def test_a_floor_that_is_given_leaves_the_other_defaults(call, graph, photos):
    call("tfjs", graph, "--quantize", "plain1")
    answer = call("verify", "--images", photos, "--floor-agreement", "0.5", "--json")
    (row,) = json.loads(answer.stdout)["results"]
    assert row["floors"] == {"agreement": 0.5, "worst": 0.95, "miou": 0.85}


@pytest.mark.parametrize("command", ["verify", "run"])
def test_help_states_the_default_floors(call, command):
    text = " ".join(call(command, "--help").stdout.split())
    for precision, floors in DEFAULT_FLOORS.items():
        for floor in (floors.agreement, floors.worst, floors.miou):
            assert floor is None or re.search(rf"{precision}(, \w+)*( and \w+)? {floor}[,.;]", text)


def test_an_auto_artifact_without_floors_is_refused_before_any_is_checked(call, graph, photos):
    call("tfjs", graph)
    call("tfjs", graph, "--quantize", "plain1", "-o", "auto")
    manifest = json.loads(Path("auto/manifest.json").read_text()) | {"precision": "auto"}
    manifest["recipe"]["precision"] = "auto"
    Path("auto/manifest.json").write_text(json.dumps(manifest))
    answer = call("verify", "artifacts", "auto", "--images", photos)
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: auto/manifest.json is not a manifest of this dlconv")
    assert "recipe.floors: is missing" in answer.stderr
    assert answer.stderr.count("\n") == 1


ERRORS = {
    "an unknown model": (("fetch", "mobilenetv2_coco_voc_trainag"), 1, "did you mean mobilenetv2"),
    "a model not fetched": (("tfjs", "sample"), 1, "run: dlconv fetch sample"),
    "nothing fetched": (("inspect",), 1, "run: dlconv fetch"),
    "no such graph": (("inspect", "gone/graph.pb"), 1, "no frozen graph at gone/graph.pb"),
    "a graph that is none": (
        ("inspect", "photo.pb"),
        1,
        "photo.pb is a picture, not a frozen graph",
    ),
    "no such model of another format": (("inspect", "gone.onnx"), 1, "no model at gone.onnx"),
    "a file of no format": (("inspect", "./notes.txt"), 1, "no format that dlconv reads"),
    "a folder without a model": (("inspect", "."), 1, "a folder without a model"),
    "ONNX that is none": (
        ("inspect", "photo.onnx"),
        1,
        "photo.onnx is a picture, not an ONNX file",
    ),
    "a model.json that is none": (
        ("inspect", "photo.json"),
        1,
        "photo.json is a picture",
    ),
    "a tarball that is none": (("inspect", "photo.tgz"), 1, "not a gzipped tarball"),
    "nothing to compare": (("inspect", "--diff"), 2, "two models"),
    "two models to show": (("inspect", "a.pb", "b.pb"), 2, "to compare two: dlconv inspect diff"),
    "JSON and Markdown": (("inspect", "--json", "--markdown"), 2, "exclude each other"),
    "TensorBoard for ONNX": (("inspect", "photo.onnx", "--logdir", "x"), 2, "for frozen graphs"),
    "a port for nothing": (
        ("inspect", "--port", "80"),
        2,
        "--port does nothing without --view or --tensorboard",
    ),
    "a check of a picture": (
        ("inspect", "sound.pb", "--check", "--logdir", "log"),
        2,
        "--check does nothing with --logdir",
    ),
    "an opset out of range": (("inspect", "sound.pb", "--opset", "99"), 2, "takes 17 to 26"),
    "an unknown precision": (
        ("tfjs", "sample", "--quantize", "3"),
        2,
        "--quantize takes one of float32, uint8, uint16",
    ),
    "no model of 2018": (("upgrade", "."), 1, "there is no tensorflowjs_model.pb at ."),
    "no artifacts": (("verify",), 1, "make one: dlconv tfjs"),
    "no such artifact": (("verify", "gone"), 1, "no artifact at gone"),
    "an unknown option": (("tfjs", "--quantise", "1"), 2, "--quantise"),
    "an opset that is none": (("onnx", "--opset", "x"), 2, "--opset"),
    "offline without a cache": (("fetch", "--offline"), 1, "--offline"),
    "a registry that is none": (("models", "--registry", "photo.pb"), 1, "photo.pb"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_one_line_with_a_hint(call, case):
    arguments, exit_code, words = ERRORS[case]
    for suffix in ("pb", "onnx", "json", "tgz"):
        Path(f"photo.{suffix}").write_bytes(b"\xff\xd8\xff\xe0 a photo")
    Path("sound.pb").write_bytes(tiny_segmenter().SerializeToString())
    Path("notes.txt").write_text("buy milk")
    answer = call(*arguments)
    assert answer.exit_code == exit_code
    assert words in answer.stderr
    if exit_code == 1:
        assert answer.stderr.startswith("error: ")
        assert answer.stderr.count("\n") == 1


def test_no_photos_is_an_error(call, graph, tmp_path):
    call("tfjs", graph)
    (tmp_path / "empty").mkdir()
    for arguments in ((), ("--images", tmp_path / "empty")):
        answer = call("verify", *arguments)
        assert answer.exit_code == 1
        assert "nothing can be checked" in answer.stderr


def test_a_broken_photo_is_an_error_that_names_it(call, graph, photos):
    call("tfjs", graph)
    (photos / "broken.png").write_bytes(b"oh")
    answer = call("verify", "--images", photos)
    assert answer.exit_code == 1
    assert "broken.png" in answer.stderr


def test_a_graph_that_left_the_cache_is_missed(call, graph, photos, monkeypatch, tmp_path):
    call("tfjs", graph)
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "other"))
    answer = call("verify", "--images", photos)
    assert answer.exit_code == 1
    assert "not in the cache" in answer.stderr


def run_process(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "dlconv", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_the_whole_in_one_on_the_sample_as_a_process(tmp_path):
    answer = run_process("run", "sample", "--json", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    rows = json.loads(answer.stdout)["results"]
    assert [(row["target"], row["precision"]) for row in rows] == [
        ("tfjs", "float32"),
        ("tfjs", "uint8"),
        ("onnx", "float32"),
    ]
    assert all(row["differing_pixels"] <= 1e-4 * row["pixels"] for row in rows[::2])
    assert rows[1]["floors"] == {"agreement": 0.99, "worst": 0.95, "miou": 0.85}
    assert len(rows[0]["photos"]) == 6
    assert "tensorflow" not in answer.stderr.lower().replace("tensorflow.js", "")
    for row in rows:
        assert (tmp_path / row["artifact"]).is_file()


def test_the_table_of_the_run_says_where_the_artifacts_are(call):
    answer = call("run", "sample")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.count("passed") == 3
    assert "artifacts/sample/onnx-float32/model.onnx" in answer.stdout


def test_a_process_says_its_error_and_exits_with_one(tmp_path):
    answer = run_process("fetch", "nonsense", cwd=tmp_path)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: no model is called 'nonsense'")


def test_ctrl_c_is_one_line(tmp_path):
    """Wherever the job is when it is interrupted: no traceback, nothing left over."""
    call = [sys.executable, "-m", "dlconv", "run", "sample"]
    process = subprocess.Popen(
        call, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c
    )
    while "converting to ONNX" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(2)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("error: interrupted")
    assert "Traceback" not in errors
    assert not list((tmp_path / "artifacts").rglob(".*"))


def test_a_reader_that_leaves_early_is_no_crash(tmp_path):
    command = f"{sys.executable} -m dlconv models --json | head -c 10"
    answer = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert answer.stderr == ""


NO_TEXT = {"sans\udcff": "sans-udcff", "two\nlines\x1b[31m": "two-nlines-x1b[31m"}


@pytest.mark.parametrize("stem", NO_TEXT)
def test_a_name_that_is_no_text_makes_a_model_s_name_that_is(call, stem):
    Path(f"{stem}.pb").write_bytes(tiny_segmenter().SerializeToString())
    write_layout_2018(tiny_segmenter(), Path(stem))
    for command, source in (("tfjs", f"{stem}.pb"), ("upgrade", stem)):
        called = call(command, f"./{source}", "--json")
        assert called.exit_code == 0, called.output
        made = json.loads(called.stdout)
        assert made["source"]["model"] == NO_TEXT[stem]
        assert Path(made["path"]).is_relative_to(f"artifacts/{NO_TEXT[stem]}")
    assert call("inspect", f"./{stem}.pb", "--json").exit_code == 0
    assert call("rewrite", f"./{stem}.pb", "-o", f"{stem}-fast.pb").exit_code == 0


def test_a_model_that_was_fetched_comes_before_a_folder_of_its_name(call, graph):
    registry = Path("r.toml")
    registry.write_text(
        f'[models.mine]\nurl = "{TARBALL.as_uri()}"\ndataset = "shapes"\ncrop = [129, 129]\n'
    )
    assert call("fetch", "mine", "--registry", registry).exit_code == 0
    for _ in range(2):
        assert call("tfjs", "mine", "-o", "mine").exit_code == 0


def test_a_graph_in_the_folder_above_is_called_after_that_folder(call, graph):
    shutil.copy(graph, "../frozen_inference_graph.pb")
    answer = call("tfjs", "../frozen_inference_graph.pb", "--json")
    assert answer.exit_code == 0, answer.stderr
    (made,) = Path("artifacts").glob("*/tfjs-float32/manifest.json")
    model = json.loads(made.read_text())["source"]["model"]
    assert model == Path.cwd().parent.name == made.parts[1]


def test_a_folder_of_models_is_not_inspected_and_one_in_it_is_named(call, graph):
    assert call("tfjs", graph, "-o", "models/first").exit_code == 0
    answer = call("inspect", "models")
    assert answer.exit_code == 1
    assert (
        "models is a folder without a model (hint: give one in it: models/first)" in answer.stderr
    )
