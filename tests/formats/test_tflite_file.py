import os
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tflite_files import OFFSET, Parts, Table, scales, tensor

from dlconv.errors import DlconvError
from dlconv.formats.tflite_file import read_tflite

RANDOM = np.random.default_rng(7)
KERNEL = RANDOM.normal(size=(3, 3, 3, 4)).astype(np.float32)
DEPTHWISE = RANDOM.normal(size=(3, 3, 4, 2)).astype(np.float32)
BIAS = np.float32([1, -2, 3, 4])


@pytest.fixture(scope="module")
def converted():
    """Bytes of files that TensorFlow's converter makes of a small network, by precision."""
    import tensorflow as tf

    def network(image):
        features = tf.nn.relu6(tf.nn.conv2d(image, KERNEL, 1, "SAME") + BIAS)
        return tf.nn.depthwise_conv2d(features, DEPTHWISE, (1, 1, 1, 1), "SAME")

    def photos():
        yield [np.linspace(0, 255, 192, dtype=np.float32).reshape(1, 8, 8, 3)]

    image = tf.TensorSpec([1, None, None, 3], tf.float32, name="image")
    traced = tf.function(network, input_signature=[image]).get_concrete_function()

    def made(**options):
        converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
        for name, value in options.items():
            setattr(converter, name, value)
        return bytes(converter.convert())

    smaller = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    integers = tf.lite.TargetSpec(supported_ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8])
    return {
        "float32": made(),
        "float16": made(**smaller, target_spec=tf.lite.TargetSpec(supported_types=[tf.float16])),
        "int8": made(
            **smaller,
            target_spec=integers,
            representative_dataset=photos,
            inference_input_type=tf.int8,
            inference_output_type=tf.uint8,
        ),
    }


def read(content, tmp_path):
    (tmp_path / "model.tflite").write_bytes(content)
    return read_tflite(tmp_path / "model.tflite")


def by_shape(network):
    return {weight.shape: weight for weight in network.weights}


def test_what_tensorflows_converter_writes_is_read(converted, tmp_path):
    network = read(converted["float32"], tmp_path)
    assert network.format == "LiteRT"
    assert network.maker.startswith("MLIR Converted, runtime 1.")
    (photo,), (features,) = network.inputs, network.outputs
    assert (photo.node, photo.dtype, photo.shape) == ("image", "float32", (1, None, None, 3))
    assert (features.dtype, features.shape) == ("float32", (1, None, None, 8))
    assert network.ops == {"CONV_2D+RELU6": 1, "DEPTHWISE_CONV_2D": 1}
    assert network.unknown == ()
    found = by_shape(network)
    for original in (KERNEL, DEPTHWISE, BIAS):
        assert np.array_equal(found[original.shape].values, original)
    assert network.stored_dtypes == {"float32"}


def test_halves_are_read_as_the_floats_that_they_round(converted, tmp_path):
    network = read(converted["float16"], tmp_path)
    found = by_shape(network)
    for original in (KERNEL, DEPTHWISE, BIAS):
        weight = found[original.shape]
        assert np.array_equal(weight.values, original.astype(np.float16).astype(np.float32))
        assert (weight.dtype, weight.stored_dtype) == ("float32", "float16")
    assert network.stored_dtypes == {"float16"}
    assert network.ops["DEQUANTIZE"] == 4


def test_codes_are_read_as_the_floats_that_they_round(converted, tmp_path):
    network = read(converted["int8"], tmp_path)
    found = by_shape(network)
    for original in (KERNEL, DEPTHWISE, BIAS):
        weight = found[original.shape]
        steps = np.abs(original).reshape(-1, *original.shape[-2:]).max(axis=0) / 127
        if original is KERNEL:
            steps = np.abs(original).max(axis=(0, 1, 2)) / 127
        assert (np.abs(weight.values - original) <= steps * 0.5001).all()
    assert {weight.stored_dtype for weight in network.weights} == {"int8", "int32"}
    assert network.stored_dtypes == {"int8"}
    (photo,), (features,) = network.inputs, network.outputs
    assert (photo.dtype, features.dtype) == ("int8", "uint8")
    assert photo.reason.startswith("the file's own: codes, each for (code + 128) * ")


def test_without_weights_none_is_decoded(converted, tmp_path, monkeypatch):
    monkeypatch.setattr("dlconv.formats.tflite_file.decoded", None)
    (tmp_path / "model.tflite").write_bytes(converted["int8"])
    network = read_tflite(tmp_path / "model.tflite", with_weights=False)
    assert (network.weights, network.stored_dtypes) == ((), {"int8"})


@settings(max_examples=250)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(converted, tmp_path_factory, data):
    content = bytearray(converted[data.draw(st.sampled_from(sorted(converted)))])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] = data.draw(st.integers(0, 255))
        else:
            numbers = st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1, len(content)])
            number = data.draw(numbers | st.integers(0, len(content)))
            aligned = place // 4 * 4
            content[aligned : aligned + 4] = np.array([number], OFFSET).tobytes()
    path = tmp_path_factory.mktemp("fuzz") / "model.tflite"
    path.write_bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    started = time.process_time()
    refusal = ""
    try:
        read_tflite(path)
    except DlconvError as error:
        refusal = str(error)
    assert time.process_time() - started < 2
    assert refusal.isprintable()


def test_a_kernel_of_gigabytes_in_words_takes_no_memory(tmp_path):
    parts = Parts()
    bomb = tensor("w", (2**15, 2**16), 9, 1, Quantization=scales(1))
    parts = parts.but(tensors=(parts.tensors[0], bomb, parts.tensors[2]))
    with pytest.raises(DlconvError, match="the values of w do not match its shape"):
        read_tflite(parts.written(tmp_path / "model.tflite"))


def test_an_operator_that_is_not_known_is_counted_and_said(tmp_path):
    parts = Parts().but(codes=(Table("OperatorCode", BuiltinCode=9999),))
    network = read_tflite(parts.written(tmp_path / "model.tflite"))
    assert network.ops == {"builtin 9999": 1}
    assert network.unknown == ("builtin 9999",)
    assert network.maker == "by hand"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, not a .tflite file"),
        (b"<html>404</html>", "is an HTML page, not a .tflite file"),
        (b"\x1c\0\0", "is not a .tflite file, or it is truncated"),
        (b"\x1c\0\0\0TFL2" + bytes(64), "is not a .tflite file, or it is truncated"),
        (b"\x1c\0\0\0TFL3", "is damaged: it is truncated"),
        (b"\0\0\0\0TFL3", "is damaged"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, content, message):
    with pytest.raises(DlconvError, match=message):
        read(content, tmp_path)


def test_a_file_of_more_than_2_gib_is_refused_unread(tmp_path):
    path = tmp_path / "model.tflite"
    path.touch()
    os.truncate(path, 3 << 30)
    with pytest.raises(DlconvError, match=r"larger than the .tflite files that are read \(2 GiB\)"):
        read_tflite(path)


def test_there_is_one_to_read(tmp_path):
    with pytest.raises(DlconvError, match="cannot read .*: No such file"):
        read_tflite(tmp_path / "model.tflite")
