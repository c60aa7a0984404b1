"""Weights that a graph keeps as integers, with a Dequantize that makes floats of them.

They become the floats that TensorFlow's kernel gives (tensorflow/core/kernels/dequantize_op.cc and
quantization_utils.h), in its order of steps in float32.
"""

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.tensors import Tensor


@writes("Dequantize")
def dequantize(operation: Operation) -> Tensor:
    codes = operation.constant(0, "its input")
    low, high = (operation.constant(k, "its range").astype(np.float32) for k in (1, 2))
    target = operation.dtype("dtype")
    if target != "float32":
        raise operation.refused(f"its element type is {target}")
    axis = operation.integer("axis")
    if axis >= 0:
        shape = [-1, *[1] * (codes.ndim - axis - 1)]
        low, high = low.reshape(shape), high.reshape(shape)
    mode = operation.text("mode")
    if mode == "MIN_COMBINED":
        values = by_combined_minimum(codes, low, high)
    elif mode == "MIN_FIRST":
        values = by_first_minimum(codes, low, high)
    elif mode == "SCALED":
        values = by_scale(codes, low, high, operation.flag("narrow_range"))
    else:
        raise operation.refused(f"its mode is {mode}")
    return operation.builder.constant(values, operation.node.name)


def by_combined_minimum(codes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return floats of integers whose least and greatest stand for ``low`` and ``high``.

    ``low`` and ``high`` are float32 and broadcast to the codes.
    """
    limits = np.iinfo(codes.dtype)
    least, most = np.float32(limits.min), np.float32(limits.max)
    half = np.float32(0 if limits.min == 0 else 2.0 ** (limits.bits - 1))
    scale = (high - low) / (most - least)
    return np.asarray((codes.astype(np.float32) + half) * scale + low, np.float32)


def by_first_minimum(codes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return floats of integers whose range begins at a multiple of the step between them.

    ``low`` and ``high`` are float32 scalars.
    """
    limits = np.iinfo(codes.dtype)
    steps = 2.0**limits.bits - 1
    scale = ((high - low).astype(np.float64) / steps).astype(np.float32)
    with np.errstate(invalid="ignore"):
        count = low / scale
    rounded = np.where(high == low, low, np.trunc(count + np.copysign(0.5, count)) * scale)
    start = (rounded - np.float32(limits.min) * scale).astype(np.float32)
    return np.asarray(start + codes.astype(np.float32) * scale, np.float32)


def by_scale(
    codes: np.ndarray, low: np.ndarray, high: np.ndarray, is_narrow: bool = False
) -> np.ndarray:
    """Return floats of integers whose 0 stands for 0.

    ``low`` and ``high`` are float32 and broadcast to the codes; ``is_narrow`` leaves the least
    integer unused.
    """
    limits = np.iinfo(codes.dtype)
    least, most = np.float32(limits.min + is_narrow), np.float32(limits.max)
    scale = high / most if limits.min == 0 else np.maximum(low / least, high / most)
    return np.asarray(codes.astype(np.float32) * scale, np.float32)
