"""Operations that join tensors: concatenations, stacks, and those that put parts into another."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import axis_of, same, same_shape, total, unknown
from dlconv.graph.shapes.rules import gives_shape
from dlconv.graph.shapes.static import Static


@gives_shape("ConcatV2")
def _concat(static: Static, node: NodeDef) -> Shape:
    count = len(static.graph.sources(node)) - 1
    shapes = [static.shape(node, index) for index in range(count)]
    return _joined(shapes, static.whole(node, count))


@gives_shape("Concat")
def _concat_by_the_first(static: Static, node: NodeDef) -> Shape:
    count = len(static.graph.sources(node))
    shapes = [static.shape(node, index) for index in range(1, count)]
    return _joined(shapes, static.whole(node, 0))


def _joined(shapes: Sequence[Shape], axis: int | None) -> Shape:
    known = [shape for shape in shapes if shape is not None]
    if not known or axis is None:
        return unknown(len(known[0])) if known else None
    at = axis_of(axis, len(known[0]))
    extents: list[Extent] = [same(across) for across in zip(*known, strict=True)]
    along = [shape[at] for shape in known]
    extents[at] = total(along) if len(known) == len(shapes) else None
    return tuple(extents)


@gives_shape("Pack")
def _pack(static: Static, node: NodeDef) -> Shape:
    count = len(static.graph.sources(node))
    part = same_shape(*(static.shape(node, index) for index in range(count)))
    if part is None:
        return None
    at = axis_of(attribute(node, "axis").i, len(part) + 1)
    return (*part[:at], count, *part[at:])


@gives_shape("DynamicStitch ParallelDynamicStitch")
def _stitch(static: Static, node: NodeDef) -> Shape:
    count = len(static.graph.sources(node)) // 2
    for index in range(count):
        indices, data = static.shape(node, index), static.shape(node, count + index)
        if indices is not None and data is not None:
            return (_rows(static, node, count), *data[len(indices) :])
    return None


def _rows(static: Static, node: NodeDef, count: int) -> Extent:
    """Return how many rows are put together: one more than the largest index."""
    indices = [static.whole_value(node, index) for index in range(count)]
    known = [value for value in indices if value is not None]
    if len(known) < count:
        return None
    return 1 + max((int(item) for value in known for item in value.ravel()), default=-1)
