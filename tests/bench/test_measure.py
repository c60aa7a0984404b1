import dataclasses
import os
import signal
import sys
from importlib.metadata import version

import numpy as np
import pytest
from PIL import Image
from support.artifacts import tfjs_artifact
from support.chromium import needs_chromium
from support.graphs import tiny_kernel

from dlconv.bench.measure import (
    STARTS,
    WARM_UP_ROUNDS,
    Measurement,
    Subject,
    all_turns,
    measure,
    peak_bytes,
)
from dlconv.bench.onnx_worker import OnnxruntimeChild
from dlconv.errors import DlconvError
from dlconv.runtimes import Inference, RuntimeMissingError
from dlconv.runtimes.catalogue import choices_for, parse_choices
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime
from dlconv.verify.photos import find_photos

PHOTO = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)


@pytest.fixture
def tfjs(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "tfjs")


@pytest.fixture
def onnx(onnx_artifact):
    return onnx_artifact


@pytest.fixture
def photos(tmp_path):
    for name, size in (("a", (9, 7)), ("b", (5, 6))):
        Image.new("RGB", size, "red").save(tmp_path / f"{name}.png")
    return find_photos([tmp_path])


def in_defaults(*artifacts):
    return [Subject(each, *choices_for(each.manifest.target, [])) for each in artifacts]


def test_every_artifact_is_measured_in_its_runtime(tfjs, onnx, photos):
    reported = []
    subjects = in_defaults(tfjs, onnx)
    found = measure(subjects, photos, 3, 1, lambda *progress: reported.append(progress))
    assert [row.artifact for row in found] == [tfjs, onnx]
    assert [row.runtime for row in found] == ["tfjs-node", "onnxruntime"]
    for row in found:
        assert len(row.frames_ms) == 3
        assert row.frames == ((7, 9), (6, 5))
        assert 0 < row.min_ms <= row.median_ms
        assert min(row.first_ms, row.load_ms) > 0
        assert row.versions
        assert sys.platform != "linux" or 20e6 < row.peak_bytes < 400e6
    starts, frames = STARTS * 2, (3 + WARM_UP_ROUNDS) * 2
    assert reported == [
        *[("starts", done, starts) for done in range(starts)],
        *[("frames", done, frames) for done in range(frames + 1)],
    ]


@pytest.mark.long
@needs_chromium
def test_pages_and_processes_take_turns(tfjs, onnx, photos):
    wanted = ["tfjs-node wasm", "tfjs-chromium wasm", "ort-web wasm", "ort-web-node wasm"]
    choices = parse_choices([name.partition(" ")[0] for name in wanted])
    subjects = [
        Subject(artifact, choice)
        for artifact in (tfjs, onnx)
        for choice in choices_for(artifact.manifest.target, choices)
    ]
    rows = measure(subjects, photos, 2)
    assert [row.place for row in rows] == wanted
    assert [row.artifact for row in rows] == [tfjs, tfjs, onnx, onnx]
    for row in rows:
        assert len(row.frames_ms) == 2
        assert row.frames == ((7, 9), (6, 5))
        assert int(row.versions["threads"]) >= 1
        assert sys.platform != "linux" or 20e6 < row.peak_bytes < 3e9
    node, page = rows[:2]
    assert sys.platform != "linux" or page.peak_bytes > node.peak_bytes


def test_what_a_machine_lacks_is_left_out_if_wanted(tfjs, onnx, photos, monkeypatch):
    monkeypatch.setenv("DLCONV_CHROMIUM", "/no/such/browser")
    subjects = [*in_defaults(onnx), Subject(tfjs, *parse_choices(["tfjs-chromium"]))]
    with pytest.raises(RuntimeMissingError):
        measure(subjects, photos, 1)
    missing = []
    (row,) = measure(subjects, photos, 1, skip_missing=missing.append)
    assert row.artifact == onnx
    assert ["/no/such/browser" in str(error) for error in missing] == [True]
    with pytest.raises(DlconvError, match="no runtime could start, so nothing was measured"):
        measure(subjects[1:], photos, 1, skip_missing=missing.append)


def test_the_worker_gives_the_labels_of_the_graph(onnx):
    with OnnxruntimeChild(onnx.entry, 1) as child:
        labels = child.infer(PHOTO).labels
        assert child.describe() == {"onnxruntime": version("onnxruntime"), "threads": "1"}
    assert labels.tolist() == np.argmax(PHOTO.astype(np.float32) @ tiny_kernel()[0, 0], 3).tolist()


@pytest.mark.parametrize("target", ["onnx", "tfjs"])
def test_a_child_that_dies_is_an_error(target, tfjs, onnx):
    starting = (
        OnnxruntimeChild(onnx.entry, 1) if target == "onnx" else TfjsNodeRuntime(tfjs.directory)
    )
    with starting as child:
        child.infer(PHOTO)
        os.kill(*child.process_ids, signal.SIGKILL)
        with pytest.raises(DlconvError, match="stopped"):
            child.infer(PHOTO)


def test_a_child_that_dies_while_it_starts_is_an_error(onnx, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(DlconvError, match="process stopped"):
        OnnxruntimeChild(onnx.entry, 1).__enter__()


def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(DlconvError, match="cannot load") as raised:
        OnnxruntimeChild(path, 1).__enter__()
    assert "\n" not in str(raised.value)


def test_a_photo_that_the_model_does_not_take_is_an_error(onnx):
    with OnnxruntimeChild(onnx.entry, 1) as child, pytest.raises(DlconvError, match="fails on"):
        child.infer(PHOTO.astype(np.float32))


def test_a_file_that_was_changed_is_not_measured(tfjs, photos):
    tfjs.entry.write_text("{}")
    with pytest.raises(DlconvError, match="is not the file that was made"):
        measure(in_defaults(tfjs), photos, 1)


@pytest.fixture
def log(monkeypatch):
    """What pretended children are asked, in order; they take one millisecond more each time."""
    entries = []

    class Pretended:
        name, backend, process_ids = "pretended", "none", [-1]

        def __init__(self, subject, threads):
            self.artifact, self.ms = subject.artifact.directory.name, 0

        def __enter__(self):
            entries.append(("start", self.artifact))
            return self

        def __exit__(self, *error):
            entries.append(("stop", self.artifact))

        def infer(self, image):
            entries.append((image.shape[1], self.artifact))
            self.ms += 1
            return Inference(image, self.ms)

        def describe(self):
            return {}

    monkeypatch.setattr(Subject, "start", lambda subject, threads: Pretended(subject, threads))
    return entries


def test_artifacts_take_turns_and_all_get_the_same_photo(log, tfjs, onnx, photos):
    rows = measure(in_defaults(tfjs, onnx), photos, 2)
    asked = [entry for entry in log if isinstance(entry[0], int)]
    assert asked == [
        *[(7, "tfjs"), (7, "onnx")],
        *[(6, "onnx"), (6, "tfjs")],
        *[(7, "tfjs"), (7, "onnx")],
        *[(6, "onnx"), (6, "tfjs")],
    ]
    assert [(row.first_ms, row.frames_ms, row.peak_bytes) for row in rows] == [
        (1, (3, 4), None)
    ] * 2


def test_an_input_of_a_fixed_size_gets_padded_photos(log, tfjs, photos):
    contract = tfjs.manifest.contract
    fixed = dataclasses.replace(
        tfjs.manifest,
        contract=dataclasses.replace(
            contract, input=dataclasses.replace(contract.input, shape=(1, 20, 30, 3)), crop=(20, 30)
        ),
    )
    (row,) = measure(in_defaults(dataclasses.replace(tfjs, manifest=fixed)), photos, 1)
    assert row.frames == ((20, 30),)


def test_processes_are_started_in_turns_and_all_are_stopped(log, tfjs, onnx, photos):
    measure(in_defaults(tfjs, onnx), photos, 1)
    for name in ("tfjs", "onnx"):
        assert log.count(("start", name)) == log.count(("stop", name)) == STARTS
    first, last = log.index((7, "tfjs")), len(log) - 2
    assert log[:2] == [("start", "tfjs"), ("start", "onnx")]
    assert {entry[0] for entry in log[last:]} == {"stop"}
    assert ("stop", "tfjs") not in log[first:last]


def test_turns_start_one_later_each_round():
    order = [(0, [0, 1, 2]), (1, [1, 2, 0]), (2, [2, 0, 1]), (3, [0, 1, 2])]
    assert all_turns(3, 4) == [(number, k) for number, places in order for k in places]


def test_median_least_and_spread(tfjs):
    times = (10.0, 50.0, 20.0, 30.0, 40.0)
    row = Measurement(tfjs, "r", "b", {}, ((1, 1),), 1, 1, times, None)
    assert (row.median_ms, row.min_ms, row.quartiles_ms, row.iqr_ms) == (30, 10, (20, 40), 20)
    one = Measurement(tfjs, "r", "b", {}, ((1, 1),), 1, 1, (10.0,), None)
    assert (one.median_ms, one.iqr_ms) == (10, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_the_peak_of_several_processes_is_their_sum(tfjs):
    with TfjsNodeRuntime(tfjs.directory) as first, TfjsNodeRuntime(tfjs.directory) as second:
        ids = [*first.process_ids, *second.process_ids]
        single = [peak_bytes([process_id]) for process_id in ids]
        assert min(single) > 20e6
        assert sum(single) <= peak_bytes(ids) < 1.1 * sum(single)


def test_the_peak_of_a_process_that_is_gone_is_not_known():
    assert peak_bytes([os.getpid(), 2**22 + 1]) is None
