"""LiteRT in a process of its own gives what TensorFlow gives, and refuses in one line."""

import os
import signal

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support.tensorflow_lite import KERNEL, scoring_in_int8

from dlconv.errors import DlconvError
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.litert import BACKENDS, LitertRuntime, codes_of, dequantized, scores_of
from dlconv.runtimes.litert_child import LitertChild

RANDOM = np.random.default_rng(3)


def photo(*size, dtype="uint8"):
    return RANDOM.integers(0, 256, (1, *size, 3)).astype(dtype)


@pytest.mark.parametrize("backend", BACKENDS)
def test_labels_are_tensorflows_at_a_fixed_size_and_at_any(labelling_files, backend):
    fixed, free = labelling_files["float32"], labelling_files["uint8"]
    with LitertChild(fixed.path, backend, threads=2) as child:
        given = photo(9, 7, dtype="float32")
        assert np.array_equal(child.infer(given).labels, fixed.expected(given))
        assert child.process_ids != [os.getpid()]
        said = child.describe()
        with pytest.raises(DlconvError, match=r"LiteRT cannot run .*fixed\.tflite: .*mismatch"):
            child.infer(photo(9, 8, dtype="float32"))
        with pytest.raises(DlconvError, match=r"cannot run .*type UINT8 but expected type FLOAT32"):
            child.infer(photo(9, 7))
    assert said["threads"] == "2"
    assert said.get("XNNPACK") == {"xnnpack": "1 of 2 nodes", "reference": None}[backend]
    with LitertChild(free.path, backend) as child:
        for given in (photo(9, 7), photo(20, 3), photo(20, 3), photo(9, 7)):
            inference = child.infer(given)
            assert np.array_equal(inference.labels, free.expected(given))
            assert inference.ms > 0
        with pytest.raises(DlconvError, match=r"LiteRT cannot run .*free\.tflite"):
            child.infer(np.zeros((1, 9, 7, 4), np.uint8))


def test_every_tensor_can_be_asked_for_where_all_are_kept(labelling_files):
    file = labelling_files["uint8"]
    given = photo(6, 8)
    with LitertChild(file.path, "reference", keeps_all=True) as child:
        _, name = child.images()
        (scores,) = child.activations(given, [name])
    import tensorflow as tf

    expected = tf.nn.conv2d(given.astype(np.float32), KERNEL, 1, "SAME").numpy()
    assert np.allclose(scores, expected, atol=1e-5 * np.abs(expected).max())


def test_photos_become_codes_and_codes_of_scores_numbers(tmp_path):
    photos = [photo(9, 7, dtype="float32") for _ in range(8)]
    file = scoring_in_int8(tmp_path / "int8.tflite", photos)
    with LitertRuntime(file.path) as runtime:
        found = runtime.infer(photos[0].astype(np.uint8)).output
    expected = file.expected(photos[0])
    assert (found.dtype, found.shape) == (np.float32, expected.shape)
    assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()


def details(dtype, scale, zero_point):
    return {"dtype": np.dtype(dtype).type, "quantization": (scale, zero_point)}


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (details("uint8", 0.0, 0), [0, 128, 255]),
        (details("uint8", 1.0, 0), [0, 128, 255]),
        (details("int8", 1.0, -128), [-128, 0, 127]),
        (details("int8", 0.5, -128), [-128, 127, 127]),
        # Of values from -1 to 1, and of their squares: a pixel is its own code.
        (details("uint8", 1 / 127.5, 128), [0, 128, 255]),
        (details("int8", 1 / 127.5, 0), [-128, 0, 127]),
    ],
)
def test_codes_stand_for_pixels_or_are_pixels(wanted, codes):
    assert codes_of(np.array([0, 128, 255], np.uint8), wanted).tolist() == codes


def test_labels_are_codes_of_nothing():
    labels = np.array([[[3, 4]]], np.int8)
    assert scores_of(labels, details("int8", 0.5, 1)) is labels
    assert scores_of(labels[..., None, :], details("int8", 0.5, 1)).tolist() == [[[[1, 1.5]]]]
    assert dequantized(labels, details("int8", 0.0, 0)) is labels


def with_input(path, index):
    """A file whose first operator reads a tensor of this index."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    operator = model.subgraphs[0].operators[0]
    operator.inputs = [index, *operator.inputs[1:]]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_what_is_no_model_is_one_line_that_names_the_file(labelling_files, tmp_path):
    whole = labelling_files["float32"].path
    broken = {
        "truncated": whole.read_bytes()[:-400],
        "garbage": RANDOM.bytes(4000),
        "empty": b"",
        "elsewhere": with_input(whole, 99),
        "negative": with_input(whole, -7),
    }
    for name, content in broken.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(content)
        with pytest.raises(DlconvError) as raised:
            LitertChild(path).__enter__()
        assert str(raised.value).startswith(f"LiteRT cannot load {path}: ")
        assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(DlconvError, match=r"cannot load none\.tflite: Could not open"):
        LitertChild(tmp_path.with_name("none.tflite").relative_to(tmp_path.parent)).__enter__()


@pytest.mark.parametrize(
    ("killed_by", "hint"),
    [("SIGSEGV", "the file itself cannot run on such an image"), ("SIGKILL", "too little memory")],
)
def test_a_file_that_ends_the_process_ends_nothing_else(labelling_files, killed_by, hint):
    path = labelling_files["uint8"].path
    with LitertChild(path) as child:
        os.kill(*child.process_ids, getattr(signal, killed_by))
        with pytest.raises(DlconvError) as raised:
            child.infer(photo(9, 7))
    assert raised.value.message == f"LiteRT ended ({killed_by}) while it ran {path}"
    assert hint in raised.value.hint


def test_a_file_that_runs_without_end_is_given_up(labelling_files, monkeypatch):
    path = labelling_files["uint8"].path
    with LitertChild(path) as child:
        monkeypatch.setattr("dlconv.runtimes.answers.ANSWER_SECONDS", 0.2)
        os.kill(*child.process_ids, signal.SIGSTOP)
        with pytest.raises(DlconvError, match=r"LiteRT did not answer within 0\.2 seconds"):
            child.infer(photo(9, 7))


def test_without_ai_edge_litert_the_line_to_type_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("dlconv.runtimes.litert_child.find_spec", lambda name: None)
    with pytest.raises(RuntimeMissingError) as raised:
        LitertChild(tmp_path / "model.tflite").__enter__()
    assert raised.value.hint == "pip install 'dlconv[litert]'"
