import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.graphs import const
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.errors import DlconvError
from dlconv.graph.tensors import array_of, byte_size, dtype_name, shape_of, stored_name

ARRAYS = st.sampled_from(["float32", "float64", "float16", "int32", "int64", "uint8", "bool"])


def tensor(data_type: str, shape, **fields) -> TensorProto:
    made = TensorProto(dtype=DataType.Value(data_type), **fields)
    for extent in shape:
        made.tensor_shape.dim.add(size=extent)
    return made


@given(ARRAYS.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4))))
def test_raw_bytes_come_back_as_the_array(array):
    proto = const("c", array).attr["value"].tensor
    decoded = array_of(proto)
    assert decoded.dtype == array.dtype
    assert decoded.shape == array.shape == shape_of(proto)
    assert decoded.tobytes() == array.tobytes()
    assert byte_size(proto) == array.nbytes


def test_the_last_value_stands_for_all_that_follow():
    assert array_of(tensor("DT_INT32", (5,), int_val=[1, 2])).tolist() == [1, 2, 2, 2, 2]


def test_no_value_stands_for_zeros():
    assert array_of(tensor("DT_FLOAT", (2, 2))).tolist() == [[0, 0], [0, 0]]


def test_halves_are_stored_as_their_bits():
    bits = np.array([1.5, -2], np.float16).view(np.uint16).tolist()
    assert array_of(tensor("DT_HALF", (2,), half_val=bits)).tolist() == [1.5, -2]


@pytest.mark.parametrize(
    "proto",
    [
        tensor("DT_FLOAT", (3,), tensor_content=b"1234"),
        tensor("DT_INT32", (1,), int_val=[1, 2]),
        tensor("DT_RESOURCE", ()),
        TensorProto(dtype=99),
    ],
)
def test_content_that_does_not_fit_is_an_error(proto):
    with pytest.raises(DlconvError, match="a constant"):
        array_of(proto)


def test_dtypes_have_numpys_names():
    assert dtype_name(DataType.Value("DT_INT64")) == "int64"
    assert dtype_name(DataType.Value("DT_STRING")) == "string"
    assert dtype_name(DataType.Value("DT_QUINT8")) == "quint8"
    assert dtype_name(99) == "99"


def test_quantized_elements_are_the_integers_that_are_stored():
    signed = tensor("DT_QINT8", (3,), tensor_content=bytes([1, 255, 128]))
    np.testing.assert_array_equal(array_of(signed), np.array([1, -1, -128], np.int8), strict=True)
    unsigned = tensor("DT_QUINT8", (3,), int_val=[7, 255])
    np.testing.assert_array_equal(
        array_of(unsigned), np.array([7, 255, 255], np.uint8), strict=True
    )
    assert byte_size(tensor("DT_QINT32", (2, 3))) == 24
    assert stored_name(DataType.Value("DT_QUINT16")) == "uint16"
    assert stored_name(DataType.Value("DT_FLOAT")) == "float32"
    assert stored_name(DataType.Value("DT_RESOURCE")) == "resource"
