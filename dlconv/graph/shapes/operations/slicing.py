"""Parts of tensors: slices, strided slices, splits."""

from collections.abc import Sequence

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import (
    divided,
    divided_up,
    subtract,
    total,
    unknown,
    with_extent,
    without_axes,
)
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static
from dlconv.graph.shapes.strides import Axis, New, One, read_spec

# More parts than this have no node each that reads them.
MOST_OUTPUTS = 1024


@gives_shape("Slice")
def _slice(static: Static, node: NodeDef) -> Shape:
    begin, sizes = static.value(node, 1), static.value(node, 2)
    shape = static.shape(node, 0) or _lengths(static, node)
    if shape is None:
        return None
    rank = len(shape)
    begins = [None] * rank if begin is None else begin
    asked = [None] * rank if sizes is None else sizes
    return tuple(_cut(*axis) for axis in zip(shape, begins, asked, strict=True))


def _lengths(static: Static, node: NodeDef) -> Shape:
    """Return a shape of as many axes as a slice names."""
    known = [shape[0] for shape in (static.shape(node, 1), static.shape(node, 2)) if shape]
    return next((unknown(rank) for rank in known if isinstance(rank, int)), None)


def _cut(extent: Extent, begin: Extent, size: Extent) -> Extent:
    return subtract(extent, begin) if size == -1 else size


@gives_shape("StridedSlice")
def _strided_slice(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    if shape is None:
        return None
    extents: list[Extent] = []
    for part, axis in read_spec(static, node, len(shape)):
        if isinstance(part, New):
            extents.append(1)
        elif not isinstance(part, One):
            extents.append(_strided(shape[axis], part))
    return tuple(extents)


def _strided(extent: Extent, part: Axis) -> Extent:
    """Return how many elements a slice takes of an axis."""
    step = part.step
    if step is None:
        return None
    is_from_end = step < 0
    takes_start = part.begin is None or (part.begin == 0 and not is_from_end)
    takes_end = part.end is None or (part.end == extent and not is_from_end)
    if takes_start and takes_end:
        return divided_up(extent, abs(step))
    bounds = [part.begin, part.end]
    if not isinstance(extent, int) or not all(b is None or isinstance(b, int) for b in bounds):
        return None
    return len(range(*slice(part.begin, part.end, step).indices(extent)))


@gives_shapes("Split")
def _split(static: Static, node: NodeDef) -> Sequence[Shape]:
    shape, axis, count = static.shape(node, 1), static.whole(node, 0), _count(node, "num_split")
    if shape is None or axis is None:
        return [None if shape is None else unknown(len(shape))] * count
    return [with_extent(shape, axis, divided(shape[axis], count))] * count


@gives_shapes("SplitV")
def _split_by_sizes(static: Static, node: NodeDef) -> Sequence[Shape]:
    shape, axis, count = static.shape(node, 0), static.whole(node, 2), _count(node, "num_split")
    if shape is None or axis is None:
        return [None if shape is None else unknown(len(shape))] * count
    sizes = split_sizes(static.value(node, 1), shape[axis], count)
    return [with_extent(shape, axis, size) for size in sizes]


def split_sizes(value: np.ndarray | None, extent: Extent, count: int) -> Sequence[Extent]:
    """Return the extents that an axis is split into; one of them may stand for the rest."""
    if value is None or len(value) != count:
        return [None] * count
    sizes = list(value)
    rest = subtract(extent, total(size for size in sizes if size != -1))
    return [rest if size == -1 else size for size in sizes]


@gives_shapes("Unpack")
def _unpack(static: Static, node: NodeDef) -> Sequence[Shape]:
    shape, count = static.shape(node, 0), _count(node, "num")
    if shape is None:
        return [None] * count
    return [without_axes(shape, [attribute(node, "axis").i])] * count


def _count(node: NodeDef, key: str) -> int:
    """Return the number of a node's outputs. Raises ValueError for more than one may read."""
    count = int(attribute(node, key).i)
    if not 0 <= count <= MOST_OUTPUTS:
        raise ValueError(f"{node.name} has {count} outputs")
    return count
