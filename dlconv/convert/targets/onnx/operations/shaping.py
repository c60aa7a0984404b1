"""Shapes as values, and tensors in another shape or order."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    at_hand,
    axis_in,
    extent_of,
    ordered,
    squeeze,
    unsqueeze,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value, to_first, to_last


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
    return builder.cast(found, operation.dtype("out_type", "int32"))


@writes("Size")
def size(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor, _ = at_hand(operation.inputs[0])
    return builder.cast(builder.node("Size", tensor), operation.dtype("out_type", "int32"))


@writes("Rank")
def rank(operation: Operation) -> Tensor:
    return operation.builder.constant(np.array(operation.ranked(0).rank, np.int32))


@writes("Reshape")
def reshape(operation: Operation) -> Tensor:
    builder = operation.builder
    target = builder.cast(operation.plain(1), "int64")
    has_empty = target.value is not None and 0 in target.value
    is_empty = {"allowzero": 1} if has_empty else {}
    return builder.node("Reshape", operation.plain(0), target, **is_empty)


@writes("Squeeze")
def squeezed(operation: Operation) -> Value:
    value = operation.ranked(0)
    axes = operation.integers("squeeze_dims") or operation.integers("axis")
    if not axes:
        extents = value.shape or ()
        if not all(isinstance(extent, int) for extent in extents):
            raise operation.refused("which of its axes are 1 is not known")
        axes = [axis for axis, extent in enumerate(extents) if extent == 1]
    rank = value.rank
    gone = {axis % rank for axis in axes}
    if not gone:
        return value
    # Without the axes between, channels are last again; without some of them, they are second.
    stays_first = value.has_first and not gone & {0, rank - 1}
    if not stays_first:
        return ordered(operation, squeeze(operation.builder, value.plain(), *sorted(gone)), False)
    axes_first = sorted(axis_in(axis, rank, True) for axis in gone)
    return ordered(operation, squeeze(operation.builder, value.first(), *axes_first), True)


@writes("ExpandDims")
def expand_dims(operation: Operation) -> Value:
    value = operation.ranked(0)
    axis = int(operation.constant(1, "its axis").item()) % (value.rank + 1)
    if value.has_first and 0 < axis < value.rank:
        return ordered(operation, unsqueeze(operation.builder, value.first(), axis + 1), True)
    return ordered(operation, unsqueeze(operation.builder, value.plain(), axis), False)


@writes("Transpose")
def transpose(operation: Operation) -> Value:
    value = operation.ranked(0)
    perm = tuple(int(axis) for axis in operation.constant(1, "the order of its axes").ravel())
    perm = tuple(axis % value.rank for axis in perm)
    if value.rank > 2 and perm == to_first(value.rank):
        return ordered(operation, value.first(), False)
    if value.rank > 2 and perm == to_last(value.rank):
        return ordered(operation, value.plain(), True)
    return ordered(operation, operation.builder.transposed(value.plain(), perm), False)


@writes("Fill")
def fill(operation: Operation) -> Tensor:
    builder = operation.builder
    return builder.node("Expand", operation.plain(1), builder.cast(operation.plain(0), "int64"))


@writes("BroadcastTo")
def broadcast_to(operation: Operation) -> Tensor:
    builder = operation.builder
    return builder.node("Expand", operation.plain(0), builder.cast(operation.plain(1), "int64"))


@writes("Tile")
def tile(operation: Operation) -> Tensor:
    builder = operation.builder
    return builder.node("Tile", operation.plain(0), builder.cast(operation.plain(1), "int64"))


@writes("Range")
def numbers(operation: Operation) -> Tensor:
    return operation.builder.node("Range", *(operation.plain(k) for k in range(3)))


@writes("LinSpace")
def evenly_spaced(operation: Operation) -> Tensor:
    start, stop, count = (operation.constant(k, "one of its inputs") for k in range(3))
    spaced = np.linspace(start.item(), stop.item(), int(count.item()), dtype=start.dtype)
    return operation.builder.constant(spaced)


@writes("BroadcastArgs")
def broadcast_args(operation: Operation) -> Tensor:
    first, second = (operation.constant(k, "one of its shapes") for k in (0, 1))
    extents = np.broadcast_shapes(tuple(first.tolist()), tuple(second.tolist()))
    return operation.builder.constant(np.array(extents, first.dtype))


@writes("InvertPermutation")
def inverse_permutation(operation: Operation) -> Tensor:
    given = operation.constant(0, "it")
    return operation.builder.constant(np.argsort(given).astype(given.dtype))


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
def unpack(operation: Operation) -> Sequence[Tensor]:
    builder = operation.builder
    tensor = operation.ranked(0).plain()
    axis = operation.integer("axis") % tensor.rank
    return [
        builder.node("Gather", tensor, builder.constant(np.array(k, np.int64)), axis=axis)
        for k in range(operation.integer("num"))
    ]


@writes("Split", "SplitV")
def split(operation: Operation) -> Sequence[Written]:
    is_even = operation.op == "Split"
    axis_index, value = (0, operation.ranked(1)) if is_even else (2, operation.ranked(0))
    tensor, is_first = at_hand(value)
    axis = axis_in(int(operation.constant(axis_index, "its axis").item()), tensor.rank, is_first)
    count = operation.integer("num_split", 1)
    if count == 1:
        return [ordered(operation, tensor, is_first)]
    parts = operation.builder.split(
        "Split", tensor, _lengths(operation, tensor, axis, count), count=count, axis=axis
    )
    return [ordered(operation, part, is_first) for part in parts]


def _lengths(operation: Operation, tensor: Tensor, axis: int, count: int) -> Tensor:
    builder = operation.builder
    extent = extent_of(builder, tensor, axis)
    if operation.op == "Split":
        return builder.node("Expand", _part(operation, extent, count), builder.integers(count))
    given = operation.plain(1)
    if given.value is None:
        return builder.cast(given, "int64")
    lengths = given.value.astype(np.int64)
    if -1 not in lengths:
        return builder.constant(lengths)
    if not isinstance(extent, int):
        raise operation.refused("how long the axis is that it splits is not known")
    rest = extent - (lengths.sum() + 1)
    return builder.constant(np.where(lengths == -1, rest, lengths))


def _part(operation: Operation, extent: Size, count: int) -> Tensor:
    builder = operation.builder
    return builder.node("Div", as_tensor(builder, extent), builder.integers(count))
