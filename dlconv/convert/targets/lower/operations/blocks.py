"""Blocks of pixels moved to the channels or to the batch, and back."""

import numpy as np

from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import Size, computed, extents, reshaped, transposed


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


@lowers("SpaceToBatchND", "BatchToSpaceND")
def _blocks(operation: Operation) -> str:
    """Without any blocks it is what it reads, which TF.js fails at."""
    if operation.shape(1) == (0,):
        return operation.add("Identity", operation.inputs[0], T=operation.dtype())
    return operation.again(*operation.inputs)
