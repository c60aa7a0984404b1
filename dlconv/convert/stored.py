"""How a weight is stored: its type, and the codes that stand for its values.

``uint8`` and ``uint16`` are affine: value = code * scale + minimum, with one range per tensor,
nudged so that zero is one of the codes (the scheme of TensorFlow.js' own converter, and of
Jacob et al. 2018, arXiv 1712.05877, section 3). ``float16`` rounds each value to a half.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from dlconv.recipe import Precision


class WeightType(str, Enum):
    """The storage type of a weight."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    UINT16 = "uint16"
    UINT8 = "uint8"


def weight_type_of(precision: Precision) -> WeightType:
    """Return the type that TensorFlow.js artifacts of one precision store weights in.

    Raises ValueError for a precision that they do not have, or that is several types.
    """
    return WeightType.UINT8 if precision is Precision.PLAIN1 else WeightType(precision.value)


@dataclass(frozen=True)
class Stored:
    """A float32 tensor as it is stored: codes in the storage dtype, and the affine range if any.

    For ``uint8`` and ``uint16``, value = codes * scale + minimum; otherwise both are None.
    """

    codes: np.ndarray
    minimum: float | None = None
    scale: float | None = None

    def values(self) -> np.ndarray:
        """Return the float32 values that a reader gets back."""
        if self.minimum is None or self.scale is None:
            return self.codes.astype(np.float32)
        return (self.codes * self.scale + self.minimum).astype(np.float32)


def store(values: np.ndarray, weight_type: WeightType) -> Stored:
    """Store a float32 tensor of any shape as the given type.

    A tensor of one single value is exact as every affine type: codes 0, scale 1. Raises
    ValueError for values that are not finite where codes are asked for.
    """
    if weight_type is WeightType.FLOAT32:
        return Stored(values)
    if weight_type is WeightType.FLOAT16:
        return Stored(_to_half(values))
    if not np.isfinite(values).all():
        raise ValueError("a tensor with NaN or infinity has no affine range")
    return _to_codes(values.astype(np.float64), np.dtype(weight_type.value))


def _to_half(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    if np.isinf(half).sum() != np.isinf(values).sum():
        raise ValueError("a tensor has values that float16 cannot hold (above 65504)")
    return half


def _to_codes(values: np.ndarray, dtype: np.dtype) -> Stored:
    if values.size == 0:
        return Stored(values.astype(dtype), 0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return Stored(np.zeros(values.shape, dtype), low, 1.0)
    last_code = np.iinfo(dtype).max
    scale = (high - low) / last_code
    if low <= 0 <= high:
        low = -float(np.round((0 - low) / scale)) * scale
        high = last_code * scale + low
    codes = np.round((values.clip(low, high) - low) / scale).astype(dtype)
    return Stored(codes, low, scale)
