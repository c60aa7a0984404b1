"""Other operations over windows: what lies in them side by side, and the greatest sum of both."""

import numpy as np

from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.windows import Windows, largest, padded, pads_of, slices


@lowers("Dilation2D")
def _dilation(operation: Operation) -> str:
    """Each window's greatest sum of a pixel and the kernel there; what is outside is left out."""
    kernel = operation.constant(1, "its kernel")
    dtype = operation.dtype()
    sizes = [1, *kernel.shape[:2], 1]
    windows = Windows(sizes, operation.integers("rates"), operation.integers("strides"))
    pads = pads_of(operation, windows)
    lowest = float(np.finfo(dtype).min) if dtype.kind == "f" else np.iinfo(dtype).min
    tensor = padded(operation, operation.inputs[0], pads, lowest, dtype)
    weights = (operation.const(row, dtype) for row in kernel.reshape(-1, kernel.shape[2]))
    sums = [
        operation.add("AddV2", part, weight, T=dtype)
        for part, weight in zip(
            slices(operation, tensor, windows, pads, dtype), weights, strict=True
        )
    ]
    return largest(operation, sums, dtype)


@lowers("ExtractImagePatches")
def _patches(operation: Operation) -> str:
    dtype = operation.dtype()
    lists = (operation.integers(key) for key in ("ksizes", "rates", "strides"))
    windows = Windows(*lists)
    pads = pads_of(operation, windows)
    tensor = padded(operation, operation.inputs[0], pads, 0, dtype)
    parts = slices(operation, tensor, windows, pads, dtype)
    axis = operation.const(3, np.int32)
    return operation.add("ConcatV2", *parts, axis, T=dtype, Tidx=np.int32, N=len(parts))
