"""Operations along axes: sums, means, extremes and where they are, sorted and unique values."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    as_tensor,
    at_hand,
    axis_in,
    extent_of,
    ordered,
    product,
    reduced,
    squeeze,
    unsqueeze,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

KINDS = {
    "EuclideanNorm": "ReduceL2",
    "Max": "ReduceMax",
    "Mean": "ReduceMean",
    "Min": "ReduceMin",
    "Prod": "ReduceProd",
    "Sum": "ReduceSum",
}


@writes(*KINDS)
def reduce(operation: Operation) -> Value:
    kind = KINDS[operation.op]

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        if operation.op == "Mean" and np.dtype(tensor.dtype).kind in "iu":
            return _mean_of_integers(operation, tensor, axes, keeps)
        return reduced(operation.builder, kind, tensor, axes, keeps)

    return _along_axes(operation, write)


def _mean_of_integers(
    operation: Operation, tensor: Tensor, axes: Sequence[int], keeps: bool
) -> Tensor:
    builder = operation.builder
    total = reduced(builder, "ReduceSum", tensor, axes, keeps)
    count = product([extent_of(builder, tensor, axis) for axis in axes], builder)
    divisor = builder.cast(squeeze(builder, as_tensor(builder, count), 0), tensor.dtype)
    return builder.node("Div", total, divisor)


@writes("All", "Any")
def all_or_any(operation: Operation) -> Value:
    builder = operation.builder
    kind = "ReduceMin" if operation.op == "All" else "ReduceMax"

    def write(tensor: Tensor, axes: Sequence[int], keeps: bool) -> Tensor:
        numbers = builder.cast(tensor, "uint8")
        return builder.cast(reduced(builder, kind, numbers, axes, keeps), "bool")

    return _along_axes(operation, write)


def _along_axes(operation: Operation, write) -> Value:  # type: ignore[no-untyped-def]
    """Reduce a value over axes in an order in which what is left is in order again."""
    value = operation.ranked(0)
    rank = value.rank
    given = operation.constant(1, "its axes").ravel().tolist()
    axes = sorted({int(axis) % rank for axis in given})
    keeps = operation.flag("keep_dims")
    if not axes:
        return value
    is_first = value.has_first and (keeps or _is_in_order(rank, axes))
    stays_first = is_first and (keeps or rank - 1 not in axes) and rank - len(axes) > 2
    tensor = value.first() if is_first else value.plain()
    moved = sorted(axis_in(axis, rank, is_first) for axis in axes)
    return ordered(operation, write(tensor, moved, keeps), stays_first or (keeps and is_first))


def _is_in_order(rank: int, axes: Sequence[int]) -> bool:
    """Tell whether the axes that are left with channels first are in one of the two orders."""
    has_channels, has_batch = rank - 1 not in axes, 0 not in axes
    inner = rank - 2 - sum(0 < axis < rank - 1 for axis in axes)
    return not has_channels or inner == 0 or (has_batch and inner > 0)


@writes("ArgMax", "ArgMin")
def place_of_extreme(operation: Operation) -> Value:
    builder = operation.builder
    value = operation.ranked(0)
    rank = value.rank
    axis = int(operation.constant(1, "its axis").item()) % rank
    is_first = value.has_first and _is_in_order(rank, [axis])
    tensor = value.first() if is_first else value.plain()
    found = builder.node(operation.op, tensor, axis=axis_in(axis, rank, is_first), keepdims=0)
    whole = builder.cast(found, operation.dtype("output_type", "int64"))
    return ordered(operation, whole, is_first and axis != rank - 1 and rank > 3)


@writes("Cumsum")
def running_sum(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    axis = axis_in(int(operation.constant(1, "its axis").item()), tensor.rank, is_first)
    made = builder.node(
        "CumSum",
        tensor,
        builder.constant(np.array(axis, np.int64)),
        exclusive=int(operation.flag("exclusive")),
        reverse=int(operation.flag("reverse")),
    )
    return ordered(operation, made, is_first)


@writes("TopKV2", "TopK")
def largest(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    tensor = operation.plain(0)
    if operation.op == "TopK":
        count = builder.integers(operation.integer("k"))
    else:
        wanted = builder.cast(operation.plain(1), "int64")
        count = builder.node("Reshape", wanted, builder.integers(1))
    values, indices = builder.split("TopK", tensor, count, count=2, axis=-1)
    return [values, builder.cast(indices, operation.dtype("index_type", "int32"))]


@writes("Unique", "UniqueV2")
def unique(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    tensor = operation.plain(0)
    if operation.op == "UniqueV2":
        axes = operation.constant(1, "its axis").ravel().tolist()
        if axes and tensor.rank != 1:
            raise operation.refused("it compares slices of more than one axis")
    values, _, inverse, _ = builder.split("Unique", tensor, count=4, sorted=0)
    return [values, builder.cast(inverse, operation.dtype("out_idx", "int32"))]


@writes("SegmentSum", "UnsortedSegmentSum")
def segment_sum(operation: Operation) -> Tensor:
    """Add up the rows of each segment: a product with a matrix of zeros and ones."""
    builder = operation.builder
    node = builder.node
    rows, segments = operation.ranked(0).plain(), operation.ranked(1).plain()
    if operation.op != "UnsortedSegmentSum" or segments.rank != 1 or rows.rank < 1:
        raise operation.refused("how many segments there are is not known")
    count = builder.cast(operation.plain(2), segments.dtype)
    zero, one = (builder.constant(np.array(k, segments.dtype)) for k in (0, 1))
    numbers = unsqueeze(builder, node("Range", zero, count, one), 1)
    belongs = node("Equal", numbers, unsqueeze(builder, segments, 0))
    flat = node("Reshape", rows, builder.integers(0, -1))
    sums = node("MatMul", builder.cast(belongs, rows.dtype), flat)
    tail = node(
        "Slice",
        node("Shape", rows),
        builder.integers(1),
        builder.integers(rows.rank),
        builder.integers(0),
        builder.integers(1),
    )
    return node("Reshape", sums, node("Concat", builder.integers(-1), tail, axis=0))
