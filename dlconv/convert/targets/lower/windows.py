"""Windows that slide over images, taken apart into slices.

Of each place in a window there is a slice that holds what lies there, for all windows. A reduction
over windows is then one over slices, in any element type; what SAME adds around an image is padded
with a value of choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from dlconv.convert.targets.lower.arithmetic import INT32, gathered, reshaped
from dlconv.convert.targets.lower.operation import Operation
from dlconv.convert.targets.lower.sizes import Size, computed, counted, extents, vector

Pads = Sequence[tuple[Size, Size]]


@dataclass(frozen=True)
class Windows:
    """Windows over the axes of an image: how many places, how far apart, and how far they move."""

    sizes: Sequence[int]
    rates: Sequence[int]
    strides: Sequence[int]

    @property
    def spans(self) -> list[int]:
        """How far the first place and the last are apart, both included."""
        return [(size - 1) * rate + 1 for size, rate in zip(self.sizes, self.rates, strict=True)]


def pads_of(operation: Operation, windows: Windows) -> Pads:
    """Return what is added before and behind each axis of the first input.

    Raises DlconvError for a padding that TensorFlow does not have.
    """
    padding = operation.text("padding")
    rank = len(windows.sizes)
    if padding == "VALID":
        return [(0, 0)] * rank
    if padding == "EXPLICIT":
        amounts = operation.integers("explicit_paddings")
        return list(zip(amounts[::2], amounts[1::2], strict=True))
    if padding != "SAME":
        raise operation.refused(f"its padding is {padding}")
    sizes = extents(operation, 0)
    return [
        _same_pads(operation, size, span, stride)
        for size, span, stride in zip(sizes, windows.spans, windows.strides, strict=True)
    ]


def _same_pads(operation: Operation, size: Size, span: int, stride: int) -> tuple[Size, Size]:
    if span == 1:
        return (0, 0)
    if stride == 1:
        return ((span - 1) // 2, span // 2)
    steps = computed(operation, "FloorDiv", computed(operation, "AddV2", size, stride - 1), stride)
    moved = computed(operation, "Mul", computed(operation, "Sub", steps, 1), stride)
    missing = computed(operation, "Sub", computed(operation, "AddV2", moved, span), size)
    total = computed(operation, "Maximum", missing, 0)
    before = computed(operation, "FloorDiv", total, 2)
    return (before, computed(operation, "Sub", total, before))


def padded(operation: Operation, tensor: str, pads: Pads, value: float, dtype: np.dtype) -> str:
    """Return a tensor with ``value`` around it."""
    if all(amount == 0 for pair in pads for amount in pair):
        return tensor
    flat = vector(operation, [amount for pair in pads for amount in pair])
    shape = operation.const([len(pads), 2], np.int32)
    amounts = reshaped(operation, flat, shape, INT32)
    filling = operation.const(value, dtype)
    return operation.add("PadV2", tensor, amounts, filling, T=dtype, Tpaddings=np.int32)


def slices(
    operation: Operation, tensor: str, windows: Windows, pads: Pads, dtype: np.dtype
) -> list[str]:
    """Return a slice of the first input, padded, for each place in a window, row by row.

    TF.js keeps the element type of a slice only where it leaves nothing out, so integers are
    gathered.
    """
    is_direct = dtype.kind == "f" or set(windows.strides) == {1}
    strides = windows.strides if is_direct else [1] * len(windows.strides)
    found = []
    for place in product(*map(range, windows.sizes)):
        starts = [at * rate for at, rate in zip(place, windows.rates, strict=True)]
        ends = [start - span + 1 for start, span in zip(starts, windows.spans, strict=True)]
        found.append(_slice(operation, tensor, starts, ends, strides, dtype))
    return found if is_direct else _every(operation, found, windows, pads, dtype)


def _slice(
    operation: Operation,
    tensor: str,
    starts: Sequence[int],
    ends: Sequence[int],
    strides: Sequence[int],
    dtype: np.dtype,
) -> str:
    """Return a slice; an end counts from behind, 0 is the last."""
    bounds = (operation.const(bound, np.int32) for bound in (starts, ends, strides))
    open_ends = sum(1 << axis for axis, end in enumerate(ends) if end == 0)
    masks = ("begin_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return operation.add(
        "StridedSlice",
        tensor,
        *bounds,
        T=dtype,
        Index=np.int32,
        end_mask=open_ends,
        **dict.fromkeys(masks, 0),
    )


def _every(
    operation: Operation, tensors: Sequence[str], windows: Windows, pads: Pads, dtype: np.dtype
) -> list[str]:
    """Return of slices the elements that windows begin at."""
    found = list(tensors)
    sizes = extents(operation, 0)
    for axis, (stride, span) in enumerate(zip(windows.strides, windows.spans, strict=True)):
        if stride > 1:
            size = sizes[axis]
            for more in (*pads[axis], 1 - span):
                size = computed(operation, "AddV2", size, more)
            places, at = counted(operation, size, stride), operation.const(axis, np.int32)
            found = [gathered(operation, each, places, at, dtype) for each in found]
    return found


def largest(operation: Operation, tensors: Sequence[str], dtype: np.dtype) -> str:
    """Return the greatest of each element of several tensors of one shape."""
    return _combined(operation, "Maximum", tensors, dtype)


def least(operation: Operation, tensors: Sequence[str], dtype: np.dtype) -> str:
    """Return the least of each element of several tensors of one shape."""
    return _combined(operation, "Minimum", tensors, dtype)


def total(operation: Operation, tensors: Sequence[str], dtype: np.dtype) -> str:
    """Return the sum of each element of several tensors of one shape."""
    return _combined(operation, "AddV2", tensors, dtype)


def _combined(operation: Operation, op: str, tensors: Sequence[str], dtype: np.dtype) -> str:
    result = tensors[0]
    for tensor in tensors[1:]:
        result = operation.add(op, result, tensor, T=dtype)
    return result
