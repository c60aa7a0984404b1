"""Blocks of pixels moved to the channels or to the batch, and back."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import (
    Size,
    computed,
    extents,
    reshaped,
    transposed,
    vector,
)
from dlconv.convert.targets.lower.windows import padded


def _image(operation: Operation) -> list[Size]:
    if operation.text("data_format") != "NHWC":
        raise operation.refused("its channels are not last")
    return extents(operation, 0)


@lowers("DepthToSpace")
def _depth_to_space(operation: Operation) -> str:
    batch, height, width, channels = _image(operation)
    block, dtype = operation.attribute("block_size").i, operation.dtype()
    if not isinstance(channels, int):
        raise operation.refused("its number of channels is not known")
    depth = channels // block**2
    split = [batch, height, width, block, block, depth]
    apart = reshaped(operation, operation.inputs[0], split, dtype)
    moved = transposed(operation, apart, (0, 1, 3, 2, 4, 5), dtype)
    tall, wide = (computed(operation, "Mul", size, block) for size in (height, width))
    return reshaped(operation, moved, [batch, tall, wide, depth], dtype)


@lowers("SpaceToDepth")
def _space_to_depth(operation: Operation) -> str:
    batch, height, width, channels = _image(operation)
    block, dtype = operation.attribute("block_size").i, operation.dtype()
    low, narrow = (computed(operation, "FloorDiv", size, block) for size in (height, width))
    split = [batch, low, block, narrow, block, channels]
    apart = reshaped(operation, operation.inputs[0], split, dtype)
    moved = transposed(operation, apart, (0, 1, 3, 2, 4, 5), dtype)
    depth = computed(operation, "Mul", channels, block**2)
    return reshaped(operation, moved, [batch, low, narrow, depth], dtype)


@lowers("SpaceToBatch", "BatchToSpace")
def _square_blocks(operation: Operation) -> str:
    """They are those of any number of axes, with one size for both of an image."""
    image, amounts = operation.inputs
    block = operation.const([operation.attribute("block_size").i] * 2, np.int32)
    amounts_type = "Tpaddings" if operation.op == "SpaceToBatch" else "Tcrops"
    given = "Tpaddings" if operation.op == "SpaceToBatch" else "Tidx"
    types = {"Tblock_shape": np.dtype(np.int32), amounts_type: operation.dtype(given)}
    op = f"{operation.op}ND"
    return operation.add(op, image, block, amounts, T=operation.dtype(), **types)


@lowers("SpaceToBatchND")
def _space_to_batch(operation: Operation) -> str:
    """Move the blocks of one axis after another, the last one first, to the front of the batch."""
    blocks, amounts = _blocks_and_amounts(operation)
    dtype, sizes = operation.dtype(), extents(operation, 0)
    pads = [(0, 0), *amounts, *[(0, 0)] * (len(sizes) - len(amounts) - 1)]
    tensor = padded(operation, operation.inputs[0], pads, 0, dtype)
    for axis, pair in enumerate(pads):
        for amount in pair:
            sizes[axis] = computed(operation, "AddV2", sizes[axis], amount)
    for axis, block in reversed([*enumerate(blocks, start=1)]):
        if block > 1:
            sizes[axis] = computed(operation, "FloorDiv", sizes[axis], block)
            parts = _parts(operation, sizes, axis)
            apart = [sizes[0], *parts[:2], block, parts[2]]
            tensor = reshaped(operation, tensor, apart, dtype)
            tensor = transposed(operation, tensor, (3, 0, 1, 2, 4), dtype)
            sizes[0] = computed(operation, "Mul", sizes[0], block)
            tensor = reshaped(operation, tensor, sizes, dtype)
    return tensor


@lowers("BatchToSpaceND")
def _batch_to_space(operation: Operation) -> str:
    """Move them back, then cut what lay around."""
    blocks, amounts = _blocks_and_amounts(operation)
    dtype, sizes, tensor = operation.dtype(), extents(operation, 0), operation.inputs[0]
    for axis, block in enumerate(blocks, start=1):
        if block > 1:
            sizes[0] = computed(operation, "FloorDiv", sizes[0], block)
            apart = [block, sizes[0], *_parts(operation, sizes, axis)]
            tensor = reshaped(operation, tensor, apart, dtype)
            tensor = transposed(operation, tensor, (1, 2, 3, 0, 4), dtype)
            sizes[axis] = computed(operation, "Mul", sizes[axis], block)
            tensor = reshaped(operation, tensor, sizes, dtype)
    begin = [0] * len(sizes)
    for axis, (before, behind) in enumerate(amounts, start=1):
        begin[axis] = before
        sizes[axis] = computed(operation, "Sub", sizes[axis], before + behind)
    start, size = operation.const(begin, np.int32), vector(operation, sizes)
    return operation.add("Slice", tensor, start, size, T=dtype, Index=np.int32)


def _blocks_and_amounts(operation: Operation) -> tuple[list[int], list[tuple[int, int]]]:
    blocks = operation.constant(1, "the size of its blocks").tolist()
    amounts = operation.constant(2, "what it adds or cuts").tolist()
    return blocks, [(before, behind) for before, behind in amounts]


def _parts(operation: Operation, sizes: Sequence[Size], axis: int) -> list[Size]:
    """Return how many elements lie before an axis in an image, its own size, and behind it."""
    before: Size = 1
    behind: Size = 1
    for size in sizes[1:axis]:
        before = computed(operation, "Mul", before, size)
    for size in sizes[axis + 1 :]:
        behind = computed(operation, "Mul", behind, size)
    return [before, sizes[axis], behind]
