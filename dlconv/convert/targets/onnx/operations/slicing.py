"""Parts of tensors by bounds, and tensors with their elements in another order along an axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    BACKWARDS,
    TO_THE_END,
    TO_THE_START,
    Cut,
    Size,
    as_tensor,
    at_hand,
    axis_in,
    computed,
    elements,
    extent_of,
    ordered,
    scalar,
    sliced,
    taken,
    unsqueeze,
    without_axes,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.graph.inferred import Extent


@writes("Slice")
def part(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    begins, sizes = (elements(operation, operation.plain(k), tensor.rank) for k in (1, 2))
    cuts = [
        Cut(axis_in(axis, tensor.rank, is_first), begin, _end(operation.builder, begin, size))
        for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True))
        if (begin, size) != (0, -1)
    ]
    return ordered(operation, sliced(operation.builder, tensor, cuts), is_first)


def _end(builder: Builder, begin: Size, size: Size) -> Size:
    if isinstance(size, int):
        return TO_THE_END if size == -1 else computed(builder, "Add", begin, size)
    is_rest = builder.node("Less", size, builder.integers(0))
    end = builder.node("Add", as_tensor(builder, begin), size)
    return builder.node("Where", is_rest, builder.integers(TO_THE_END), end)


@dataclass(frozen=True)
class _Range:
    """What is taken along an axis of the input: from start to end, None for as far as there is."""

    axis: int
    start: Size | None
    end: Size | None
    step: int


@dataclass(frozen=True)
class _Index:
    """The one element that is taken along an axis of the input, which the output lacks."""

    axis: int
    index: Size


@writes("StridedSlice")
def strided_slice(operation: Operation) -> Value:
    builder = operation.builder
    value = operation.ranked(0)
    parts, new_axes = _parts_of(operation, value.rank)
    indices = [each for each in parts if isinstance(each, _Index)]
    tensor, is_first, stays_first = without_axes(value, [each.axis for each in indices])
    rounds: list[list[Cut]] = [[], []]
    for each in parts:
        if isinstance(each, _Range):
            axis = axis_in(each.axis, tensor.rank, is_first)
            for cuts, cut in zip(
                rounds, _cuts(builder, each, value.extent(each.axis)), strict=False
            ):
                cuts.append(Cut(axis, *cut))
    for cuts in rounds:
        tensor = sliced(builder, tensor, cuts)
    found = [(axis_in(each.axis, value.rank, is_first), each.index) for each in indices]
    for axis, index in sorted(found, key=lambda each: -each[0]):
        tensor = builder.node("Gather", tensor, scalar(builder, index), axis=axis)
    made = ordered(operation, tensor, stays_first)
    if not new_axes:
        return made
    return ordered(operation, unsqueeze(builder, made.plain(), *new_axes), False)


def _parts_of(operation: Operation, rank: int) -> tuple[list[_Range | _Index], list[int]]:
    """Return what is taken along axes of the input, and the new axes of the output."""
    steps = operation.constant(3, "its step").ravel().tolist()
    begins, ends = (elements(operation, operation.plain(k), len(steps)) for k in (1, 2))
    masks = {
        key: operation.integer(f"{key}_mask")
        for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }

    def is_set(key: str, index: int) -> bool:
        return bool(masks[key] >> index & 1)

    named = sum(not is_set("new_axis", k) and not is_set("ellipsis", k) for k in range(len(steps)))
    if named > rank:
        raise operation.refused(f"it names {named} axes of {rank}")
    parts: list[_Range | _Index] = []
    new_axes: list[int] = []
    axis = out = 0
    for index, step in enumerate(steps):
        if is_set("ellipsis", index):
            axis, out = axis + rank - named, out + rank - named
        elif is_set("new_axis", index):
            new_axes.append(out)
            out += 1
        elif is_set("shrink_axis", index):
            parts.append(_Index(axis, begins[index]))
            axis += 1
        else:
            start = None if is_set("begin", index) else begins[index]
            end = None if is_set("end", index) else ends[index]
            parts.append(_Range(axis, start, end, int(step)))
            axis, out = axis + 1, out + 1
    return parts, new_axes


def _cuts(builder: Builder, part: _Range, extent: Extent) -> list[tuple[Size, Size, int]]:
    """Return the start, end and step of one or two of ONNX's slices, none for all of the axis.

    Behind its first element, ONNX has no place to start backwards from. Where it is not known that
    a range does not start there, its elements are taken forwards first.
    """
    start, end, step = part.start, part.end, part.step
    if isinstance(extent, int) and not isinstance(start, Tensor) and not isinstance(end, Tensor):
        known = range(*slice(start, end, step).indices(extent))
        if known == range(extent):
            return []
        if not known:
            return [(0, 0, 1)]
        return [(known.start, known.stop if known.stop >= 0 else TO_THE_START, step)]
    if step > 0:
        cut = (0 if start is None else start, TO_THE_END if end is None else end, step)
        return [] if cut == (0, TO_THE_END, 1) else [cut]
    low = 0 if end is None else _behind(builder, end)
    high = TO_THE_END if start is None else _behind(builder, start)
    forwards = [] if (low, high) == (0, TO_THE_END) else [(low, high, 1)]
    return [*forwards, (TO_THE_END, TO_THE_START, step)]


def _behind(builder: Builder, index: Size) -> Size:
    """Return the index after another one; -1 is the last, and the end comes after it."""
    if isinstance(index, int):
        return TO_THE_END if index == -1 else min(index + 1, TO_THE_END)
    is_last = builder.node("Equal", index, builder.integers(-1))
    following = builder.node("Add", index, builder.integers(1))
    return builder.node("Where", is_last, builder.integers(TO_THE_END), following)


@writes("ReverseV2", "Reverse")
def reverse(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    given = operation.constant(1, "its axis").ravel().tolist()
    axes = given if operation.op == "ReverseV2" else [k for k, on in enumerate(given) if on]
    cuts = [Cut(axis_in(int(axis), tensor.rank, is_first), *BACKWARDS) for axis in axes]
    return ordered(operation, sliced(operation.builder, tensor, cuts), is_first)


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


@writes("Roll")
def roll(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    axes = operation.constant(2, "its axis").ravel().tolist()
    flat = builder.node("Reshape", operation.plain(1), builder.integers(-1))
    for shift, given in zip(elements(operation, flat, len(axes)), axes, strict=True):
        tensor = _rolled(builder, tensor, axis_in(int(given), tensor.rank, is_first), shift)
    return ordered(operation, tensor, is_first)


def _rolled(builder: Builder, tensor: Tensor, axis: int, shift: Size) -> Tensor:
    extent = computed(builder, "Max", extent_of(builder, tensor, axis), 1)
    middle = computed(builder, "Mod", computed(builder, "Sub", 0, shift), extent)
    if middle == 0:
        return tensor
    parts = [
        taken(builder, tensor, axis, middle, TO_THE_END),
        taken(builder, tensor, axis, 0, middle),
    ]
    return builder.node("Concat", *parts, axis=axis)
