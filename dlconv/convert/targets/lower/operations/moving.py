"""Moving values: slices with steps, turned axes and elements by their place.

TF.js's wasm backend takes integers for floats where it slices with a step, reads bools as four
bytes where it turns an axis, and repeats a batch where it gathers with ``batch_dims``. It gathers
by plain places rightly, so these are what such operations become.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from operator import or_

import numpy as np

from dlconv.convert.targets.lower.arithmetic import (
    BOOL,
    FLOAT32,
    INT32,
    NARROW,
    cast,
    element,
    extent,
    gathered,
    is_set,
    joined,
    pointwise,
    reshaped,
    wrapped,
)
from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import counted, transposed

MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


@lowers("StridedSlice")
def _strided_slice(operation: Operation) -> str:
    """Gather along axes with a step, at places that are sliced as floats, then slice the rest."""
    dtype, index = operation.dtype(), operation.dtype("Index")
    value, *bounds = operation.inputs
    strides = operation.constant(3, "its step").tolist()
    masks = {name: operation.attribute(name).i for name in MASKS}
    stepped = [(k, axis) for k, axis in _axes(len(strides), masks) if strides[k] != 1]
    if not stepped:
        raise operation.refused(f"{operation.holder} slices something else")
    for place, axis in stepped:
        ends = [
            _part(operation, cast(operation, bound, index, INT32), place, place + 1)
            for bound in bounds[:2]
        ]
        step = operation.const([strides[place]], INT32)
        kept = {name: mask >> place & 1 for name, mask in masks.items()}
        whole = counted(operation, extent(operation, value, axis, dtype))
        places = operation.add(
            "StridedSlice",
            cast(operation, whole, INT32, FLOAT32),
            *ends,
            step,
            T=FLOAT32,
            Index=INT32,
            **(kept | {"ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}),
        )
        at = cast(operation, places, FLOAT32, INT32)
        value = gathered(operation, value, at, operation.const(axis, INT32), dtype)
        strides[place] = 1
        masks["begin_mask"] |= 1 << place
        masks["end_mask"] |= 1 << place
    bounds[2] = cast(operation, operation.const(strides, INT32), INT32, index)
    return operation.again(value, *bounds, **masks)


def _axes(count: int, masks: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Yield the places of a slice that take a range of an axis, with that axis.

    Behind an ellipsis, axes are counted from the end.
    """
    kinds = [masks["ellipsis_mask"] >> k & 1 for k in range(count)]
    behind = list(accumulate(kinds, or_))
    is_axis = [not kinds[k] and not masks["new_axis_mask"] >> k & 1 for k in range(count)]
    for k in range(count):
        if is_axis[k] and not masks["shrink_axis_mask"] >> k & 1:
            yield k, -sum(is_axis[k:]) if behind[k] else sum(is_axis[:k])


@lowers("ReverseV2")
def _reversed(operation: Operation) -> str:
    value, axes = operation.inputs
    if operation.dtype() != BOOL:
        raise operation.refused(f"{operation.holder} turns it into something else")
    turned = operation.again(cast(operation, value, BOOL, INT32), axes, T=INT32)
    return is_set(operation, turned, INT32)


@lowers("GatherV2")
def _gather(operation: Operation) -> str:
    """Gather from all batches at once, with the places of each moved to where it lies."""
    values, indices, _ = operation.inputs
    dtype, whole = operation.dtype("Tparams"), operation.dtype("Tindices")
    rank, places = operation.rank(0), operation.rank(1)
    stated = operation.attribute("batch_dims").i
    count = stated + places if stated < 0 else stated
    axis = int(operation.constant(2, "its axis")) % rank
    if not count or axis < count:
        raise operation.refused(f"{operation.holder} gathers something else")
    order = [*range(count), axis, *(k for k in range(count, rank) if k != axis)]
    values = transposed(operation, values, order, dtype)
    sizes = operation.add("Shape", values, T=dtype, out_type=INT32)
    extents = [element(operation, sizes, k) for k in range(count + 1)]
    batches = extents[0]
    for size in extents[1:-1]:
        batches = pointwise(operation, "Mul", batches, size)
    starts = pointwise(operation, "Mul", counted(operation, batches), extents[-1])
    batch_shape = _part(operation, sizes, 0, count)
    ones = operation.const([1] * (places - count), INT32)
    starts = reshaped(operation, starts, joined(operation, batch_shape, ones), INT32)
    at = pointwise(operation, "AddV2", cast(operation, indices, whole, INT32), starts)
    rest = _part(operation, sizes, count + 1, rank)
    flat_shape = joined(operation, operation.const([-1], INT32), rest)
    flat = reshaped(operation, values, flat_shape, dtype)
    found = gathered(operation, flat, at, operation.const(0, INT32), dtype)
    before = range(places, places + axis - count)
    back = [
        *range(count),
        *before,
        *range(count, places),
        *range(places + axis - count, rank + places - count - 1),
    ]
    return transposed(operation, found, back, dtype)


def _part(operation: Operation, vector: str, first: int, last: int) -> str:
    """Return the elements of an int32 vector from ``first`` up to ``last``."""
    begin, size = operation.const([first], INT32), operation.const([last - first], INT32)
    return operation.add("Slice", vector, begin, size, T=INT32, Index=INT32)


@lowers("Roll")
def _roll(operation: Operation) -> str:
    value, dtype = operation.inputs[0], operation.dtype()
    shifts, axes = (
        np.ravel(operation.constant(k, what)).tolist()
        for k, what in ((1, "its shift"), (2, "its axis"))
    )
    for shift, axis in zip(shifts, axes, strict=True):
        count = extent(operation, value, axis, dtype)
        moved = pointwise(
            operation, "Sub", counted(operation, count), operation.const(shift, INT32)
        )
        places = pointwise(operation, "FloorMod", moved, count)
        value = gathered(operation, value, places, operation.const(axis, INT32), dtype)
    return value


@lowers("ReverseSequence")
def _reverse_sequence(operation: Operation) -> str:
    """Gather each batch at places that count down within its length and up behind it."""
    value, lengths = operation.inputs
    dtype, rank = operation.dtype(), operation.rank(0)
    along, batch = (operation.attribute(key).i % rank for key in ("seq_dim", "batch_dim"))
    order = [batch, along, *(k for k in range(rank) if k not in (batch, along))]
    value = transposed(operation, value, order, dtype)
    places = counted(operation, extent(operation, value, 1, dtype))
    lengths = cast(operation, lengths, operation.dtype("Tlen"), INT32)
    column = operation.add("ExpandDims", lengths, operation.const(1, INT32), T=INT32, Tdim=INT32)
    last = pointwise(operation, "Sub", column, operation.const(1, INT32))
    down = pointwise(operation, "Sub", last, places)
    is_within = pointwise(operation, "Less", places, column)
    at = pointwise(operation, "SelectV2", is_within, down, places)
    batches = counted(operation, extent(operation, value, 0, dtype))
    upright = reshaped(operation, batches, operation.const([-1, 1], INT32), INT32)
    zero = pointwise(operation, "Sub", at, at)
    numbers = operation.add(
        "Pack", pointwise(operation, "AddV2", zero, upright), at, T=INT32, N=2, axis=-1
    )
    turned = operation.add("GatherNd", value, numbers, Tparams=dtype, Tindices=INT32)
    return transposed(operation, turned, [order.index(k) for k in range(rank)], dtype)


@lowers("InvertPermutation")
def _invert(operation: Operation) -> str:
    dtype = operation.dtype()
    order = cast(operation, operation.inputs[0], dtype, INT32)
    shape = operation.add("Shape", order, T=INT32, out_type=INT32)
    places = counted(operation, element(operation, shape, 0))
    column = operation.add("ExpandDims", order, operation.const(1, INT32), T=INT32, Tdim=INT32)
    found = operation.add("ScatterNd", column, places, shape, T=INT32, Tindices=INT32)
    return cast(operation, found, INT32, dtype)


@lowers("TensorScatterAdd", "TensorScatterSub")
def _scatter(operation: Operation) -> str:
    value, places, updates = operation.inputs
    dtype, index = operation.dtype(), operation.dtype("Tindices")
    shape = operation.add("Shape", value, T=dtype, out_type=index)
    change = operation.add("ScatterNd", places, updates, shape, T=dtype, Tindices=index)
    op = "AddV2" if operation.op == "TensorScatterAdd" else "Sub"
    return pointwise(operation, op, value, change, dtype=dtype)


@lowers("SplitV")
def _split(operation: Operation) -> list[str]:
    """Put the size that is left in place of -1."""
    value, _, axis_input = operation.inputs
    dtype, axis = operation.dtype(), int(operation.constant(2, "its axis"))
    sizes = operation.constant(1, "a size").tolist()
    if -1 not in sizes:
        raise operation.refused(f"{operation.holder} splits something else")
    place = sizes.index(-1)
    others = operation.const(sum(sizes) + 1, INT32)
    rest = pointwise(operation, "Sub", extent(operation, value, axis, dtype), others)
    parts = [rest if k == place else operation.const(size, INT32) for k, size in enumerate(sizes)]
    stated = operation.add("Pack", *parts, T=INT32, N=len(parts), axis=0)
    split = operation.again(value, stated, axis_input, Tlen=INT32)
    return [f"{split}:{k}" if k else split for k in range(len(sizes))]


@lowers("Cumsum", "Cumprod")
def _cumulated(operation: Operation) -> str:
    """Count the axis from the front, since TF.js takes another one else; small integers wrap."""
    value, dtype = operation.inputs[0], operation.dtype()
    axis = int(operation.constant(1, "its axis"))
    if axis >= 0 and dtype not in NARROW:
        raise operation.refused(f"{operation.holder} adds up something else")
    front = operation.const(axis if axis >= 0 else axis + operation.rank(0), INT32)
    if dtype not in NARROW:
        return operation.again(value, front, Tidx=INT32)
    wide = cast(operation, value, dtype, INT32)
    return wrapped(operation, operation.again(wide, front, T=INT32, Tidx=INT32), dtype)
