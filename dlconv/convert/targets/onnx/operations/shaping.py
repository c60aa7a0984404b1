"""Shapes as values, and tensors in another shape or order."""

import math
from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.axes import to_first, to_last
from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    at_hand,
    axis_in,
    counted,
    extent_of,
    ordered,
    reduced,
    squeeze,
    unsqueeze,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value


@writes("Shape")
def shape(operation: Operation) -> Tensor:
    return _shape_of(operation, operation.inputs[0])


@writes("ShapeN")
def shapes(operation: Operation) -> Sequence[Tensor]:
    return [_shape_of(operation, value) for value in operation.inputs]


def _shape_of(operation: Operation, value: Value) -> Tensor:
    builder = operation.builder
    tensor, is_first = at_hand(value)
    found = builder.node("Shape", tensor)
    if is_first:
        found = builder.node("Gather", found, builder.integers(*to_last(tensor.rank)), axis=0)
    return builder.cast(found, operation.dtype("out_type"))


@writes("Size")
def size(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor, _ = at_hand(operation.inputs[0])
    extents = [extent for extent in tensor.shape or () if isinstance(extent, int)]
    if len(extents) == tensor.rank:
        count = builder.constant(np.array(math.prod(extents), np.int64))
    else:
        count = builder.node("Size", tensor)
    return builder.cast(count, operation.dtype("out_type"))


@writes("Rank")
def rank(operation: Operation) -> Tensor:
    return operation.builder.constant(np.array(operation.ranked(0).rank, np.int32))


@writes("Reshape")
def reshape(operation: Operation) -> Tensor:
    builder = operation.builder
    target = builder.cast(operation.plain(1), "int64")
    may_be_empty = target.value is None or 0 in target.value
    # Without this, ONNX reads an extent of 0 as that of the input.
    attributes = {"allowzero": 1} if may_be_empty else {}
    return builder.node("Reshape", operation.plain(0), target, **attributes)


@writes("Squeeze")
def squeezed(operation: Operation) -> Value:
    value = operation.ranked(0)
    axes = operation.integers("squeeze_dims")
    if not axes:
        extents = value.shape or ()
        if not all(isinstance(extent, int) for extent in extents):
            raise operation.refused("which of its axes are 1 is not known")
        axes = [axis for axis, extent in enumerate(extents) if extent == 1]
    rank = value.rank
    gone = {axis % rank for axis in axes}
    if not gone:
        return value
    tensor, is_first = at_hand(value) if 0 not in gone else (value.plain(), False)
    # Without the channels, the axes that are left are in TensorFlow's order.
    stays_first = is_first and rank - 1 not in gone
    axes = sorted(axis_in(axis, rank, is_first) for axis in gone)
    return ordered(operation, squeeze(operation.builder, tensor, *axes), stays_first)


@writes("ExpandDims")
def expand_dims(operation: Operation) -> Value:
    value = operation.ranked(0)
    axis = int(operation.constant(1, "its axis").item()) % (value.rank + 1)
    if value.has_first and 0 < axis < value.rank:
        return ordered(operation, unsqueeze(operation.builder, value.first(), axis + 1), True)
    return ordered(operation, unsqueeze(operation.builder, value.plain(), axis), False)


@writes("Transpose")
def transpose(operation: Operation) -> Value:
    value, builder = operation.inputs[0], operation.builder
    given = operation.constant(1, "the order of its axes").ravel().tolist()
    rank = len(given)
    perm = tuple(axis % rank for axis in given)
    if rank > 2 and perm == to_first(rank):
        return ordered(operation, value.first(), False)
    if rank > 2 and perm == to_last(rank):
        return ordered(operation, value.plain(), True)
    tensor, is_first = at_hand(value)
    return ordered(
        operation,
        builder.transposed(tensor, [axis_in(axis, rank, is_first) for axis in perm]),
        False,
    )


@writes("Fill")
def fill(operation: Operation) -> Tensor:
    builder = operation.builder
    return builder.node("Expand", operation.plain(1), builder.cast(operation.plain(0), "int64"))


@writes("BroadcastTo")
def broadcast_to(operation: Operation) -> Tensor:
    builder = operation.builder
    return builder.node("Expand", operation.plain(0), builder.cast(operation.plain(1), "int64"))


@writes("Tile")
def tile(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.inputs[0])
    times = builder.cast(operation.plain(1), "int64")
    if is_first:
        times = builder.node("Gather", times, builder.integers(*to_first(tensor.rank)), axis=0)
    return ordered(operation, builder.node("Tile", tensor, times), is_first)


@writes("Range")
def numbers(operation: Operation) -> Tensor:
    builder = operation.builder
    node = builder.node
    start, limit, step = (operation.plain(k) for k in range(3))
    if np.dtype(start.dtype).kind != "f":
        return node("Range", start, limit, step)
    # ONNX counts floats in another precision, and TensorFlow adds step after step.
    steps = node("Ceil", node("Abs", node("Div", node("Sub", limit, start), step)))
    indices = _below(operation, builder.cast(steps, "int64"))
    is_first = node("Equal", indices, builder.like(indices, 0))
    return node("CumSum", node("Where", is_first, start, step), builder.like(indices, 0))


def _below(operation: Operation, count: Tensor) -> Tensor:
    """Return 0, 1, 2 ... below a scalar of int64."""
    like = operation.builder.like
    return operation.builder.node("Range", like(count, 0), count, like(count, 1))


@writes("LinSpace")
def evenly_spaced(operation: Operation) -> Tensor:
    builder = operation.builder
    node = builder.node
    start, stop = (operation.plain(k) for k in (0, 1))
    count = builder.cast(operation.plain(2), "int64")
    indices = _below(operation, count)
    last = node("Sub", count, builder.like(count, 1))
    steps = builder.cast(node("Max", last, builder.like(count, 1)), start.dtype)
    step = node("Div", node("Sub", stop, start), steps)
    spaced = node("Add", start, node("Mul", builder.cast(indices, start.dtype), step))
    is_last = node("Equal", indices, node("Max", last, builder.like(count, 1)))
    return node("Where", is_last, stop, spaced)


@writes("BroadcastArgs")
def broadcast_args(operation: Operation) -> Tensor:
    builder = operation.builder
    shapes = [operation.plain(k) for k in (0, 1)]
    lengths = [_length(operation, each) for each in shapes]
    first, second = (
        builder.node("Concat", builder.constant(np.ones(missing, each.dtype)), each, axis=0)
        for each, missing in zip(shapes, (max(lengths) - k for k in lengths), strict=True)
    )
    is_one = builder.node("Equal", first, builder.like(first, 1))
    return builder.node("Where", is_one, second, first)


def _length(operation: Operation, vector: Tensor) -> int:
    extent = vector.shape[0] if vector.shape else None
    if not isinstance(extent, int):
        raise operation.refused("how many axes a shape has is not known")
    return extent


@writes("InvertPermutation")
def inverse_permutation(operation: Operation) -> Tensor:
    builder = operation.builder
    given = operation.plain(0)
    if given.value is not None:
        return builder.constant(np.argsort(given.value).astype(given.dtype))
    numbers = builder.cast(counted(builder, extent_of(builder, given, 0)), given.dtype)
    return builder.node("ScatterElements", given, given, numbers, axis=0)


@writes("ConcatV2", "Concat")
def concat(operation: Operation) -> Value:
    is_new = operation.op == "ConcatV2"
    axis_value = operation.constant(-1 if is_new else 0, "its axis")
    values = list(operation.inputs[:-1] if is_new else operation.inputs[1:])
    rank = max(value.rank for value in values)
    is_first = any(value.has_first for value in values) and all(v.rank == rank for v in values)
    tensors = [value.first() if is_first else value.plain() for value in values]
    axis = int(axis_value.item())
    axis = axis_in(axis, rank, is_first) if rank > 0 else axis
    if len(tensors) == 1:
        return ordered(operation, tensors[0], is_first)
    return ordered(operation, operation.builder.node("Concat", *tensors, axis=axis), is_first)


@writes("Pack")
def pack(operation: Operation) -> Tensor:
    builder = operation.builder
    axis = operation.integer("axis") % (operation.ranked(0).rank + 1)
    parts = [unsqueeze(builder, value.plain(), axis) for value in operation.inputs]
    return parts[0] if len(parts) == 1 else builder.node("Concat", *parts, axis=axis)


@writes("Unpack")
def unpack(operation: Operation) -> Sequence[Value]:
    builder = operation.builder
    value = operation.ranked(0)
    axis = operation.integer("axis") % value.rank
    tensor, is_first = at_hand(value) if axis else (value.plain(), False)
    # Without the channels, the axes that are left are in TensorFlow's order.
    stays_first = is_first and axis < value.rank - 1
    axis = axis_in(axis, value.rank, is_first)
    parts = [
        builder.node("Gather", tensor, builder.constant(np.array(k, np.int64)), axis=axis)
        for k in range(operation.integer("num"))
    ]
    return [ordered(operation, part, stays_first) for part in parts]


@writes("Split", "SplitV")
def split(operation: Operation) -> Sequence[Written]:
    is_even = operation.op == "Split"
    axis_index, value = (0, operation.ranked(1)) if is_even else (2, operation.ranked(0))
    tensor, is_first = at_hand(value)
    axis = axis_in(int(operation.constant(axis_index, "its axis").item()), tensor.rank, is_first)
    count = operation.integer("num_split")
    if count == 1:
        return [ordered(operation, tensor, is_first)]
    lengths = (_even if is_even else _uneven)(operation, extent_of(operation.builder, tensor, axis))
    parts = operation.builder.split("Split", tensor, lengths, count=count, axis=axis)
    others = tuple(None if k == axis else extent for k, extent in enumerate(tensor.shape or ()))
    known = [operation.builder.tensor_with_shape(part, others) for part in parts]
    return [ordered(operation, part, is_first) for part in known]


def _even(operation: Operation, extent: Size) -> Tensor:
    """Return how long the parts are that an axis is split into evenly."""
    builder = operation.builder
    count = builder.integers(operation.integer("num_split"))
    return builder.node("Expand", builder.node("Div", as_tensor(builder, extent), count), count)


def _uneven(operation: Operation, extent: Size) -> Tensor:
    """Return how long the parts are that are asked for; -1 takes what the others leave."""
    builder = operation.builder
    node = builder.node
    lengths = builder.cast(operation.plain(1), "int64")
    if lengths.value is not None and -1 not in lengths.value:
        return lengths
    is_rest = node("Equal", lengths, builder.like(lengths, -1))
    given = node("Where", is_rest, builder.like(lengths, 0), lengths)
    rest = node("Sub", as_tensor(builder, extent), reduced(builder, "ReduceSum", given, [0]))
    return node("Where", is_rest, rest, lengths)
