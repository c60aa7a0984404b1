import json
import os
import signal

import numpy as np
import pytest
from support.artifacts import tfjs_artifact
from support.graphs import const, graph_def, node, placeholder, tiny_kernel, tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

PHOTO = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)


@pytest.fixture
def model(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "model").directory


def expected_labels(photo):
    return np.argmax(photo.astype(np.float32) @ tiny_kernel()[0, 0], axis=3)


@pytest.mark.parametrize("backend", ["wasm", "cpu"])
def test_labels_are_those_of_the_graph(model, backend):
    with TfjsNodeRuntime(model, backend) as runtime:
        inference = runtime.infer(PHOTO)
    assert inference.labels.tolist() == expected_labels(PHOTO).tolist()
    assert inference.ms > 0


def test_one_process_takes_photos_of_any_size_and_leaks_no_tensor(model):
    with TfjsNodeRuntime(model) as runtime:
        tensors = set()
        for height, width in [(1, 1), (5, 300), (64, 3), (7, 9)]:
            photo = np.full((1, height, width, 3), 200, np.uint8)
            assert runtime.infer(photo).labels.shape == (1, height, width)
            tensors.add(runtime.tensors)
    assert len(tensors) == 1


def test_the_description_says_what_a_result_depends_on(model):
    with TfjsNodeRuntime(model) as runtime:
        description = runtime.describe()
    assert description["tfjs"] == "4.22.0"
    assert description["simd"] == "True"
    assert int(description["node"].split(".")[0]) >= 20


def test_a_missing_shard_is_named(model):
    (model / "group1-shard1of1.bin").unlink()
    with pytest.raises(DlconvError, match=r"group1-shard1of1\.bin: missing"):
        TfjsNodeRuntime(model).__enter__()


@pytest.mark.parametrize("name", ["../outside.bin", "..\\outside.bin", "%2e%2e", "", "\ud800"])
def test_a_shard_that_does_not_lie_beside_the_model_is_not_read(model, name):
    (model / "group1-shard1of1.bin").rename(model.parent / "outside.bin")
    content = json.loads((model / "model.json").read_text())
    content["weightsManifest"][0]["paths"] = [name]
    (model / "model.json").write_text(json.dumps(content))
    with pytest.raises(DlconvError, match="which is not a file beside it") as raised:
        TfjsNodeRuntime(model).__enter__()
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b""])
def test_a_shard_of_the_wrong_size_is_refused(model, change):
    shard = model / "group1-shard1of1.bin"
    shard.write_bytes(change(shard.read_bytes()))
    with pytest.raises(DlconvError, match=r"hold \d+ bytes, the weights manifest says 40"):
        TfjsNodeRuntime(model).__enter__()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "JSON"),
        ("{}", "no graph"),
        ('{"modelTopology": {"node": [{"name": "x", "op": "NoOp"}]}}', "no weightsManifest"),
    ],
)
def test_a_model_that_is_none_is_refused(model, content, message):
    (model / "model.json").write_text(content)
    with pytest.raises(DlconvError, match=message):
        TfjsNodeRuntime(model).__enter__()


def test_a_weight_without_a_value_is_refused(model):
    content = json.loads((model / "model.json").read_text())
    content["weightsManifest"][0]["weights"][0]["name"] = "other"
    (model / "model.json").write_text(json.dumps(content))
    with pytest.raises(DlconvError, match="cannot run"), TfjsNodeRuntime(model) as runtime:
        runtime.infer(PHOTO)


def test_an_op_that_fails_on_a_photo_is_one_line(frozen_on_disk, tmp_path):
    f = np.float32
    graph = graph_def(
        placeholder("x", np.uint8, (1, None, None, 3)),
        node("float", "Cast", "x", SrcT=np.uint8, DstT=f),
        const("shape", [1, 5], np.int32),
        node("y", "Reshape", "float", "shape", T=f, Tshape=np.int32),
    )
    model = tfjs_artifact(frozen_on_disk(graph), tmp_path / "model").directory
    with TfjsNodeRuntime(model) as runtime, pytest.raises(DlconvError) as raised:
        runtime.infer(PHOTO)
    assert "\n" not in str(raised.value)


def test_a_process_that_dies_is_an_error(model):
    with TfjsNodeRuntime(model) as runtime:
        os.kill(*runtime.process_ids, signal.SIGKILL)
        with pytest.raises(DlconvError, match="Node.js stopped"):
            runtime.infer(PHOTO)


def test_an_unknown_backend_is_an_error(model):
    with pytest.raises(DlconvError, match="webgpu"):
        TfjsNodeRuntime(model, "webgpu").__enter__()


def test_a_large_photo_crosses_the_pipes(frozen_on_disk, tmp_path):
    model = tfjs_artifact(frozen_on_disk(tiny_segmenter()), tmp_path / "m")
    photo = np.random.default_rng(1).integers(0, 256, (1, 1025, 2049, 3), np.uint8)
    with TfjsNodeRuntime(model.directory) as runtime:
        labels = runtime.infer(photo).labels
    assert labels.shape == (1, 1025, 2049)
