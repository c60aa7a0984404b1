"""Operations that make one element of all those along some axes."""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.extents import axis_of, count_of, unknown, without_axes
from dlconv.graph.shapes.operations.sources import stated_size
from dlconv.graph.shapes.rules import gives_shape
from dlconv.graph.shapes.static import Static


@gives_shape("All Any EuclideanNorm Max Mean Min Prod Sum")
def _reduce(static: Static, node: NodeDef) -> Shape:
    shape, value = static.shape(node, 0), static.whole_value(node, 1)
    is_kept = attribute(node, "keep_dims").b
    if shape is None:
        return None
    if value is None:
        gone = 0 if is_kept else count_of(static.shape(node, 1))
        return None if gone is None else unknown(len(shape) - gone)
    axes = {axis_of(int(axis), len(shape)) for axis in value.ravel()}
    if is_kept:
        return tuple(1 if axis in axes else extent for axis, extent in enumerate(shape))
    return without_axes(shape, axes)


@gives_shape("ArgMax ArgMin")
def _arg(static: Static, node: NodeDef) -> Shape:
    shape, axis = static.shape(node, 0), static.whole(node, 1)
    if not shape:
        return None
    return unknown(len(shape) - 1) if axis is None else without_axes(shape, [axis])


@gives_shape("UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum")
def _unsorted_segments(static: Static, node: NodeDef) -> Shape:
    data, segments = static.shape(node, 0), static.shape(node, 1)
    if data is None or segments is None:
        return None
    return (stated_size(static, node, 2), *data[len(segments) :])


@gives_shape("SparseSegmentMean SparseSegmentSum")
def _segments(static: Static, node: NodeDef) -> Shape:
    data = static.shape(node, 0)
    return None if data is None else (None, *data[1:])
