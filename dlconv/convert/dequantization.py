"""Floats of integers that stand for them in a range, as TensorFlow's Dequantize makes them.

Each step is one of the kernel's steps in float32 (tensorflow/core/kernels/dequantize_op.cc and
quantization_utils.h).
"""

import numpy as np

MODES = ("MIN_COMBINED", "MIN_FIRST", "SCALED")


def dequantized(
    codes: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    mode: str,
    axis: int = -1,
    is_narrow: bool = False,
) -> np.ndarray:
    """Return the float32 values of integers, in their shape, by one of the ``MODES``.

    ``low`` and ``high`` are float32 scalars, or vectors along ``axis`` if that is not -1.
    """
    if axis >= 0:
        shape = [-1, *[1] * (codes.ndim - axis - 1)]
        low, high = low.reshape(shape), high.reshape(shape)
    if mode == "MIN_COMBINED":
        return by_combined_minimum(codes, low, high)
    if mode == "MIN_FIRST":
        return by_first_minimum(codes, low, high)
    assert mode == "SCALED", mode
    return by_scale(codes, low, high, is_narrow)


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
