"""Runtimes that do not answer: an error after a while, and nothing of them is left."""

import numpy as np
import pytest
from support.artifacts import tfjs_artifact
from support.chromium import needs_chromium
from support.endless import write_endless_onnx
from support.processes import still_running

from dlconv.bench.onnx_worker import OnnxruntimeChild
from dlconv.errors import DlconvError
from dlconv.runtimes import answers
from dlconv.runtimes.ort_web import OrtWebNodeRuntime, OrtWebRuntime
from dlconv.runtimes.tfjs_chromium import TfjsChromiumRuntime
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

# More than fits into a pipe: who loops does not read it either.
PHOTO = np.zeros((1, 513, 513, 3), np.uint8)


def one_thread(model_path):
    return OnnxruntimeChild(model_path, 1)


@pytest.mark.parametrize(
    ("make", "who"),
    [
        (OrtWebNodeRuntime, "Node.js"),
        (one_thread, "ONNX Runtime's process"),
        pytest.param(OrtWebRuntime, "Chromium", marks=needs_chromium),
    ],
)
def test_a_model_that_never_ends_is_an_error_and_its_processes_are_ended(
    tmp_path, monkeypatch, make, who
):
    model_path = write_endless_onnx(tmp_path / "model.onnx")
    with make(model_path) as runtime:
        ids = runtime.process_ids
        monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.5)
        with pytest.raises(DlconvError) as raised:
            runtime.infer(PHOTO)
    said = f"{who} did not answer within 0.5 seconds while it ran {model_path}"
    assert raised.value.message == said
    assert still_running(ids) == []


def test_the_next_photo_after_one_without_an_answer_is_an_error_too(tmp_path, monkeypatch):
    with OrtWebNodeRuntime(write_endless_onnx(tmp_path / "model.onnx")) as runtime:
        monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.2)
        for _ in range(2):
            with pytest.raises(DlconvError, match=r"did not answer within 0\.2 seconds"):
                runtime.infer(PHOTO)


@pytest.mark.parametrize(
    "make", [TfjsNodeRuntime, pytest.param(TfjsChromiumRuntime, marks=needs_chromium)]
)
def test_loading_has_the_same_limit(tiny, tmp_path, monkeypatch, make):
    directory = tfjs_artifact(tiny, tmp_path / "model").directory
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.001)
    with pytest.raises(DlconvError, match=r"did not answer within 0\.001 seconds"):
        make(directory).__enter__()
