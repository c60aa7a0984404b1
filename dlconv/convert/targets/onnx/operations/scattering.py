"""Values that are put, or gathered up, where indices say.

All are written as ScatterElements on rows: ONNX Runtime's ScatterND works on several indices at
once, and loses some of what goes to the same place.
"""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    computed,
    elements,
    extent_of,
    product,
    reshape,
    scalar,
    taken,
    unsqueeze,
    vector,
)
from dlconv.convert.targets.onnx.tensors import Tensor

OPSET_WITH_EXTREMES = 18
UPDATES = {
    "TensorScatterAdd": "add",
    "TensorScatterMax": "max",
    "TensorScatterMin": "min",
    "TensorScatterSub": "add",
    "TensorScatterUpdate": "none",
}
SEGMENTS = {
    "UnsortedSegmentMax": "max",
    "UnsortedSegmentMin": "min",
    "UnsortedSegmentProd": "mul",
    "UnsortedSegmentSum": "add",
}


@writes("ScatterNd")
def scatter(operation: Operation) -> Tensor:
    _check_indices(operation)
    updates = operation.ranked(1).plain()
    sizes = _sizes(operation, operation.ranked(2).plain())
    rows = _filled(operation.builder, updates.dtype, 0, sizes)
    return _scattered(operation, rows, sizes, operation.ranked(0).plain(), updates, "add")


@writes(*UPDATES)
def scatter_into(operation: Operation) -> Tensor:
    _check_indices(operation)
    builder, kind = operation.builder, UPDATES[operation.op]
    tensor, indices, updates = (operation.ranked(k).plain() for k in range(3))
    if operation.op == "TensorScatterSub":
        updates = builder.node("Sub", builder.like(updates, 0), updates)
    sizes = [extent_of(builder, tensor, axis) for axis in range(tensor.rank)]
    return _scattered(operation, tensor, sizes, indices, updates, kind)


@writes("SparseToDense")
def sparse_to_dense(operation: Operation) -> Tensor:
    builder = operation.builder
    indices, values = (operation.ranked(k).plain() for k in (0, 2))
    default = operation.plain(3)
    sizes = _sizes(operation, operation.ranked(1).plain())
    if indices.rank == 0:
        indices = unsqueeze(builder, indices, 0)
    if indices.rank == 1:
        indices = unsqueeze(builder, indices, 1)
    if values.rank == 0:
        count = as_tensor(builder, extent_of(builder, indices, 0))
        values = builder.node("Expand", values, count)
    rows = builder.node("Expand", default, vector(builder, sizes))
    return _scattered(operation, rows, sizes, indices, values, "none")


def _check_indices(operation: Operation) -> None:
    if operation.text("bad_indices_policy") == "IGNORE":
        raise operation.refused("it leaves out what has an index out of range")


def _sizes(operation: Operation, shape: Tensor) -> list[Size]:
    count = shape.shape[0] if shape.shape else None
    if not isinstance(count, int):
        raise operation.refused("the rank of what it makes is not known")
    return elements(operation, shape, count)


def _filled(builder: Builder, dtype: str, value: float, sizes: Sequence[Size]) -> Tensor:
    filler = builder.constant(np.array(value, dtype))
    return builder.node("Expand", filler, vector(builder, sizes))


def _scattered(
    operation: Operation,
    tensor: Tensor,
    sizes: Sequence[Size],
    indices: Tensor,
    updates: Tensor,
    kind: str,
) -> Tensor:
    """Return a tensor of these sizes with updates where the last axis of indices says."""
    builder = operation.builder
    depth = indices.shape[-1] if indices.shape else None
    if not isinstance(depth, int) or not depth:
        raise operation.refused("how many axes its indices are for is not known, or none")
    named, rest = sizes[:depth], sizes[depth:]
    steps = [product(named[axis + 1 :], builder) for axis in range(depth)]
    whole = builder.cast(indices, "int64")
    places = builder.node("Mul", whole, vector(builder, steps))
    flat = builder.node("ReduceSum", places, builder.integers(-1), keepdims=0)
    width = product(rest, builder)
    rows = reshape(builder, tensor, [product(named, builder), width])
    made = _on_rows(operation, rows, flat, _rows_of(builder, updates, flat, width), kind)
    return reshape(builder, made, sizes)


def _rows_of(builder: Builder, tensor: Tensor, places: Tensor, width: Size) -> Tensor:
    """Return a tensor with one row for each place."""
    counts = [extent_of(builder, places, axis) for axis in range(places.rank)]
    return reshape(builder, tensor, [product(counts, builder), width])


def _on_rows(
    operation: Operation, rows: Tensor, places: Tensor, updates: Tensor, kind: str
) -> Tensor:
    """Return rows with others in their places, or combined with what is there."""
    builder = operation.builder
    if extent_of(builder, rows, 1) == 0:
        return rows
    if kind in ("max", "min"):
        operation.need_opset(OPSET_WITH_EXTREMES)
    dtype = rows.dtype
    if dtype == "float16" and kind != "none":
        rows, updates = (builder.cast(tensor, "float32") for tensor in (rows, updates))
    column = builder.node("Reshape", places, builder.integers(-1, 1))
    wide = builder.node("Expand", column, builder.node("Shape", updates))
    made = builder.node("ScatterElements", rows, wide, updates, axis=0, reduction=kind)
    return builder.cast(made, dtype)


@writes(*SEGMENTS)
def combine_segments(operation: Operation) -> Tensor:
    """Combine the rows of each segment; those of a negative one go to a row that is cut off."""
    builder, kind = operation.builder, SEGMENTS[operation.op]
    node = builder.node
    rows, segments = (operation.ranked(k).plain() for k in (0, 1))
    wanted = node("Reshape", builder.cast(operation.plain(2), "int64"), builder.integers(1))
    count: Size = wanted if wanted.value is None else int(wanted.value[0])
    rest = [extent_of(builder, rows, axis) for axis in range(segments.rank, rows.rank)]
    width = product(rest, builder)
    places = builder.cast(segments, "int64")
    is_dropped = node("Less", places, builder.like(places, 0))
    places = node("Where", is_dropped, scalar(builder, count), places)
    start = _filled(
        builder, rows.dtype, _of_none(kind, rows.dtype), [computed(builder, "Add", count, 1), width]
    )
    made = _on_rows(operation, start, places, _rows_of(builder, rows, places, width), kind)
    return reshape(builder, taken(builder, made, 0, 0, count), [count, *rest])


def _of_none(kind: str, dtype: str) -> float:
    """Return what a segment without rows gives."""
    if kind in ("add", "mul"):
        return float(kind == "mul")
    if np.dtype(dtype).kind == "f":
        limits = np.finfo(dtype)
        return float(limits.min if kind == "max" else limits.max)
    return np.iinfo(dtype).min if kind == "max" else np.iinfo(dtype).max
