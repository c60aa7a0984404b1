"""Reductions along axes: sums, products, means, extremes and where they are.

ONNX Runtime adds up and multiplies integers as float64, which holds those below 2^53. What may be
larger is written in other ways.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    at_hand,
    axis_in,
    extent_of,
    known_extent,
    ordered,
    product,
    reduced,
    scalar,
    squeeze,
    taken,
    without_axes,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

# A tensor, the axes to reduce, and whether they stay with extent 1.
Reduced = Callable[[Tensor, Sequence[int], bool], Tensor]


@writes("Sum")
def total(operation: Operation) -> Value:
    builder = operation.builder

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        if not _is_whole(tensor.dtype):
            return reduced(builder, "ReduceSum", tensor, axes, keeps)
        return builder.cast(_sum_of_integers(builder, tensor, axes, keeps), tensor.dtype)

    return _along_axes(operation, write)


def _sum_of_integers(builder: Builder, tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
    """Return the sum as int64, which wraps; integers of 64 bits are added up in two halves."""
    node = builder.node
    whole = builder.cast(tensor, "int64")
    if np.dtype(tensor.dtype).itemsize < 8:
        return reduced(builder, "ReduceSum", whole, axes, keeps)
    base = builder.like(whole, 2**32)
    low = node("Mod", whole, base)
    high = node("Div", node("Sub", whole, low), base)
    sums = [reduced(builder, "ReduceSum", half, axes, keeps) for half in (low, high)]
    return node("Add", node("Mul", sums[1], base), sums[0])


@writes("Prod")
def product_of_all(operation: Operation) -> Value:
    builder = operation.builder

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        if not _is_whole(tensor.dtype):
            return reduced(builder, "ReduceProd", tensor, axes, keeps)
        for axis in axes:
            tensor = _product_of_integers(operation, tensor, axis)
        return tensor if keeps else squeeze(builder, tensor, *axes)

    return _along_axes(operation, write)


def _product_of_integers(operation: Operation, tensor: Tensor, axis: int) -> Tensor:
    """Return the product along an axis, whose halves are multiplied with each other."""
    builder = operation.builder
    extent = known_extent(operation, tensor, axis)
    while extent > 1:
        half = extent // 2
        halves = [taken(builder, tensor, axis, k * half, (k + 1) * half) for k in (0, 1)]
        rest = [taken(builder, tensor, axis, 2 * half, extent)] if extent % 2 else []
        tensor = builder.node("Mul", *halves)
        tensor = builder.node("Concat", tensor, *rest, axis=axis) if rest else tensor
        extent = half + extent % 2
    return tensor if extent else reduced(builder, "ReduceProd", tensor, [axis])


@writes("EuclideanNorm")
def norm(operation: Operation) -> Value:
    builder = operation.builder
    if _is_whole(operation.inputs[0].dtype):
        raise operation.refused("its integers may overflow before the root is taken")
    made = _along_axes(operation, lambda *given: reduced(builder, "ReduceL2", *given))
    if made is not operation.inputs[0]:
        return made
    tensor, is_first = at_hand(made)
    return ordered(operation, builder.node("Abs", tensor), is_first)


@writes("Max", "Min")
def extreme(operation: Operation) -> Value:
    builder = operation.builder

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        kind = f"Reduce{operation.op}"
        if tensor.dtype != "int16":
            return reduced(builder, kind, tensor, axes, keeps)
        # The extreme of no elements is the type's own, and int32 is what ONNX Runtime can reduce.
        found = reduced(builder, kind, builder.cast(tensor, "int32"), axes, keeps)
        limits = np.iinfo(np.int16)
        limit = builder.like(found, limits.min if operation.op == "Max" else limits.max)
        return builder.cast(builder.node(operation.op, found, limit), "int16")

    return _along_axes(operation, write)


@writes("Mean")
def mean(operation: Operation) -> Value:
    builder = operation.builder
    if operation.inputs[0].dtype == "uint64":
        raise operation.refused("its element type is uint64")

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        count = product([extent_of(builder, tensor, axis) for axis in axes], builder)
        if _is_whole(tensor.dtype):
            return _mean_of_integers(builder, tensor, axes, keeps, count)
        if isinstance(count, int) and count > 0:
            return reduced(builder, "ReduceMean", tensor, axes, keeps)
        return _mean_of_any_number(builder, tensor, axes, keeps, count)

    return _along_axes(operation, write)


def _is_whole(dtype: str) -> bool:
    return np.dtype(dtype).kind in "iu"


def _mean_of_integers(
    builder: Builder, tensor: Tensor, axes: Sequence[int], keeps: bool, count: Size
) -> Tensor:
    """Return the mean, rounded to zero: TensorFlow adds up in 64 bits, and has 0 of nothing."""
    numerator = _sum_of_integers(builder, tensor, axes, keeps)
    divisor = builder.node("Max", scalar(builder, count), builder.like(numerator, 1))
    return builder.cast(builder.node("Div", numerator, divisor), tensor.dtype)


def _mean_of_any_number(
    builder: Builder, tensor: Tensor, axes: Sequence[int], keeps: bool, count: Size
) -> Tensor:
    """Return the mean of perhaps no elements, which is no number: ONNX Runtime's own is 0."""
    wide = builder.cast(tensor, "float32") if tensor.dtype == "float16" else tensor
    numerator = reduced(builder, "ReduceSum", wide, axes, keeps)
    divisor = builder.cast(scalar(builder, count), wide.dtype)
    return builder.cast(builder.node("Div", numerator, divisor), tensor.dtype)


@writes("All", "Any")
def all_or_any(operation: Operation) -> Value:
    builder = operation.builder
    kind = "ReduceMin" if operation.op == "All" else "ReduceMax"

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        numbers = builder.cast(tensor, "uint8")
        return builder.cast(reduced(builder, kind, numbers, axes, keeps), "bool")

    return _along_axes(operation, write)


def _along_axes(operation: Operation, write: Reduced) -> Value:
    """Reduce a value over axes in an order in which what is left is in order again."""
    value = operation.ranked(0)
    given = operation.constant(1, "its axis").ravel().tolist()
    axes = sorted({int(axis) % value.rank for axis in given})
    if not axes:
        return value
    keeps = operation.flag("keep_dims")
    tensor, is_first, stays_first = without_axes(value, [] if keeps else axes)
    moved = sorted(axis_in(axis, value.rank, is_first) for axis in axes)
    return ordered(operation, write(tensor, moved, keeps), stays_first)


@writes("ArgMax", "ArgMin")
def place_of_extreme(operation: Operation) -> Value:
    builder = operation.builder
    value = operation.ranked(0)
    axis = int(operation.constant(1, "its axis").item()) % value.rank
    tensor, is_first, stays_first = without_axes(value, [axis])
    moved = axis_in(axis, value.rank, is_first)
    found = builder.node(operation.op, tensor, axis=moved, keepdims=0)
    whole = builder.cast(found, operation.dtype("output_type"))
    return ordered(operation, whole, stays_first)
