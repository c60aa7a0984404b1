"""Tensors padded: with a value, or with what they hold near their edges."""

from dlconv.convert.targets.axes import to_first
from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    BACKWARDS,
    TO_THE_END,
    Size,
    at_hand,
    computed,
    elements,
    extent_of,
    ordered,
    padded,
    taken,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value


@writes("Pad", "PadV2")
def pad(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    value = operation.plain(2) if operation.op == "PadV2" else None
    amounts = _amounts(operation, tensor.rank, is_first)
    return ordered(operation, padded(operation.builder, tensor, amounts, value), is_first)


@writes("MirrorPad")
def mirror_pad(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    amounts = _amounts(operation, tensor.rank, is_first)
    if operation.text("mode") == "REFLECT":
        return ordered(operation, padded(builder, tensor, amounts, mode="reflect"), is_first)
    for axis, (before, behind) in enumerate(amounts):
        tensor = _symmetric(builder, tensor, axis, before, behind)
    return ordered(operation, tensor, is_first)


def _amounts(operation: Operation, rank: int, is_first: bool) -> list[tuple[Size, Size]]:
    """Return how much is added before and behind each axis, in the order of axes at hand."""
    builder = operation.builder
    flat = builder.node("Reshape", operation.plain(1), builder.integers(-1))
    found = elements(operation, flat, 2 * rank)
    pairs = list(zip(found[::2], found[1::2], strict=True))
    return [pairs[axis] for axis in to_first(rank)] if is_first else pairs


def _symmetric(builder: Builder, tensor: Tensor, axis: int, before: Size, behind: Size) -> Tensor:
    parts = [tensor]
    if before != 0:
        start = taken(builder, tensor, axis, 0, before)
        parts.insert(0, _mirrored(builder, start, axis))
    if behind != 0:
        from_there = computed(builder, "Sub", extent_of(builder, tensor, axis), behind)
        end = taken(builder, tensor, axis, from_there, TO_THE_END)
        parts.append(_mirrored(builder, end, axis))
    return tensor if len(parts) == 1 else builder.node("Concat", *parts, axis=axis)


def _mirrored(builder: Builder, tensor: Tensor, axis: int) -> Tensor:
    return taken(builder, tensor, axis, *BACKWARDS)
