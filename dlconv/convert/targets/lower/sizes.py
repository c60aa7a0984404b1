"""Sizes in lowerings: numbers where they are known, scalars that the graph computes where not."""

from collections.abc import Callable, Sequence

import numpy as np

from dlconv.convert.targets.lower import arithmetic
from dlconv.convert.targets.lower.operation import Operation

# A number, or a tensor: an int32 scalar.
Size = int | str


def extents(operation: Operation, index: int) -> list[Size]:
    """Return the shape of an input. Raises DlconvError if its rank is not known."""
    shape, rank = operation.shape(index) or (), operation.rank(index)
    if all(isinstance(extent, int) for extent in shape):
        return [extent for extent in shape if isinstance(extent, int)]
    dtype = operation.input_dtype(index)
    sizes = operation.add("Shape", operation.inputs[index], T=dtype, out_type=np.int32)
    parts = operation.add("Unpack", sizes, T=np.dtype(np.int32), num=rank, axis=0)
    computed = [f"{parts}:{axis}" if axis else parts for axis in range(rank)]
    return [
        extent if isinstance(extent, int) else computed[axis] for axis, extent in enumerate(shape)
    ]


def computed(operation: Operation, op: str, first: Size, second: Size) -> Size:
    """Return what AddV2, FloorDiv, Maximum, Mul or Sub make of two sizes."""
    if isinstance(first, int) and isinstance(second, int):
        return _NUMBERS[op](first, second)
    tensors = (
        operation.const(size, np.int32) if isinstance(size, int) else size
        for size in (first, second)
    )
    return operation.add(op, *tensors, T=np.dtype(np.int32))


_NUMBERS: dict[str, Callable[[int, int], int]] = {
    "AddV2": lambda first, second: first + second,
    "FloorDiv": lambda first, second: first // second,
    "Maximum": max,
    "Mul": lambda first, second: first * second,
    "Sub": lambda first, second: first - second,
}


def counted(operation: Operation, end: Size, step: int = 1) -> str:
    """Return the int32 vector of the numbers from 0 on, below ``end``."""
    if isinstance(end, int):
        return operation.const(np.arange(0, end, step), np.int32)
    start, width = operation.const(0, np.int32), operation.const(step, np.int32)
    return operation.add("Range", start, end, width, Tidx=np.int32)


def vector(operation: Operation, sizes: Sequence[Size]) -> str:
    """Return an int32 vector of sizes."""
    if all(isinstance(size, int) for size in sizes):
        return operation.const(sizes, np.int32)
    tensors = [operation.const(size, np.int32) if isinstance(size, int) else size for size in sizes]
    return operation.add("Pack", *tensors, T=np.dtype(np.int32), N=len(tensors), axis=0)


def reshaped(operation: Operation, tensor: str, sizes: Sequence[Size], dtype: np.dtype) -> str:
    """Return a tensor with another shape; one size that is computed is left to Reshape."""
    unknown = [k for k, size in enumerate(sizes) if not isinstance(size, int)]
    if len(unknown) == 1 and 0 not in sizes:
        sizes = [-1 if k in unknown else size for k, size in enumerate(sizes)]
    return arithmetic.reshaped(operation, tensor, vector(operation, sizes), dtype)


def transposed(operation: Operation, tensor: str, order: Sequence[int], dtype: np.dtype) -> str:
    """Return a tensor with its axes in another order, itself if that is its own."""
    if list(order) == sorted(order):
        return tensor
    axes = operation.const(list(order), np.int32)
    return operation.add("Transpose", tensor, axes, T=dtype, Tperm=np.int32)
