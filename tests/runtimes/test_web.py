"""Artifacts in browsers, and in ONNX Runtime Web in Node.js."""

import os

import numpy as np
import pytest
from support.artifacts import onnx_artifact, tfjs_artifact
from support.chromium import needs_chromium
from support.graphs import tiny_kernel
from support.sample import sample_graph, sample_photos

from dlconv.convert.targets.onnx.opset import OPSETS
from dlconv.errors import DlconvError
from dlconv.recipe import Interface
from dlconv.runtimes.framing import framed
from dlconv.runtimes.litert_web import LitertWebRuntime
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.ort_web import OrtWebNodeRuntime, OrtWebRuntime
from dlconv.runtimes.tfjs_chromium import TfjsChromiumRuntime

PHOTOS = [
    np.random.default_rng(size).integers(0, 256, (1, size, 9, 3), np.uint8) for size in (7, 1, 30)
]


def expected_labels(photo):
    return np.argmax(photo.astype(np.float32) @ tiny_kernel()[0, 0], axis=3)


@pytest.fixture
def tfjs(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "model").directory


@pytest.fixture
def onnx(tiny, tmp_path):
    return onnx_artifact(tiny, tmp_path / "model").entry


@needs_chromium
@pytest.mark.parametrize("backend", ["wasm", "webgl", "webgpu"])
def test_tfjs_in_a_page_gives_the_labels_of_the_graph(tfjs, backend):
    with TfjsChromiumRuntime(tfjs, backend) as runtime:
        for photo in PHOTOS:
            inference = runtime.infer(photo)
            assert inference.labels.tolist() == expected_labels(photo).tolist()
            assert inference.ms > 0
        said = runtime.describe()
    assert said["tfjs"] == "4.22.0"
    assert "Chrome/" in said["browser"]
    if backend == "wasm":
        assert (said["isolated"], said["simd"]) == ("True", "True")
        assert int(said["threads"]) >= 1
    else:
        assert said["renderer"]
        assert said["precision"] == "float32"


@pytest.mark.parametrize(
    "make", [OrtWebNodeRuntime, pytest.param(OrtWebRuntime, marks=needs_chromium)]
)
@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_onnx_runtime_web_gives_the_labels_of_the_graph(tiny, tmp_path, make, dtype):
    interface = Interface(output_dtype=dtype)
    entry = onnx_artifact(tiny, tmp_path / "model", interface=interface).entry
    with make(entry) as runtime:
        for photo in PHOTOS:
            inference = runtime.infer(photo)
            assert inference.labels.tolist() == expected_labels(photo).tolist()
        said = runtime.describe()
    assert said["onnxruntime_web"] == "1.30.0"
    if make is OrtWebRuntime:
        assert said["isolated"] == "True"
        assert int(said["threads"]) == os.cpu_count(), "an isolated page gives wasm its threads"


def test_onnx_runtime_web_runs_the_newest_opset(tiny, tmp_path):
    entry = onnx_artifact(tiny, tmp_path / "model", opset=OPSETS[1]).entry
    with OrtWebNodeRuntime(entry) as runtime:
        labels = runtime.infer(PHOTOS[0]).labels
    assert labels.tolist() == expected_labels(PHOTOS[0]).tolist()


@pytest.mark.slow
@needs_chromium
def test_onnx_runtime_web_gives_the_labels_of_the_graph_on_webgpu(tiny, tmp_path):
    entry = onnx_artifact(tiny, tmp_path / "model").entry
    with OrtWebRuntime(entry, "webgpu") as runtime:
        for photo in PHOTOS:
            assert runtime.infer(photo).labels.tolist() == expected_labels(photo).tolist()
        said = runtime.describe()
    assert said["onnxruntime_web"] == "1.30.0"
    assert said["renderer"]


@pytest.mark.long(seconds=30)
@needs_chromium
@pytest.mark.parametrize("interface", [{}, {"layout": "nchw", "input_dtype": "float32"}])
def test_a_network_on_webgpu_gives_the_labels_that_it_gives_on_a_processor(tmp_path, interface):
    frozen = sample_graph(tmp_path / "graph")
    choices = Interface(input_size=(65, 65), **interface)
    artifact = onnx_artifact(frozen, tmp_path / "model", interface=choices)
    entry, contract = artifact.entry, artifact.manifest.contract
    image = framed(sample_photos()[0][:, ::2, ::2], contract.input)
    with OnnxruntimeRuntime(entry) as runtime:
        expected = runtime.infer(image).labels
    assert len(np.unique(expected)) > 1
    with OrtWebRuntime(entry, "webgpu") as runtime:
        assert runtime.infer(image).labels.tolist() == expected.tolist()


@needs_chromium
def test_scores_come_as_floats(tiny, tmp_path):
    interface = Interface(output="scores")
    entry = onnx_artifact(tiny, tmp_path / "model", interface=interface).entry
    with OrtWebRuntime(entry) as runtime:
        inference = runtime.infer(PHOTOS[0])
    assert inference.output.dtype == np.float32
    assert inference.output.shape == (1, 7, 9, 3)
    assert inference.labels.tolist() == expected_labels(PHOTOS[0]).tolist()


@needs_chromium
def test_a_missing_shard_is_named(tfjs):
    (tfjs / "group1-shard1of1.bin").unlink()
    with pytest.raises(DlconvError, match=r"group1-shard1of1\.bin: missing"):
        TfjsChromiumRuntime(tfjs).__enter__()


@needs_chromium
def test_a_truncated_shard_is_refused(tfjs):
    shard = tfjs / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DlconvError, match=r"hold \d+ bytes, the weights manifest says 40"):
        TfjsChromiumRuntime(tfjs).__enter__()


@pytest.mark.parametrize(
    "make", [OrtWebNodeRuntime, pytest.param(OrtWebRuntime, marks=needs_chromium)]
)
def test_a_file_that_is_no_model_is_one_line(onnx, make):
    onnx.write_bytes(b"no model at all")
    with pytest.raises(DlconvError, match="cannot run") as raised:
        make(onnx).__enter__()
    assert "\n" not in str(raised.value)


@needs_chromium
def test_an_input_of_the_wrong_type_is_one_line(onnx):
    with OrtWebRuntime(onnx) as runtime, pytest.raises(DlconvError, match="cannot run") as raised:
        runtime.infer(PHOTOS[0].astype(np.float32))
    assert "\n" not in str(raised.value)


@needs_chromium
def test_a_browser_that_is_gone_is_one_line(onnx):
    with OrtWebRuntime(onnx) as runtime:
        runtime._session._page.context.browser.close()
        with pytest.raises(DlconvError, match="cannot run") as raised:
            runtime.infer(PHOTOS[0])
        assert "\n" not in str(raised.value)


@needs_chromium
def test_threads_are_as_many_as_asked_for(tiny, tfjs, labelling_files, tmp_path):
    onnx = onnx_artifact(tiny, tmp_path / "onnx").entry
    for runtime in (
        TfjsChromiumRuntime(tfjs, threads=1),
        OrtWebRuntime(onnx, threads=1),
        LitertWebRuntime(labelling_files["float32"].path, threads=1),
    ):
        with runtime:
            assert runtime.describe()["threads"] == "1"


@needs_chromium
@pytest.mark.parametrize("backend", ["wasm", pytest.param("webgpu", marks=pytest.mark.slow)])
def test_litert_in_a_page_gives_the_labels_of_tensorflow(labelling_files, backend):
    file = labelling_files["float32"]
    photo = np.random.default_rng(4).integers(0, 256, (1, 9, 7, 3)).astype(np.float32)
    with LitertWebRuntime(file.path, backend) as runtime:
        assert runtime.infer(photo).labels.tolist() == file.expected(photo).tolist()
        said = runtime.describe()
        with pytest.raises(DlconvError, match=r"takes float32 \[1,9,7,3\] here, and not uint8"):
            runtime.infer(photo.astype(np.uint8))
    assert said["litert"] == "2.5.3"
    if backend == "webgpu":
        assert said["renderer"]
        assert (said["precision"], said["on_gpu"]) == ("float32", "everything")
    else:
        assert int(said["threads"]) == os.cpu_count(), "an isolated page gives wasm its threads"
