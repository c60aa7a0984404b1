"""The weights in a ``.tflite`` file, as TensorFlow has them.

Codes with a scale count as the weights that they stand for, and float16 that a DEQUANTIZE reads as
float32. Kernels are turned into TensorFlow's order, in which weights of all formats are compared:
[height, width, in, out] where the file has [out, height, width, in], and for depthwise convolutions
[height, width, in, multiplier] where it has [1, height, width, in * multiplier]. A buffer that
several tensors share counts once.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dlconv.errors import DlconvError
from dlconv.formats.network import WeightTensor
from dlconv.formats.tflite_model import (
    UNKNOWN_TYPE,
    Model,
    Operator,
    Quantization,
    Subgraph,
    Tensor,
)
from dlconv.graph.summary import WEIGHT_DTYPES

DEQUANTIZE = "DEQUANTIZE"
CONVOLUTION = "CONV_2D"
DEPTHWISE = "DEPTHWISE_CONV_2D"
TRANSPOSED = "TRANSPOSE_CONV"
# The place of the kernel among the inputs of a convolution, and of the image.
KERNEL = 1
IMAGE = 0
# From [out, height, width, in] to TensorFlow's [height, width, in, out], and to that of transposed
# convolutions, [height, width, out, in].
ORDERS = {CONVOLUTION: (1, 2, 3, 0), TRANSPOSED: (1, 2, 0, 3)}
FLOATS = WEIGHT_DTYPES | {"bfloat16"}
INTEGERS = frozenset({"int4", "int8", "uint8", "int16", "uint16", "int32", "int64"})


@dataclass(frozen=True, eq=False)
class StoredWeight:
    """A constant that is a weight: its tensor, and what reads it.

    ``reader`` is the first operator that does, or that reads what DEQUANTIZE makes of it; None for
    none. ``channels`` are those of the image that a convolution reads, if its type is known.
    """

    tensor: Tensor
    is_cast: bool
    reader: str | None
    channels: int | None


def stored_weights(model: Model) -> list[StoredWeight]:
    """Return the weights among the constants of a model; none is decoded."""
    seen: set[int] = set()
    found = []
    for subgraph in model.subgraphs:
        for weight in _weights_in(subgraph):
            if weight.tensor.buffer not in seen:
                seen.add(weight.tensor.buffer)
                found.append(weight)
    return found


def decoded(weight: StoredWeight, path: object) -> WeightTensor:
    """Return the weights that a constant holds; ``path`` is the file in errors.

    Values are None where they are not one after the other, as in sparse tensors. Raises DlconvError
    for a zero point that is no code.
    """
    tensor = weight.tensor
    values = _values(tensor, path) if tensor.is_readable else None
    if values is not None and weight.is_cast:
        values = values.astype(np.float32)
    shape = tensor.extents
    if values is not None:
        values = _in_tensorflows_order(weight, values.reshape(shape))
        shape = values.shape
    scale = tensor.quantization.scale if tensor.quantization and _has_codes(tensor) else None
    return WeightTensor(
        name=tensor.name,
        shape=shape,
        dtype="float32" if weight.is_cast or tensor.dtype not in WEIGHT_DTYPES else tensor.dtype,
        stored_dtype=tensor.dtype,
        bytes=0 if tensor.values is None else tensor.values.size,
        values=values,
        scale=None if scale is None else float(np.abs(scale).max()),
    )


def _weights_in(subgraph: Subgraph) -> Iterator[StoredWeight]:
    readers = _readers(subgraph)
    for number, tensor in enumerate(subgraph.tensors):
        if tensor.values is None or not _is_weight(tensor):
            continue
        reader = readers.get(number)
        is_cast = reader is not None and reader.code == DEQUANTIZE
        if reader is not None and is_cast and reader.outputs:
            number = reader.outputs[0]
            reader = readers.get(number)
        is_kernel = reader is not None and KERNEL in _places(reader, number)
        yield StoredWeight(
            tensor=tensor,
            is_cast=is_cast,
            reader=reader.code if reader is not None and is_kernel else None,
            channels=_channels(subgraph, reader) if reader is not None and is_kernel else None,
        )


def _readers(subgraph: Subgraph) -> dict[int, Operator]:
    """Return the first operator that reads each tensor."""
    found: dict[int, Operator] = {}
    for operator in subgraph.operators:
        for number in operator.inputs:
            found.setdefault(number, operator)
    return found


def _places(operator: Operator, number: int) -> list[int]:
    """Return the places of a tensor among the first inputs of an operator."""
    return [place for place, each in enumerate(operator.inputs[: KERNEL + 1]) if each == number]


def _channels(subgraph: Subgraph, reader: Operator) -> int | None:
    number = reader.inputs[IMAGE]
    shape = subgraph.tensors[number].shape if number >= 0 else None
    return shape[-1] if shape else None


def _is_weight(tensor: Tensor) -> bool:
    """Tell whether a constant is of a floating-point type once loaded, or may be."""
    is_unknown = tensor.dtype.startswith(UNKNOWN_TYPE)
    return tensor.dtype in FLOATS or is_unknown or _has_codes(tensor)


def _has_codes(tensor: Tensor) -> bool:
    """Tell whether a tensor's integers stand for other numbers."""
    has_scales = tensor.quantization is not None or not tensor.is_readable
    return tensor.dtype in INTEGERS and has_scales


def _values(tensor: Tensor, path: object) -> np.ndarray:
    """Return the elements of a constant, [n] or in its shape if its codes have an axis."""
    elements = _elements(tensor)
    if tensor.quantization is None or tensor.dtype not in INTEGERS:
        return elements
    return _dequantized(path, tensor, tensor.quantization, elements)


def _elements(tensor: Tensor) -> np.ndarray:
    content = np.empty(0, np.uint8) if tensor.values is None else tensor.values
    if tensor.dtype == "bfloat16":
        return (content.view("<u2").astype(np.uint32) << 16).view(np.float32)
    if tensor.dtype == "int4":
        return _nibbles(content)[: math.prod(tensor.extents)]
    return content.view(np.dtype(tensor.dtype).newbyteorder("<"))


def _nibbles(content: np.ndarray) -> np.ndarray:
    """Return int4 elements as int8, two from each byte, that in its lower bits first."""
    signed = content.view(np.int8)
    lower = np.left_shift(signed, 4) >> 4
    return np.stack([lower, signed >> 4], axis=1).reshape(-1)


def _dequantized(
    path: object, tensor: Tensor, quantization: Quantization, codes: np.ndarray
) -> np.ndarray:
    """Return (code - zero point) * scale, float32.

    Raises DlconvError for a zero point that is no code.
    """
    limits = np.iinfo(codes.dtype)
    zero = quantization.zero_point
    if zero.min() < limits.min or zero.max() > limits.max:
        raise DlconvError(f"{path}: the zero point of {tensor.name} is not one of its codes")
    # Differences of 16 bits are exact in float32.
    wide = np.dtype("float32" if codes.dtype.itemsize <= 2 else "float64")
    shape = [1] * len(tensor.extents)
    if quantization.scale.size > 1:
        shape[quantization.axis] = -1
        zero = np.broadcast_to(zero, quantization.scale.shape)
    centred = codes.reshape(tensor.extents).astype(wide) - zero.astype(wide).reshape(shape)
    scale = quantization.scale.astype(wide).reshape(shape)
    with np.errstate(over="ignore"):
        values: np.ndarray = (centred * scale).astype(np.float32, copy=False)
    return values


def _in_tensorflows_order(weight: StoredWeight, values: np.ndarray) -> np.ndarray:
    """Return a kernel as TensorFlow has it; other weights as they are."""
    if values.ndim != 4 or weight.reader is None:
        return values
    if weight.reader in ORDERS:
        return values.transpose(ORDERS[weight.reader])
    one, height, width, channels = values.shape
    if weight.reader != DEPTHWISE or one != 1 or not weight.channels or channels % weight.channels:
        return values
    multiplier = channels // weight.channels
    return values.reshape(height, width, weight.channels, multiplier)
