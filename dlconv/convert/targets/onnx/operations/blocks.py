"""Blocks of pixels moved to the batch or to the channels, and back."""

import math
from collections.abc import Sequence

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    at_hand,
    axis_in,
    computed,
    elements,
    extent_of,
    ordered,
    padded,
    reshape,
    taken,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value


@writes("SpaceToBatchND", "SpaceToBatch")
def space_to_batch(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    block_of, pads = _blocks(operation, tensor.rank, is_first)
    tensor = padded(builder, tensor, [pads.get(axis, (0, 0)) for axis in range(tensor.rank)])
    result = [extent_of(builder, tensor, axis) for axis in range(tensor.rank)]
    split: list[Size] = []
    rest, within = [], {}
    for axis, size in enumerate(result):
        rest.append(len(split))
        split.append(size)
        if axis in block_of:
            within[axis] = len(split)
            result[axis] = split[-1] = computed(builder, "Div", size, block_of[axis])
            split.append(block_of[axis])
    blocks = reshape(builder, tensor, _with_rest(split))
    moved = builder.transposed(blocks, [*(within[axis] for axis in block_of), *rest])
    result[0] = computed(builder, "Mul", result[0], math.prod(block_of.values()))
    return ordered(operation, reshape(builder, moved, _with_rest(result)), is_first)


@writes("BatchToSpaceND", "BatchToSpace")
def batch_to_space(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    block_of, crops = _blocks(operation, tensor.rank, is_first)
    result = [extent_of(builder, tensor, axis) for axis in range(tensor.rank)]
    result[0] = computed(builder, "Div", result[0], math.prod(block_of.values()))
    blocks = reshape(builder, tensor, _with_rest([*block_of.values(), *result]))
    order = []
    for axis in range(tensor.rank):
        order.append(len(block_of) + axis)
        if axis in block_of:
            order.append([*block_of].index(axis))
            result[axis] = computed(builder, "Mul", result[axis], block_of[axis])
    joined = reshape(builder, builder.transposed(blocks, order), _with_rest(result))
    for axis, (start, end) in crops.items():
        if start != 0 or end != 0:
            last = computed(builder, "Sub", result[axis], end)
            joined = taken(builder, joined, axis, start, last)
    return ordered(operation, joined, is_first)


def _blocks(
    operation: Operation, rank: int, is_first: bool
) -> tuple[dict[int, int], dict[int, tuple[Size, Size]]]:
    """Return the extent of a block along each axis that has any, and the pads or crops there."""
    if operation.op.endswith("ND"):
        blocks, amounts_at = operation.constant(1, "its block").ravel().tolist(), 2
    else:
        blocks, amounts_at = [operation.integer("block_size")] * 2, 1
    axes = [axis_in(1 + k, rank, is_first) for k in range(len(blocks))]
    pairs = _pairs(operation, amounts_at, len(blocks))
    return dict(zip(axes, blocks, strict=True)), dict(zip(axes, pairs, strict=True))


def _pairs(operation: Operation, index: int, count: int) -> list[tuple[Size, Size]]:
    """Return the pads or crops of each axis."""
    builder = operation.builder
    flat = reshape(builder, builder.cast(operation.plain(index), "int64"), [2 * count])
    found = elements(operation, flat, 2 * count)
    return list(zip(found[::2], found[1::2], strict=True))


def _with_rest(sizes: Sequence[Size]) -> list[Size]:
    """Return sizes with -1 for one that is not known, if it is the only one."""
    unknown = [k for k, size in enumerate(sizes) if not isinstance(size, int)]
    if len(unknown) == 1 and 0 not in [size for size in sizes if isinstance(size, int)]:
        return [-1 if k in unknown else size for k, size in enumerate(sizes)]
    return list(sizes)


def _image(operation: Operation) -> Tensor:
    """Return the image with channels first."""
    order = operation.text("data_format")
    if order not in ("NHWC", "NCHW"):
        raise operation.refused(f"its channels are {order}")
    return operation.image()


@writes("DepthToSpace")
def depth_to_space(operation: Operation) -> Value:
    image, block, builder = _image(operation), operation.integer("block_size"), operation.builder
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
    image, block, builder = _image(operation), operation.integer("block_size"), operation.builder
    if image.dtype == "float32":
        return operation.of_image(builder.node("SpaceToDepth", image, blocksize=block))
    batch, channels, height, width = (extent_of(builder, image, k) for k in range(4))
    low, narrow = (computed(builder, "Div", size, block) for size in (height, width))
    split = reshape(builder, image, _with_rest([batch, channels, low, block, narrow, block]))
    moved = builder.transposed(split, (0, 3, 5, 1, 2, 4))
    depth = computed(builder, "Mul", channels, block * block)
    return operation.of_image(reshape(builder, moved, _with_rest([batch, depth, low, narrow])))
