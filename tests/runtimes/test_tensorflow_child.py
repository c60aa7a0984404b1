"""TensorFlow in a process of its own gives the same, and its death is an error in one line."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from support.graphs import convolving_three_axes, tiny_kernel, tiny_segmenter
from support.processes import still_running

from dlconv.errors import DlconvError
from dlconv.runtimes.tensorflow import TensorflowRuntime
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.verify.reference import Reference

PHOTO = np.random.default_rng(5).integers(0, 256, (1, 65, 97, 3), np.uint8)


def test_it_gives_what_tensorflow_gives_here(tiny):
    with TensorflowChild(tiny.path) as child, TensorflowRuntime(tiny.path) as here:
        assert np.array_equal(child.infer(PHOTO).output, here.infer(PHOTO).output)
        assert np.array_equal(child.scores(PHOTO), here.scores(PHOTO))
        (found,) = child.activations(PHOTO, child.images()[-1:])
        (expected,) = here.activations(PHOTO, here.images()[-1:])
        assert np.array_equal(found, expected)
        assert child.describe() == here.describe()
        assert child.process_ids != [os.getpid()]
        with pytest.raises(DlconvError, match="cannot run"):
            child.infer(PHOTO[..., :2])
        assert np.array_equal(child.infer(PHOTO).output, here.infer(PHOTO).output)
        os.kill(*child.process_ids, signal.SIGKILL)
        with pytest.raises(DlconvError, match="SIGKILL.*too little memory"):
            child.infer(PHOTO)


def test_its_process_stays_for_the_next_graph_unless_it_ended(tiny, frozen_on_disk, monkeypatch):
    monkeypatch.chdir(tiny.path.parent)
    other = frozen_on_disk(tiny_segmenter(kernel=-tiny_kernel()), "other").path
    with TensorflowChild(tiny.path) as first:
        ids, labels = first.process_ids, first.infer(PHOTO).labels
    with pytest.raises(DlconvError, match=r"cannot read none\.pb"):
        TensorflowChild(Path("none.pb")).__enter__()
    with TensorflowChild(Path(other.name)) as second:
        assert second.process_ids == ids
        assert not np.array_equal(second.infer(PHOTO).labels, labels)
        os.kill(*ids, signal.SIGKILL)
    assert still_running(ids) == []
    with TensorflowChild(tiny.path) as third:
        assert third.process_ids != ids
        assert np.array_equal(third.infer(PHOTO).labels, labels)


def test_a_graph_that_ends_tensorflow_is_an_error_that_names_it(frozen_on_disk, tmp_path):
    path = frozen_on_disk(convolving_three_axes()).path
    reference = Reference(path, "aborting", tmp_path / "labels")
    with reference, pytest.raises(DlconvError) as raised:
        reference.labels(PHOTO)
    assert raised.value.message == f"TensorFlow ended (SIGABRT) while it ran {path}"
    assert raised.value.hint == "the graph itself cannot run on such an image"
