"""Blocks of pixels moved to the batch or to the channels, and back."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    at_hand,
    axis_in,
    computed,
    extent_of,
    ordered,
    reshape,
    taken,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value


@writes("SpaceToBatchND", "SpaceToBatch")
def space_to_batch(operation: Operation) -> Value:
    builder = operation.builder
    blocks, pads_at = _blocks(operation)
    tensor, is_first = at_hand(operation.ranked(0))
    rank = tensor.rank
    axes = [axis_in(1 + k, rank, is_first) for k in range(len(blocks))]
    pads = _pairs(operation, pads_at, len(blocks))
    amounts: list[list[Size]] = [[0, 0] for _ in range(rank)]
    for axis, pair in zip(axes, pads, strict=True):
        amounts[axis] = list(pair)
    tensor = _padded(operation, tensor, amounts)
    sizes = [extent_of(builder, tensor, axis) for axis in range(rank)]
    split: list[Size] = []
    order_inner, order_blocks = [], []
    for axis in range(rank):
        if axis in axes:
            block = blocks[axes.index(axis)]
            order_inner.append(len(split))
            order_blocks.append((axes.index(axis), len(split) + 1))
            split += [computed(builder, "Div", sizes[axis], block), block]
        else:
            order_inner.append(len(split))
            split.append(sizes[axis])
    split = _with_rest(split)
    moved = builder.transposed(
        reshape(builder, tensor, split), [*(at for _, at in sorted(order_blocks)), *order_inner]
    )
    result = [
        computed(builder, "Div", size, blocks[axes.index(axis)]) if axis in axes else size
        for axis, size in enumerate(sizes)
    ]
    result[0] = computed(builder, "Mul", result[0], int(np.prod(blocks)))
    return ordered(operation, reshape(builder, moved, _with_rest(result)), is_first)


@writes("BatchToSpaceND", "BatchToSpace")
def batch_to_space(operation: Operation) -> Value:
    builder = operation.builder
    blocks, crops_at = _blocks(operation)
    tensor, is_first = at_hand(operation.ranked(0))
    rank = tensor.rank
    axes = [axis_in(1 + k, rank, is_first) for k in range(len(blocks))]
    sizes = [extent_of(builder, tensor, axis) for axis in range(rank)]
    batch = computed(builder, "Div", sizes[0], int(np.prod(blocks)))
    split = reshape(builder, tensor, _with_rest([*blocks, batch, *sizes[1:]]))
    order = [len(blocks)]
    for axis in range(1, rank):
        order.append(len(blocks) + axis)
        if axis in axes:
            order.append(axes.index(axis))
    moved = builder.transposed(split, order)
    result = [
        computed(builder, "Mul", size, blocks[axes.index(axis)]) if axis in axes else size
        for axis, size in enumerate(sizes)
    ]
    made = reshape(builder, moved, _with_rest([batch, *result[1:]]))
    for axis, (start, end) in zip(axes, _pairs(operation, crops_at, len(blocks)), strict=True):
        if start == 0 and end == 0:
            continue
        last = computed(builder, "Sub", result[axis], end)
        made = taken(builder, made, axis, start, last)
    return ordered(operation, made, is_first)


def _blocks(operation: Operation) -> tuple[list[int], int]:
    """Return the extents of a block, and at which input its pads or crops are."""
    if operation.op.endswith("ND"):
        return [int(b) for b in operation.constant(1, "its block").ravel()], 2
    return [operation.integer("block_size")] * 2, 1


def _pairs(operation: Operation, index: int, count: int) -> list[tuple[Size, Size]]:
    """Return the pads or crops of each axis."""
    builder = operation.builder
    flat = reshape(builder, builder.cast(operation.plain(index), "int64"), [2 * count])
    found: list[Size] = []
    for k in range(2 * count):
        each = builder.node("Gather", flat, builder.integers(k), axis=0)
        found.append(each if each.value is None else int(each.value[0]))
    return list(zip(found[::2], found[1::2], strict=True))


def _padded(operation: Operation, tensor: Tensor, amounts: Sequence[Sequence[Size]]) -> Tensor:
    from dlconv.convert.targets.onnx.snippets import padded

    pairs: list[tuple[Size, Size]] = [(each[0], each[1]) for each in amounts]
    return padded(operation.builder, tensor, pairs)


def _with_rest(sizes: Sequence[Size]) -> list[Size]:
    """Return sizes with -1 for one that is not known, if it is the only one."""
    unknown = [k for k, size in enumerate(sizes) if not isinstance(size, int)]
    if len(unknown) == 1 and 0 not in [size for size in sizes if isinstance(size, int)]:
        return [-1 if k in unknown else size for k, size in enumerate(sizes)]
    return list(sizes)


@writes("DepthToSpace")
def depth_to_space(operation: Operation) -> Value:
    image, block, builder = operation.image(), operation.integer("block_size"), operation.builder
    if image.dtype == "float32":
        return operation.of_image(builder.node("DepthToSpace", image, blocksize=block, mode="DCR"))
    batch, channels, height, width = (extent_of(builder, image, k) for k in range(4))
    depth = computed(builder, "Div", channels, block * block)
    split = reshape(builder, image, _with_rest([batch, block, block, depth, height, width]))
    moved = builder.transposed(split, (0, 3, 4, 1, 5, 2))
    tall, wide = (computed(builder, "Mul", size, block) for size in (height, width))
    return operation.of_image(reshape(builder, moved, _with_rest([batch, depth, tall, wide])))


@writes("SpaceToDepth")
def space_to_depth(operation: Operation) -> Value:
    image, block, builder = operation.image(), operation.integer("block_size"), operation.builder
    if image.dtype == "float32":
        return operation.of_image(builder.node("SpaceToDepth", image, blocksize=block))
    batch, channels, height, width = (extent_of(builder, image, k) for k in range(4))
    low, narrow = (computed(builder, "Div", size, block) for size in (height, width))
    split = reshape(builder, image, _with_rest([batch, channels, low, block, narrow, block]))
    moved = builder.transposed(split, (0, 3, 5, 1, 2, 4))
    depth = computed(builder, "Mul", channels, block * block)
    return operation.of_image(reshape(builder, moved, _with_rest([batch, depth, low, narrow])))
