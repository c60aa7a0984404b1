"""Parts of tensors, by bounds or by indices, and tensors padded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    TO_THE_END,
    TO_THE_START,
    Size,
    as_tensor,
    at_hand,
    axis_in,
    computed,
    extent_of,
    ordered,
    padded,
    taken,
    unsqueeze,
    vector,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value


def _elements(operation: Operation, tensor: Tensor) -> list[Size]:
    """Return the elements of an integer vector, as numbers where they are known."""
    builder = operation.builder
    count = tensor.shape[0] if tensor.shape else None
    if not isinstance(count, int):
        raise operation.refused("how many axes it names is not known")
    whole = builder.cast(tensor, "int64")
    found: list[Size] = []
    for index in range(count):
        element = builder.node("Gather", whole, builder.integers(index), axis=0)
        found.append(element if element.value is None else int(element.value[0]))
    return found


@writes("Slice")
def part(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    begins, sizes = (_elements(operation, operation.plain(k)) for k in (1, 2))
    starts, ends, axes = [], [], []
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        if begin == 0 and size == -1:
            continue
        if not isinstance(size, int):
            less_than_none = builder.node("Less", size, builder.integers(0))
            end: Size = builder.node(
                "Where",
                less_than_none,
                builder.integers(TO_THE_END),
                builder.node("Add", as_tensor(builder, begin), size),
            )
        else:
            end = TO_THE_END if size == -1 else computed(builder, "Add", begin, size)
        starts.append(begin)
        ends.append(end)
        axes.append(axis_in(axis, tensor.rank, is_first))
    if not axes:
        return ordered(operation, tensor, is_first)
    bounds = [vector(builder, starts), vector(builder, ends)]
    return ordered(
        operation,
        builder.node(
            "Slice", tensor, *bounds, builder.integers(*axes), builder.integers(*[1] * len(axes))
        ),
        is_first,
    )


@dataclass(frozen=True)
class _Along:
    """What a StridedSlice takes along an axis of its input: one element, or from start to end."""

    axis: int
    start: Size
    end: Size
    step: int
    is_one: bool

    @property
    def is_all(self) -> bool:
        return not self.is_one and (self.start, self.end, self.step) == (0, TO_THE_END, 1)


@writes("StridedSlice")
def strided_slice(operation: Operation) -> Value:
    builder = operation.builder
    value = operation.ranked(0)
    parts, new_axes = _parts_of(operation, value.rank)
    cuts = [each for each in parts if not each.is_all]
    is_first = value.has_first and not new_axes and not any(each.is_one for each in cuts)
    tensor = value.first() if is_first else value.plain()
    ranges = [each for each in cuts if not each.is_one]
    if ranges:
        starts, ends = (
            vector(builder, [getattr(each, key) for each in ranges]) for key in ("start", "end")
        )
        axes = builder.integers(*(axis_in(each.axis, tensor.rank, is_first) for each in ranges))
        steps = builder.integers(*(each.step for each in ranges))
        tensor = builder.node("Slice", tensor, starts, ends, axes, steps)
    for each in reversed([each for each in cuts if each.is_one]):
        index = each.start
        scalar = (
            builder.constant(np.array(index, np.int64))
            if isinstance(index, int)
            else builder.node("Squeeze", index, builder.integers(0))
        )
        tensor = builder.node("Gather", tensor, scalar, axis=each.axis)
    if new_axes:
        tensor = unsqueeze(builder, tensor, *new_axes)
    return ordered(operation, tensor, is_first)


def _parts_of(operation: Operation, rank: int) -> tuple[list[_Along], list[int]]:
    """Return what is taken along each axis of the input, and the new axes of the output."""
    begins, ends = (_elements(operation, operation.plain(k)) for k in (1, 2))
    steps = operation.constant(3, "its step").ravel().tolist()
    masks = {
        key: operation.integer(f"{key}_mask")
        for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }

    def is_set(key: str, index: int) -> bool:
        return bool(masks[key] >> index & 1)

    count = len(steps)
    named = sum(not is_set("new_axis", k) and not is_set("ellipsis", k) for k in range(count))
    parts: list[_Along] = []
    new_axes: list[int] = []
    axis = out = 0
    for index in range(count):
        if is_set("ellipsis", index):
            axis, out = axis + rank - named, out + rank - named
        elif is_set("new_axis", index):
            new_axes.append(out)
            out += 1
        elif is_set("shrink_axis", index):
            parts.append(_Along(axis, begins[index], 0, 1, True))
            axis += 1
        else:
            step = int(steps[index])
            start = begins[index]
            if is_set("begin", index):
                start = 0 if step > 0 else TO_THE_END
            end = ends[index]
            if is_set("end", index):
                end = TO_THE_END if step > 0 else TO_THE_START
            parts.append(_Along(axis, start, end, step, False))
            axis, out = axis + 1, out + 1
    if axis > rank:
        raise operation.refused(f"it names {axis} axes of {rank}")
    return parts, new_axes


@writes("GatherV2", "Gather", "ResourceGather")
def gather(operation: Operation) -> Written:
    builder = operation.builder
    given = operation.constant(2, "its axis").item() if operation.op == "GatherV2" else 0
    batch = operation.integer("batch_dims")
    indices = operation.plain(1)
    if indices.dtype not in ("int32", "int64"):
        indices = builder.cast(indices, "int64")
    value = operation.ranked(0) if given or batch else operation.inputs[0]
    if not batch:
        if indices.rank == 1 and value.has_first:
            axis = axis_in(int(given), value.rank, True)
            made = builder.node("Gather", value.first(), indices, axis=axis)
            return ordered(operation, made, True)
        axis = int(given) % value.rank if given else 0
        return builder.node("Gather", value.plain(), indices, axis=axis)
    return _batched(operation, value.plain(), indices, int(given) % value.rank, batch)


def _batched(
    operation: Operation, tensor: Tensor, indices: Tensor, axis: int, batch: int
) -> Tensor:
    """Return what each batch's own indices take of it, by GatherND."""
    builder = operation.builder
    batch %= max(indices.rank, 1)
    others = [k for k in range(batch, tensor.rank) if k != axis]
    moved = builder.transposed(tensor, [*range(batch), axis, *others])
    wide = unsqueeze(builder, builder.cast(indices, "int64"), indices.rank)
    made = builder.node("GatherND", moved, wide, batch_dims=batch)
    # What stood between the batch and the axis now follows the indices.
    between = axis - batch
    index_axes = list(range(batch, indices.rank))
    first_other = indices.rank
    order = [
        *range(batch),
        *range(first_other, first_other + between),
        *index_axes,
        *range(first_other + between, made.rank),
    ]
    return builder.transposed(made, order)


@writes("GatherNd")
def gather_nd(operation: Operation) -> Tensor:
    builder = operation.builder
    return builder.node("GatherND", operation.plain(0), builder.cast(operation.plain(1), "int64"))


@writes("Pad", "PadV2")
def pad(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    value = operation.plain(2) if operation.op == "PadV2" else None
    return ordered(operation, _padded(operation, tensor, is_first, "constant", value), is_first)


def _padded(
    operation: Operation, tensor: Tensor, is_first: bool, mode: str, value: Tensor | None
) -> Tensor:
    builder = operation.builder
    amounts = _amounts(operation, tensor, is_first)
    if amounts is not None:
        return padded(builder, tensor, amounts, value, mode)
    pairs = builder.cast(operation.plain(1), "int64")
    flat = builder.node("Reshape", builder.transposed(pairs, (1, 0)), builder.integers(-1))
    if is_first:
        order = [axis_in_first(k, tensor.rank) for k in range(tensor.rank)]
        both = [*order, *(tensor.rank + k for k in order)]
        flat = builder.node("Gather", flat, builder.integers(*both), axis=0)
    return builder.node("Pad", tensor, flat, *([] if value is None else [value]), mode=mode)


def axis_in_first(index: int, rank: int) -> int:
    """Return which axis of TensorFlow's order is at ``index`` with channels first."""
    return 0 if index == 0 else rank - 1 if index == 1 else index - 1


def _amounts(
    operation: Operation, tensor: Tensor, is_first: bool
) -> list[tuple[Size, Size]] | None:
    """Return the constant amounts before and behind each axis of a tensor."""
    given = operation.inputs[1].constant
    if given is None:
        return None
    rows = np.asarray(given).tolist()
    order = range(tensor.rank)
    return [tuple(rows[axis_in_first(k, tensor.rank) if is_first else k]) for k in order]


@writes("MirrorPad")
def mirror_pad(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    if operation.text("mode") == "REFLECT":
        return ordered(operation, _padded(operation, tensor, is_first, "reflect", None), is_first)
    amounts = _amounts(operation, tensor, is_first)
    if amounts is None:
        raise operation.refused("how much it pads is not constant")
    builder = operation.builder
    for axis, (before, behind) in enumerate(amounts):
        parts = [tensor]
        if before:
            parts.insert(0, _mirrored(operation, taken(builder, tensor, axis, 0, before), axis))
        if behind:
            start = computed(builder, "Sub", extent_of(builder, tensor, axis), behind)
            end = taken(builder, tensor, axis, start, TO_THE_END)
            parts.append(_mirrored(operation, end, axis))
        if len(parts) > 1:
            tensor = builder.node("Concat", *parts, axis=axis)
    return ordered(operation, tensor, is_first)


def _mirrored(operation: Operation, tensor: Tensor, axis: int) -> Tensor:
    return taken(operation.builder, tensor, axis, TO_THE_END, TO_THE_START, -1)


@writes("ReverseV2", "Reverse")
def reverse(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    given = operation.constant(1, "its axes").ravel().tolist()
    axes = given if operation.op == "ReverseV2" else [k for k, on in enumerate(given) if on]
    for axis in axes:
        tensor = _mirrored(operation, tensor, axis_in(int(axis), tensor.rank, is_first))
    return ordered(operation, tensor, is_first)


@writes("Roll")
def roll(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    shifts, axes = (operation.constant(k, "its shift").ravel().tolist() for k in (1, 2))
    for shift, given in zip(shifts, axes, strict=True):
        axis = axis_in(int(given), tensor.rank, is_first)
        extent = extent_of(builder, tensor, axis)
        by = as_tensor(builder, extent)
        first = builder.node("Mod", builder.integers(-int(shift)), by)
        parts = [
            builder.node("Slice", tensor, *bounds, builder.integers(axis), builder.integers(1))
            for bounds in (
                (first, builder.integers(TO_THE_END)),
                (builder.integers(0), first),
            )
        ]
        tensor = builder.node("Concat", *parts, axis=axis)
    return ordered(operation, tensor, is_first)


@writes("ReverseSequence")
def reverse_sequence(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor = operation.ranked(0).plain()
    lengths = builder.cast(operation.plain(1), "int64")
    time, batch = operation.integer("seq_dim"), operation.integer("batch_dim")
    order: Sequence[int] = [time, batch, *(k for k in range(tensor.rank) if k not in (time, batch))]
    moved = builder.transposed(tensor, order)
    made = builder.node("ReverseSequence", moved, lengths, time_axis=0, batch_axis=1)
    return builder.transposed(made, np.argsort(order).tolist())
