"""Elements and slices of tensors by their indices."""

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    axis_in,
    extent_of,
    ordered,
    reshape,
    unsqueeze,
    vector,
    without_axes,
)
from dlconv.convert.targets.onnx.tensors import Tensor


@writes("GatherV2", "Gather")
def gather(operation: Operation) -> Written:
    builder = operation.builder
    axis = int(operation.constant(2, "its axis").item()) if operation.op == "GatherV2" else 0
    indices = operation.plain(1)
    batch = operation.integer("batch_dims")
    batch += indices.rank if batch < 0 else 0
    if axis == 0 and not batch and not operation.inputs[0].has_first:
        return builder.node("Gather", operation.plain(0), indices, axis=0)
    value = operation.ranked(0)
    axis %= value.rank
    if batch:
        return _batched(operation, value.plain(), operation.ranked(1).plain(), axis, batch)
    if indices.rank not in (0, 1):
        return builder.node("Gather", value.plain(), indices, axis=axis)
    tensor, is_first, stays_first = without_axes(value, [axis] if indices.rank == 0 else [])
    made = builder.node("Gather", tensor, indices, axis=axis_in(axis, value.rank, is_first))
    return ordered(operation, made, stays_first)


def _batched(
    operation: Operation, tensor: Tensor, indices: Tensor, axis: int, batch: int
) -> Tensor:
    """Return what each batch's own indices take of it, by GatherND."""
    builder = operation.builder
    others = [k for k in range(batch, tensor.rank) if k != axis]
    moved = builder.transposed(tensor, [*range(batch), axis, *others])
    wide = unsqueeze(builder, builder.cast(indices, "int64"), indices.rank)
    made = builder.node("GatherND", moved, wide, batch_dims=batch)
    # What stood between the batch and the axis now follows the indices.
    between = range(indices.rank, indices.rank + axis - batch)
    rest = range(between.stop, indices.rank + len(others))
    return builder.transposed(made, [*range(batch), *between, *range(batch, indices.rank), *rest])


@writes("GatherNd")
def gather_nd(operation: Operation) -> Tensor:
    builder = operation.builder
    if operation.text("bad_indices_policy") == "IGNORE":
        raise operation.refused("it puts zeros where an index is out of range")
    indices = builder.cast(operation.ranked(1).plain(), "int64")
    depth = indices.shape[-1] if indices.shape else None
    if not isinstance(depth, int):
        raise operation.refused("how many axes its indices are for is not known")
    value = operation.ranked(0)
    if depth:
        made = builder.node("GatherND", value.plain(), indices)
        # ONNX's inference says nothing about a scalar.
        return builder.tensor_with_shape(made, (None,) * (indices.rank - 1 + value.rank - depth))
    counts = [extent_of(builder, indices, axis) for axis in range(indices.rank - 1)]
    sizes = [extent_of(builder, value.plain(), axis) for axis in range(value.rank)]
    return builder.node("Expand", value.plain(), vector(builder, [*counts, *sizes]))


@writes("DynamicStitch", "ParallelDynamicStitch")
def stitch(operation: Operation) -> Tensor:
    """Put rows where their indices, which have to be constant, say; the last one of several."""
    builder = operation.builder
    count = len(operation.inputs) // 2
    places = [operation.constant(k, "one of its indices") for k in range(count)]
    flat = np.concatenate([place.ravel() for place in places])
    order = {int(place): row for row, place in enumerate(flat)}
    if sorted(order) != list(range(len(order))):
        raise operation.refused("one of its rows has no value")
    if operation.op == "ParallelDynamicStitch" and len(order) < len(flat):
        raise operation.refused("one of its rows has several values")
    rows = [
        _rows(operation, operation.ranked(count + k).plain(), place.ndim, place.size)
        for k, place in enumerate(places)
    ]
    joined = builder.node("Concat", *rows, axis=0)
    return builder.node(
        "Gather", joined, builder.integers(*(order[place] for place in range(len(order)))), axis=0
    )


def _rows(operation: Operation, tensor: Tensor, rank: int, count: int) -> Tensor:
    builder = operation.builder
    sizes = [extent_of(builder, tensor, axis) for axis in range(rank, tensor.rank)]
    return reshape(builder, tensor, [count, *sizes])
