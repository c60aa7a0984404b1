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

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import aligned, ordered
from dlconv.convert.targets.onnx.tensors import Value

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


@writes("FakeQuantWithMinMaxArgs")
def with_range_in_attributes(operation: Operation) -> Value:
    low = np.array(operation.number("min"), np.float32)
    high = np.array(operation.number("max"), np.float32)
    return _rounded(operation, low, high, divides=False)


@writes("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def with_range_in_tensors(operation: Operation) -> Value:
    low, high = (operation.constant(k, "its range").astype(np.float32) for k in (1, 2))
    return _rounded(operation, low, high, divides=operation.op == "FakeQuantWithMinMaxVars")


def _rounded(operation: Operation, low: np.ndarray, high: np.ndarray, divides: bool) -> Value:
    builder, value = operation.builder, operation.inputs[0]
    if (low > high).any() or ((low == high) & (low != 0)).any():
        raise operation.refused("its range is empty")
    first, last = int(operation.flag("narrow_range")), 2 ** operation.integer("num_bits") - 1
    parts = astuple(moved_range(low, high, first, last))
    if value.constant is not None:
        result = _in_steps(_computed, value.constant, parts, divides)
        return ordered(operation, builder.constant(result), False)
    constants = [Value(builder.transposed, plain=builder.constant(part)) for part in parts]
    (tensor, *numbers), is_first = aligned(operation, [value, *constants])
    return ordered(operation, _in_steps(builder.node, tensor, numbers, divides), is_first)


def _in_steps(
    node: Callable[..., Number], value: Number, parts: Sequence[Number], divides: bool
) -> Number:
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
