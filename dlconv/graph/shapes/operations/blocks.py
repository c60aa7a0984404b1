"""Blocks of pixels that become channels or images of a batch, and padding."""

from collections.abc import Callable, Sequence

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import add, divided, multiply, subtract, total, unknown
from dlconv.graph.shapes.rules import gives_shape
from dlconv.graph.shapes.static import Static


@gives_shape("MirrorPad Pad PadV2")
def _pad(static: Static, node: NodeDef) -> Shape:
    shape, paddings = static.shape(node, 0), static.value(node, 1)
    if shape is None:
        pairs = static.shape(node, 1)
        shape = unknown(pairs[0]) if pairs else None
    if shape is None or paddings is None:
        return unknown(len(shape)) if shape is not None else None
    return tuple(
        add(add(extent, pads[0]), pads[1]) for extent, pads in zip(shape, paddings, strict=True)
    )


def _to_batch(extent: Extent, pads: Sequence[Extent], block: int) -> Extent:
    padded: Extent = add(extent, total(pads))
    return divided(padded, block)


def _from_batch(extent: Extent, crops: Sequence[Extent], block: int) -> Extent:
    left: Extent = subtract(multiply(extent, block), total(crops))
    return left


@gives_shape("SpaceToBatchND")
def _space_to_batch_nd(static: Static, node: NodeDef) -> Shape:
    return _moved(static.shape(node, 0), _blocks(static, node), static.value(node, 2), _to_batch)


@gives_shape("BatchToSpaceND")
def _batch_to_space_nd(static: Static, node: NodeDef) -> Shape:
    return _moved(static.shape(node, 0), _blocks(static, node), static.value(node, 2), _from_batch)


@gives_shape("SpaceToBatch")
def _space_to_batch(static: Static, node: NodeDef) -> Shape:
    blocks = [attribute(node, "block_size").i] * 2
    return _moved(static.shape(node, 0) or (None,) * 4, blocks, static.value(node, 1), _to_batch)


@gives_shape("BatchToSpace")
def _batch_to_space(static: Static, node: NodeDef) -> Shape:
    blocks = [attribute(node, "block_size").i] * 2
    return _moved(static.shape(node, 0) or (None,) * 4, blocks, static.value(node, 1), _from_batch)


def _blocks(static: Static, node: NodeDef) -> list[int] | None:
    blocks = static.whole_value(node, 1)
    return None if blocks is None else [int(block) for block in blocks]


def _moved(
    shape: Shape,
    blocks: Sequence[int] | None,
    edges: np.ndarray | None,
    extent_of: Callable[[Extent, Sequence[Extent], int], Extent],
) -> Shape:
    """Return a shape after blocks went between the axes behind the first one and the batch."""
    if shape is None or blocks is None:
        return None if shape is None else unknown(len(shape))
    behind = 1 + len(blocks)
    pairs = [(None, None)] * len(blocks) if edges is None else edges
    spatial = [
        extent_of(extent, pair, block)
        for extent, pair, block in zip(shape[1:behind], pairs, blocks, strict=True)
    ]
    count = int(np.prod(blocks))
    batch = multiply(shape[0], count) if extent_of is _to_batch else divided(shape[0], count)
    return (batch, *spatial, *shape[behind:])


@gives_shape("SpaceToDepth")
def _space_to_depth(static: Static, node: NodeDef) -> Shape:
    size = attribute(node, "block_size").i
    return _by_depth(
        static, node, lambda extent: divided(extent, size), lambda c: multiply(c, size * size)
    )


@gives_shape("DepthToSpace")
def _depth_to_space(static: Static, node: NodeDef) -> Shape:
    size = attribute(node, "block_size").i
    return _by_depth(
        static, node, lambda extent: multiply(extent, size), lambda c: divided(c, size * size)
    )


def _by_depth(
    static: Static,
    node: NodeDef,
    extent_of: Callable[[Extent], Extent],
    channels_of: Callable[[Extent], Extent],
) -> Shape:
    order = attribute(node, "data_format").s
    if order == b"NCHW_VECT_C":
        return (None,) * 5
    shape = static.shape(node, 0) or (None,) * 4
    channels = 1 if order == b"NCHW" else 3
    return tuple(
        extent if not axis else (channels_of if axis == channels else extent_of)(extent)
        for axis, extent in enumerate(shape)
    )
