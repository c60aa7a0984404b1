"""Values rounded as if they were integers, in networks that were trained for few bits.

TensorFlow moves the range a little so that 0 is one of the integers, and rounds to the nearest,
halves up (tensorflow/core/kernels/fake_quant_ops_functor.h). Each step here is one of its steps in
float32, so that what lies between two integers is rounded to the same one: a range for all elements
divides by the width of a step, one in attributes or for each channel multiplies by its inverse.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import TypeVar

import numpy as np

Number = TypeVar("Number")


@dataclass(frozen=True)
class Range:
    """The integers that values are rounded to, float32 scalars or [channels].

    ``least`` and ``most`` are the first and the last of them as values, ``step`` is how far apart
    they are, ``inverse`` the steps in a unit, ``zero`` which of them, from ``least``, is 0, and
    ``half`` is 0.5.
    """

    least: np.ndarray
    most: np.ndarray
    step: np.ndarray
    inverse: np.ndarray
    zero: np.ndarray
    half: np.ndarray

    @property
    def parts(self) -> tuple[np.ndarray, ...]:
        """Return what ``in_steps`` takes."""
        return astuple(self)


def is_empty(low: np.ndarray, high: np.ndarray) -> bool:
    """Tell whether TensorFlow refuses a range, float32 scalars or [channels]."""
    return bool((low > high).any() or ((low == high) & (low != 0)).any())


def fake_quantized(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, bits: int, is_narrow: bool, divides: bool
) -> np.ndarray:
    """Return float32 values rounded to the integers of a range that is not empty.

    ``low`` and ``high`` are float32 scalars or [channels] for the last axis; ``is_narrow`` leaves
    out the first of the integers of ``bits`` bits; ``divides`` is how a range for all elements in
    tensors rounds.
    """
    limits = moved_range(low, high, int(is_narrow), 2**bits - 1)
    return in_steps(_computed, values, limits.parts, divides)


def in_steps(
    node: Callable[..., Number], value: Number, parts: Sequence[Number], divides: bool
) -> Number:
    """Round with ``node``, which makes or computes one step, by its name in ONNX and its inputs.

    ``parts`` are those of a ``Range``.
    """
    least, most, step, inverse, zero, half = parts
    moved = node("Sub", node("Max", node("Min", value, most), least), least)
    counted = node("Div", moved, step) if divides else node("Mul", moved, inverse)
    number = node("Floor", node("Add", node("Sub", counted, zero), half))
    return node("Mul", number, step)


def _computed(kind: str, *inputs: np.ndarray) -> np.ndarray:
    """Return what a node gives for constants, float32."""
    functions: dict[str, Callable[..., np.ndarray]] = {
        "Add": np.add,
        "Div": np.divide,
        "Floor": np.floor,
        "Max": np.maximum,
        "Min": np.minimum,
        "Mul": np.multiply,
        "Sub": np.subtract,
    }
    return np.asarray(functions[kind](*inputs), np.float32)


def moved_range(low: np.ndarray, high: np.ndarray, first: int, last: int) -> Range:
    """Return the integers ``first`` to ``last`` for a range, moved so that 0 is one of them.

    ``low`` and ``high`` are float32 scalars or [channels]; where both are 0, all values become 0.
    """
    least, most, half = (np.float32(k) for k in (first, last, 0.5))
    is_flat = (low == 0) & (high == 0)
    width = np.where(is_flat, most - least, high - low)
    step, inverse = width / (most - least), (most - least) / width
    place = np.clip(least - low / step, least, most)
    moved = np.floor(place + half)
    low_moved = np.where(is_flat, 0, (least - moved) * step)
    high_moved = np.where(is_flat, 0, (most - moved) * step)
    zero = np.floor(-low_moved * inverse + half)
    parts = (low_moved, high_moved, step, inverse, zero, half)
    return Range(*(np.asarray(part, np.float32) for part in parts))
