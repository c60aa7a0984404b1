"""TensorProto to numpy: the constants of a graph.

A TensorProto holds its elements as raw little-endian bytes or in a typed repeated field, which
may be shorter than the tensor: the last element then stands for all that follow, and no element
at all for zeros (tensorflow/core/framework/tensor.proto).
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.errors import DlconvError

_STORAGE: dict[str, tuple[str, str]] = {
    "DT_FLOAT": ("float32", "float_val"),
    "DT_DOUBLE": ("float64", "double_val"),
    "DT_HALF": ("float16", "half_val"),
    "DT_INT8": ("int8", "int_val"),
    "DT_INT16": ("int16", "int_val"),
    "DT_INT32": ("int32", "int_val"),
    "DT_INT64": ("int64", "int64_val"),
    "DT_UINT8": ("uint8", "int_val"),
    "DT_UINT16": ("uint16", "int_val"),
    "DT_BOOL": ("bool", "bool_val"),
    "DT_STRING": ("object", "string_val"),
}
# Integers that stand for floats in a range, which other nodes know.
_QUANTIZED = {
    "DT_QINT8": "DT_INT8",
    "DT_QINT16": "DT_INT16",
    "DT_QINT32": "DT_INT32",
    "DT_QUINT8": "DT_UINT8",
    "DT_QUINT16": "DT_UINT16",
}


@cache
def _enum_name(data_type: int) -> str:
    return DataType.Name(data_type) if data_type in DataType.values() else f"DT_{data_type}"


def _storage_name(data_type: int) -> str:
    """Return the name of the type that elements are stored as."""
    name = _enum_name(data_type)
    return _QUANTIZED.get(name, name)


def dtype_name(data_type: int) -> str:
    """Return numpy's name of a TensorFlow DataType; ``string`` for strings."""
    name = _enum_name(data_type)
    if name == "DT_STRING":
        return "string"
    return _STORAGE[name][0] if name in _STORAGE else name.removeprefix("DT_").lower()


def stored_name(data_type: int) -> str:
    """Return numpy's name of the type that elements are stored as: ``uint8`` for quint8."""
    name = _storage_name(data_type)
    return _STORAGE[name][0] if name in _STORAGE else dtype_name(data_type)


def shape_of(tensor: TensorProto) -> tuple[int, ...]:
    """Return the shape of a constant, which is always fully known."""
    return tuple(dim.size for dim in tensor.tensor_shape.dim)


def extents_of(shape: TensorShapeProto) -> tuple[int | None, ...] | None:
    """Return a shape with None for each unknown extent, or None if the rank is unknown."""
    if shape.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in shape.dim)


def shape_proto(extents: Sequence[int | None]) -> TensorShapeProto:
    """Return a TensorShapeProto that ``extents_of`` reads as these extents."""
    return TensorShapeProto(
        dim=[TensorShapeProto.Dim(size=-1 if extent is None else extent) for extent in extents]
    )


def data_type_name(dtype: str) -> str | None:
    """Return the name of a numpy element type among TensorFlow's, such as ``DT_FLOAT``, if any."""
    names = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}
    name = names.get(dtype, f"DT_{dtype.upper()}")
    return name if name in DataType.DESCRIPTOR.values_by_name else None


def data_type_of(dtype: str) -> "DataType.ValueType":
    """Return the number of a numpy element type among TensorFlow's; ValueError for another."""
    return DataType.Value(data_type_name(dtype) or dtype)


def byte_size(tensor: TensorProto) -> int:
    """Return the bytes of a constant's elements as numpy holds them, 0 for strings."""
    name = _storage_name(tensor.dtype)
    if name not in _STORAGE or name == "DT_STRING":
        return 0
    return math.prod(shape_of(tensor)) * np.dtype(_STORAGE[name][0]).itemsize


def array_of(tensor: TensorProto) -> np.ndarray:
    """Decode a TensorProto; quantized elements are the integers that are stored.

    Raises DlconvError for an element type that frozen graphs do not use or a content that does
    not fit the shape.
    """
    name = _storage_name(tensor.dtype)
    if name not in _STORAGE:
        raise DlconvError(f"a constant has the element type {name}, which dlconv cannot read")
    dtype, field = _STORAGE[name]
    shape = shape_of(tensor)
    count = math.prod(shape)
    if tensor.tensor_content:
        return _from_bytes(tensor.tensor_content, dtype, count).reshape(shape)
    return _from_values(getattr(tensor, field), dtype, shape)


def _from_bytes(content: bytes, dtype: str, count: int) -> np.ndarray:
    little_endian = np.dtype(dtype).newbyteorder("<")
    if len(content) != count * little_endian.itemsize:
        raise DlconvError(f"a constant of {count} elements holds {len(content)} bytes")
    return np.frombuffer(content, little_endian)


def _from_values(values: Sequence[object], dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    count = math.prod(shape)
    if len(values) > count:
        raise DlconvError(f"a constant of {count} elements holds {len(values)} values")
    if dtype == "float16":  # stored as the bits of each half
        given = _as_array(values, "uint16").view(np.float16)
    else:
        given = _as_array(values, dtype)
    filler = given[-1:] if len(values) else np.zeros(1, dtype)
    if len(values) < 2:  # all elements are equal: only one is in memory
        return np.broadcast_to(filler.reshape(()), shape)
    return np.concatenate([given, np.repeat(filler, count - len(values))]).reshape(shape)


def _as_array(values: Sequence[object], dtype: str) -> np.ndarray:
    try:
        return np.array(values, dtype)
    except (OverflowError, ValueError) as error:
        raise DlconvError(f"a constant of {dtype} holds a value that is not {dtype}") from error
