"""The weights in an ONNX file.

Codes that DequantizeLinear reads count as the weights that it gives, and float16 that a Cast reads
as float32. Only shapes and types are read of tensors in external files, and of those with computed
or blockwise scales.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlconv.errors import DlconvError
from dlconv.formats.network import WeightTensor
from dlconv.graph.summary import WEIGHT_DTYPES

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto


def weights_among(
    path: Path, tensors: "Mapping[str, TensorProto]", nodes: "Sequence[NodeProto]"
) -> tuple[WeightTensor, ...]:
    """Return the weights among the constants, by their names, of a file with these nodes.

    Raises DlconvError for values that do not match their shape, or scales that do not fit.
    """
    readers = {name: node for node in nodes for name in node.input if name in tensors}
    dequantizing = [node for node in nodes if node.op_type == "DequantizeLinear"]
    helpers = {name for node in dequantizing for name in node.input[1:]}
    found = []
    for name, tensor in tensors.items():
        reader = readers.get(name)
        op = "" if reader is None else reader.op_type
        if name in helpers:
            continue
        if reader is not None and op == "DequantizeLinear":
            found.append(_dequantized(path, name, reader, tensors))
        elif dtype_of(tensor.data_type) in WEIGHT_DTYPES:
            found.append(_as_it_is(path, name, tensor, is_cast=op == "Cast"))
    return tuple(found)


def _as_it_is(path: Path, name: str, tensor: "TensorProto", is_cast: bool) -> WeightTensor:
    stored = np.dtype(dtype_of(tensor.data_type))
    values = _values(path, name, tensor)
    return WeightTensor(
        name=name,
        shape=tuple(tensor.dims),
        dtype="float32" if is_cast else stored.name,
        stored_dtype=stored.name,
        bytes=math.prod(tensor.dims) * stored.itemsize,
        values=values.astype(np.float32) if values is not None and is_cast else values,
    )


def _dequantized(
    path: Path, name: str, reader: "NodeProto", tensors: "Mapping[str, TensorProto]"
) -> WeightTensor:
    """Return what DequantizeLinear gives, (code - zero point) * scale.

    Its values are None where they are in other files or computed, or scales are blockwise.
    """
    codes, scale, zero = (
        _values(path, each, tensors[each]) if each in tensors else None
        for each in (name, *reader.input[1:3], "")[:3]
    )
    stored = tensors[name]
    weight = WeightTensor(
        name=name,
        shape=tuple(stored.dims),
        dtype="float32",
        stored_dtype=dtype_of(stored.data_type),
        bytes=0 if codes is None else codes.nbytes,
        values=None,
    )
    if codes is None or scale is None or scale.ndim > 1 or not scale.size:
        return weight
    axis = next((each.i for each in reader.attribute if each.name == "axis"), 1)
    shape = [1] * codes.ndim
    try:
        if scale.ndim:
            shape[axis] = scale.size
        centred = codes.astype(np.int32) - (0 if zero is None else _along(zero, shape))
        values = centred.astype(np.float32) * _along(scale, shape)
    except (ValueError, IndexError) as error:
        raise DlconvError(f"{path}: the scales of {name} do not fit its shape") from error
    return replace(weight, values=values, scale=float(np.abs(scale).max()))


def _along(numbers: np.ndarray, shape: list[int]) -> np.ndarray:
    """Return scales or zero points in a shape that broadcasts to the codes."""
    kept = numbers.astype(np.int32 if numbers.dtype.kind in "iu" else np.float32)
    return kept.reshape(shape) if numbers.ndim else kept


def _values(path: Path, name: str, tensor: "TensorProto") -> np.ndarray | None:
    """Return the elements of a constant; None where they are in another file."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:  # onnx raises errors of numpy and its own
        raise DlconvError(f"{path}: the values of {name} do not match its shape") from error


def dtype_of(data_type: int) -> str:
    """Return numpy's name of an element type; ``type N`` for one that ONNX does not have."""
    from onnx import helper

    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(data_type)).name
    except KeyError:
        return f"type {data_type}"
