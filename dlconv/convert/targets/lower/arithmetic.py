"""What several lowerings compute: casts, integers that wrap, pointwise operations of one type."""

import numpy as np

from dlconv.convert.targets.lower.operation import Operation

# Types that targets hold in int32, and that have fewer bits.
NARROW = frozenset(np.dtype(name) for name in ("int8", "int16", "uint8", "uint16"))
# The attribute of a cast to a narrow type that says that the numbers fit into it.
FITS = "_fits"
INT32, FLOAT32, BOOL = np.dtype(np.int32), np.dtype(np.float32), np.dtype(bool)


def cast(operation: Operation, value: str, source: np.dtype, target: np.dtype) -> str:
    """Return a tensor in another element type, itself if it has that."""
    if source == target:
        return value
    return operation.add("Cast", value, SrcT=source, DstT=target)


def pointwise(operation: Operation, op: str, *values: str, dtype: np.dtype = INT32) -> str:
    """Return what an operation on tensors of one type gives."""
    return operation.add(op, *values, T=dtype)


def size(operation: Operation, value: str, dtype: np.dtype) -> str:
    """Return absolute values; TF.js's wasm backend takes those of integers as floats."""
    if dtype.kind == "f":
        return pointwise(operation, "Abs", value, dtype=dtype)
    return pointwise(operation, "Maximum", value, negative(operation, value, dtype), dtype=dtype)


def negative(operation: Operation, value: str, dtype: np.dtype) -> str:
    """Return values with the other sign; TF.js's wasm backend negates integers as floats."""
    return pointwise(operation, "Sub", scalar(operation, 0, dtype), value, dtype=dtype)


def fitting(operation: Operation, value: str, source: np.dtype, target: np.dtype) -> str:
    """Return numbers in a narrow type that they fit into, so that nobody looks for more to wrap."""
    return operation.add("Cast", value, SrcT=source, DstT=target, **{FITS: True})


def scalar(operation: Operation, value: float, dtype: np.dtype = INT32) -> str:
    """Return a constant of any number type."""
    if dtype in NARROW:
        return fitting(operation, operation.const(value, FLOAT32), FLOAT32, dtype)
    if dtype.kind == "f":
        return cast(operation, operation.const(value, FLOAT32), FLOAT32, dtype)
    return operation.const(value, dtype)


def is_set(operation: Operation, value: str, dtype: np.dtype) -> str:
    """Return whether each number is not zero."""
    return pointwise(operation, "NotEqual", value, scalar(operation, 0, dtype), dtype=dtype)


def wrapped(operation: Operation, value: str, target: np.dtype) -> str:
    """Return an int32 tensor in a narrow type, which keeps its lowest bits (two's complement)."""
    limits = np.iinfo(target)
    count = operation.const(2**limits.bits, INT32)
    rest = pointwise(operation, "FloorMod", value, count)
    if limits.min < 0:
        half = operation.const(2 ** (limits.bits - 1), INT32)
        turned = pointwise(operation, "AddV2", rest, half)
        rest = pointwise(operation, "Sub", pointwise(operation, "FloorMod", turned, count), half)
    return fitting(operation, rest, INT32, target)


def extent(operation: Operation, value: str, axis: int, dtype: np.dtype) -> str:
    """Return an extent of a tensor as an int32 scalar; ``axis`` may count from the end."""
    shape = operation.add("Shape", value, T=dtype, out_type=INT32)
    return element(operation, shape, axis)


def element(operation: Operation, vector: str, place: int) -> str:
    """Return an element of an int32 vector, a scalar; ``place`` may count from the end."""
    bounds = (operation.const([number], INT32) for number in (place, place + 1, 1))
    masks = {"begin_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 1}
    is_last = {"end_mask": int(place == -1)}
    return operation.add("StridedSlice", vector, *bounds, T=INT32, Index=INT32, **masks, **is_last)


def gathered(operation: Operation, value: str, places: str, axis: str, dtype: np.dtype) -> str:
    """Return elements of a tensor along an axis; places and axis are int32."""
    types = {"Tparams": dtype, "Tindices": INT32, "Taxis": INT32}
    return operation.add("GatherV2", value, places, axis, batch_dims=0, **types)


def reshaped(operation: Operation, value: str, shape: str, dtype: np.dtype) -> str:
    """Return a tensor in another shape, an int32 vector."""
    return operation.add("Reshape", value, shape, T=dtype, Tshape=INT32)


def joined(operation: Operation, *vectors: str) -> str:
    """Return int32 vectors one after another."""
    if len(vectors) == 1:
        return vectors[0]
    axis = operation.const(0, INT32)
    return operation.add("ConcatV2", *vectors, axis, T=INT32, Tidx=INT32, N=len(vectors))
