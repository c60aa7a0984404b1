import numpy as np
import pytest
from support.tflite_files import (
    BFLOAT16,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    DEQUANTIZE,
    FLOAT16,
    INT4,
    INT8,
    INT32,
    TRANSPOSE_CONV,
    UINT8,
    Parts,
    Table,
    kernel_model,
    operator,
    scales,
    tensor,
    with_constant,
)

from dlconv.errors import DlconvError
from dlconv.formats.tflite_file import read_tflite

KERNEL = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def weights(parts, tmp_path):
    return read_tflite(parts.written(tmp_path / "model.tflite")).weights


def codes(tmp_path, kind, content, shape, **quantization):
    constant = tensor("w", shape, kind, 1, Quantization=scales(**quantization))
    (weight,) = weights(with_constant(constant, content.tobytes()), tmp_path)
    return weight


@pytest.mark.parametrize(
    ("code", "order"), [(CONV_2D, (1, 2, 3, 0)), (TRANSPOSE_CONV, (1, 2, 0, 3))]
)
def test_kernels_are_in_tensorflows_order(tmp_path, code, order):
    (weight,) = weights(kernel_model(code, KERNEL, 5), tmp_path)
    assert weight.shape == weight.values.shape
    assert np.array_equal(weight.values, KERNEL.transpose(order))


@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_kernels_have_an_axis_of_multipliers(tmp_path, multiplier):
    ours = np.arange(3 * 3 * 4 * multiplier, dtype=np.float32).reshape(3, 3, 4, multiplier)
    stored = ours.reshape(1, 3, 3, 4 * multiplier)
    (weight,) = weights(kernel_model(DEPTHWISE_CONV_2D, stored, 4), tmp_path)
    assert np.array_equal(weight.values, ours)


@pytest.mark.parametrize("channels", [3, 0])
def test_a_depthwise_kernel_that_does_not_fit_its_image_stays(tmp_path, channels):
    stored = np.ones((1, 3, 3, 4), np.float32)
    (weight,) = weights(kernel_model(DEPTHWISE_CONV_2D, stored, channels), tmp_path)
    assert weight.shape == stored.shape


@pytest.mark.parametrize(("kind", "dtype"), [(INT8, np.int8), (UINT8, np.uint8), (INT32, np.int32)])
def test_codes_count_as_what_they_stand_for(tmp_path, kind, dtype):
    limits = np.iinfo(dtype)
    stored = np.array([limits.min, 0, 7, limits.max], dtype)
    weight = codes(tmp_path, kind, stored, (2, 2), scale=0.5, zero_point=1)
    assert (
        weight.values.tolist()
        == ((stored.astype(np.float64) - 1) / 2).astype("f").reshape(2, 2).tolist()
    )
    assert (weight.dtype, weight.stored_dtype, weight.scale) == ("float32", dtype.__name__, 0.5)
    assert weight.bytes == stored.nbytes


def test_each_index_along_an_axis_has_its_scale_and_zero_point(tmp_path):
    stored = np.arange(-6, 6, dtype=np.int8).reshape(2, 3, 2)
    weight = codes(
        tmp_path, INT8, stored, stored.shape, scale=[1, 0.5, 2], zero_point=[0, 1, -1], axis=1
    )
    expected = (stored - np.int32([[0], [1], [-1]])) * np.float32([[1], [0.5], [2]])
    assert np.array_equal(weight.values, expected)
    assert weight.scale == 2


def test_a_kernel_of_codes_is_turned_after_its_axis_is_scaled(tmp_path):
    stored = np.arange(-6, 6, dtype=np.int8).reshape(2, 1, 2, 3)
    parts = kernel_model(CONV_2D, stored, 3)
    kernel = tensor("k", stored.shape, INT8, 1, Quantization=scales([1, 0.5]))
    parts = parts.but(tensors=(parts.tensors[0], kernel, parts.tensors[2]))
    (weight,) = weights(parts, tmp_path)
    expected = (stored * np.float32([1, 0.5]).reshape(2, 1, 1, 1)).transpose(1, 2, 3, 0)
    assert np.array_equal(weight.values, expected)


def test_four_bits_are_unpacked_from_the_lower_half_on(tmp_path):
    stored = np.uint8([0x81, 0x7F, 0x0E])
    weight = codes(tmp_path, INT4, stored, (5,), scale=0.25)
    assert (weight.values * 4).tolist() == [1, -8, -1, 7, -2]
    assert (weight.stored_dtype, weight.bytes) == ("int4", 3)


def test_halves_count_as_what_dequantize_makes_of_them_and_keep_their_kernel(tmp_path):
    halves = KERNEL.astype(np.float16)
    parts = kernel_model(CONV_2D, halves, 5)
    image, _, result = parts.tensors
    parts = parts.but(
        tensors=(image, tensor("k", halves.shape, FLOAT16, 1), tensor("z", halves.shape), result),
        codes=(*parts.codes, Table("OperatorCode", BuiltinCode=DEQUANTIZE)),
        operators=(operator(1, (1,), (2,)), operator(0, (0, 2), (3,))),
    )
    (weight,) = weights(parts, tmp_path)
    assert (weight.dtype, weight.stored_dtype, weight.bytes) == ("float32", "float16", 240)
    assert np.array_equal(weight.values, KERNEL.transpose(1, 2, 3, 0))
    assert weight.values.dtype == np.float32


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    values = np.float32([1, -2.5, 0, 384])
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    (weight,) = weights(with_constant(tensor("w", (4,), BFLOAT16, 1), upper.tobytes()), tmp_path)
    assert weight.values.tolist() == values.tolist()
    assert (weight.dtype, weight.stored_dtype) == ("float32", "bfloat16")


def test_integers_without_a_scale_are_no_weights(tmp_path):
    paddings = tensor("paddings", (2, 2), INT32, 1)
    network = read_tflite(with_constant(paddings, bytes(16)).written(tmp_path / "model.tflite"))
    assert (network.weights, network.stored_dtypes) == ((), frozenset())


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (INT8, {"Sparsity": Table("SparsityParameters")}),
        (INT8, {"Quantization": Table("QuantizationParameters", DetailsType=1)}),
        (99, {}),
    ],
    ids=["sparse", "more than scales", "unknown type"],
)
def test_values_that_cannot_be_read_are_not_known(tmp_path, kind, fields):
    parts = with_constant(tensor("w", (2, 2), kind, 1, **fields), bytes(4))
    network = read_tflite(parts.written(tmp_path / "model.tflite"))
    (weight,) = network.weights
    assert (weight.shape, weight.bytes, weight.values) == ((2, 2), 4, None)
    assert network.unknown == ("the values of 1 weights",)


def test_a_buffer_that_tensors_share_counts_once(tmp_path):
    image, constant, result = Parts().tensors
    twin = tensor("twin", (4, 1), buffer=1)
    found = weights(Parts().but(tensors=(image, constant, twin, result)), tmp_path)
    assert [weight.name for weight in found] == ["w"]


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        (scales([1, 2, 3]), "the scales of w do not fit its shape"),
        (scales([1, 2], axis=2), "the scales of w do not fit its shape"),
        (scales([1, 2], axis=-1), "the scales of w do not fit its shape"),
        (scales(np.inf), "the scales of w do not fit its shape"),
        (scales(1, 128), "the zero point of w is not one of its codes"),
        (scales(1, -(2**40)), "the zero point of w is not one of its codes"),
    ],
)
def test_scales_that_do_not_fit_are_refused(tmp_path, quantization, message):
    constant = tensor("w", (2, 2), INT8, 1, Quantization=quantization)
    with pytest.raises(DlconvError, match=message):
        weights(with_constant(constant, bytes(4)), tmp_path)
