"""The main job on two real networks, where ../shared has them beside the checkout."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.layout_2018 import write_layout_2018
from support.peer import PEER, needs_peer
from support.real import TARBALLS, caller
from support.shared import PHOTOS, ZOO, needs_shared

from dlconv.convert.stored import WeightType
from dlconv.formats.frozen_graph import read_graph
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime
from dlconv.verify.photos import find_photos, load_photo

pytestmark = [needs_shared, pytest.mark.slow, pytest.mark.timeout(900)]

# A LiteRT file of one size is given 128 around a photo, where the frozen graph fills in 127.5.
MOST_DIFFERING = {"tfjs": 1e-4, "onnx": 1e-4, "litert": 1e-3}
DTYPES = {"real_mnv2": "int64", "real_mnv2_dm05": "int32"}
LARGER, SMALLER = TARBALLS
BOTH_EACH_WEEK = pytest.mark.parametrize(
    "model", [SMALLER, pytest.param(LARGER, marks=pytest.mark.weekly)], indirect=True
)
UINT8_FLOORS = {"agreement": 0.99, "worst": 0.95, "miou": 0.85}
PHOTO_NAMES = ("2007_000063.jpg", "2007_000364.jpg")


@pytest.fixture(scope="module")
def mirror():
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=ZOO)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a cache and artifacts that the tests of this module share."""
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def call(work):
    return caller(work)


@pytest.fixture(scope="module", params=TARBALLS)
def model(request, call, mirror):
    answer = call("fetch", request.param, "--mirror", mirror)
    assert answer.returncode == 0, answer.stderr
    return request.param


@pytest.fixture(scope="module")
def images():
    photos = [photo for photo in find_photos([PHOTOS]) if photo.path.name in PHOTO_NAMES]
    assert len(photos) == len(PHOTO_NAMES)
    return [photo.path for photo in photos]


def image_options(paths):
    return [word for path in paths for word in ("--images", path)]


def test_the_mirror_as_files_gives_the_same_graph(model, call):
    first = json.loads(call("fetch", model, "--json").stdout)
    again = json.loads(call("fetch", model, "--force", "--mirror", ZOO.as_uri(), "--json").stdout)
    assert first == again


def test_the_stand_in_is_refused_under_the_originals_name(call, mirror):
    answer = call("fetch", "mobilenetv2_coco_voc_trainaug", "--mirror", mirror)
    assert answer.returncode == 1
    assert "23,882,985" in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("error: ")


def test_the_contract_is_found(model, call):
    content = json.loads(call("inspect", model, "--json").stdout)
    contract = content["contract"]
    assert contract["input"]["node"] == "ImageTensor"
    assert contract["input"]["shape"] == contract["output"]["shape"] + [3] == [1, None, None, 3]
    assert contract["output"]["node"] == "SemanticPredictions"
    assert contract["output"]["dtype"] == DTYPES[model]
    assert (contract["crop"], contract["classes"]) == ([513, 513], 21)
    assert content["summary"]["ops"]["FusedBatchNorm"] == 54


def test_every_op_is_covered_and_counted_as_it_is_converted(model, call, work):
    answer = call("inspect", model, "--check", "--json")
    assert answer.returncode == 0, answer.stderr
    ops = json.loads(answer.stdout)["coverage"]["ops"]
    assert {row["op"]: row["frozen"] for row in ops}["FusedBatchNorm"] == 54
    call("tfjs", model, "-o", "covered")
    topology = json.loads((work / "covered/model.json").read_text())["modelTopology"]
    converted = Counter(node["op"] for node in topology["node"])
    assert converted == {row["op"]: row["tfjs"] for row in ops if row["tfjs"]}


@pytest.mark.long
@BOTH_EACH_WEEK
def test_diff_finds_the_weights_in_every_format(model, call):
    graph = json.loads(call("inspect", model, "--json").stdout)
    total = sum(np.prod(weight["shape"], dtype=int) for weight in graph["weights"])

    def kept(path, *kinds):
        answer = call("inspect", "--diff", model, path, "--json")
        assert answer.returncode == 0, answer.stderr
        counts = json.loads(answer.stdout)["counts"]
        return sum(counts[kind]["elements"] for kind in kinds) / total

    call("tfjs", model, "--no-rewrite", "--quantize", "plain1", "-o", "codes")
    assert kept("codes", "equal", "rounded") > 0.999
    call("onnx", model, "--no-rewrite", "-o", "plain.onnx")
    assert kept("plain.onnx", "equal", "scaled") > 0.95


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
@pytest.mark.parametrize(
    "command", [["tfjs", "-o", "small"], ["inspect"], ["inspect", "--logdir", "log"]]
)
def test_the_writer_and_inspect_need_little_memory_and_no_tensorflow(model, call, work, command):
    program = (
        "import sys; from dlconv.cli import app; "
        f"app([{command[0]!r}, {model!r}, *{command[1:]!r}], standalone_mode=False); "
        "assert 'tensorflow' not in sys.modules; "
        "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')])"
    )
    environment = {**os.environ, "DLCONV_CACHE": str(work / "cache")}
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=work, env=environment, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    (kilobytes,) = re.findall(r"VmHWM:\D+(\d+) kB", answer.stdout)
    assert int(kilobytes) < 200_000


def test_float32_artifacts_agree_with_the_frozen_graph(model, call, images):
    artifacts = [
        json.loads(call(target, model, "--json").stdout)["path"] for target in MOST_DIFFERING
    ]
    answer = call("verify", *artifacts, *image_options(images), "--json")
    assert answer.returncode == 0, answer.stderr
    rows = json.loads(answer.stdout)["results"]
    assert [row["target"] for row in rows] == [*MOST_DIFFERING]
    for row in rows:
        assert row["differing_pixels"] <= MOST_DIFFERING[row["target"]] * row["pixels"]
        assert row["pixels"] > 300_000
        assert "person" in row["class_iou"] or len(row["class_iou"]) > 2


@pytest.mark.long
@BOTH_EACH_WEEK
def test_onnx_agrees_on_all_photos(model, call):
    artifact = json.loads(call("onnx", model, "--json").stdout)["path"]
    answer = call("verify", artifact, "--images", PHOTOS, "--json")
    assert answer.returncode == 0, answer.stderr
    (row,) = json.loads(answer.stdout)["results"]
    assert len(row["photos"]) == 43
    assert row["differing_pixels"] <= 1e-4 * row["pixels"]


def test_plain_8_bit_weights_lose_labels_and_verify_says_so(call, images):
    made = json.loads(call("tfjs", "real_mnv2", "--quantize", "plain1", "--json").stdout)
    answer = call("verify", made["path"], *image_options(images), "--json")
    assert answer.returncode == 1
    (row,) = json.loads(answer.stdout)["results"]
    assert row["floors"] == UINT8_FLOORS
    assert 0.8 < row["agreement"]["mean"] < 0.99
    assert [failure.split(" ")[0] for failure in row["failures"]] == ["mean", "worst", "mIoU"]


@pytest.mark.long
@BOTH_EACH_WEEK
def test_a_model_of_2018_is_upgraded_and_keeps_its_labels(model, call, images, work):
    graph = json.loads(call("fetch", model, "--json").stdout)["path"]
    old = write_layout_2018(read_graph(Path(graph)), work / f"old-{model}", WeightType.UINT8)
    made = json.loads(call("upgrade", old, "-o", f"new-{model}", "--json").stdout)
    assert made["precision"] == "uint8"
    answer = call("verify", f"new-{model}", *image_options(images), "--json")
    assert answer.returncode == 0, answer.stderr
    (row,) = json.loads(answer.stdout)["results"]
    assert row["differing_pixels"] <= 1e-4 * row["pixels"]
    against_the_zoos = call("verify", old, "--reference", model, *image_options(images))
    assert against_the_zoos.returncode == 1
    assert f"old-{model}/tensorflowjs_model.pb in tfjs-node wasm: " in against_the_zoos.stderr


@needs_peer
def test_our_writer_and_the_official_converter_give_the_same_labels(model, call, images, work):
    theirs, ours = f"theirs-{model}", f"ours-{model}"
    options = ("--converter", "tensorflowjs")
    answer = call("tfjs", model, "-o", theirs, *options, python=PEER / "bin/python")
    assert answer.returncode == 0, answer.stderr
    assert call("tfjs", model, "-o", ours).returncode == 0
    image = load_photo(find_photos(images)[0], (513, 513))
    labels = []
    for directory in (theirs, ours):
        with TfjsNodeRuntime(work / directory) as runtime:
            labels.append(runtime.infer(image).labels)
    assert len(np.unique(labels[1])) > 1
    assert np.mean(labels[0] == labels[1]) >= 0.9999
