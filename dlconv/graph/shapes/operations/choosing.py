"""Operations that choose elements: gathers, the largest, boxes that stay, those that are set."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import axis_of, same, unknown, with_extent
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static


@gives_shape("Gather")
def _gather(static: Static, node: NodeDef) -> Shape:
    return _gathered(static.shape(node, 0), static.shape(node, 1), 0, 0)


@gives_shape("GatherV2")
def _gather_along(static: Static, node: NodeDef) -> Shape:
    return _gathered(
        static.shape(node, 0),
        static.shape(node, 1),
        static.whole(node, 2),
        attribute(node, "batch_dims").i,
    )


def _gathered(shape: Shape, indices: Shape, axis: int | None, batch_dims: int) -> Shape:
    if shape is None or indices is None:
        return None
    batch = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    if axis is None:
        return unknown(len(shape) + len(indices) - 1 - batch)
    at = axis_of(axis, len(shape))
    return (*shape[:at], *indices[batch:], *shape[at + 1 :])


@gives_shape("GatherNd")
def _gather_nd(static: Static, node: NodeDef) -> Shape:
    shape, indices = static.shape(node, 0), static.shape(node, 1)
    if shape is None or not indices or not isinstance(indices[-1], int):
        return None
    return (*indices[:-1], *shape[indices[-1] :])


@gives_shapes("TopKV2")
def _top_k(static: Static, node: NodeDef) -> Sequence[Shape]:
    value = static.value(node, 1)
    return _top(static.shape(node, 0), None if value is None else value.item())


@gives_shapes("TopK")
def _top_k_stated(static: Static, node: NodeDef) -> Sequence[Shape]:
    return _top(static.shape(node, 0), attribute(node, "k").i)


def _top(shape: Shape, count: Extent) -> Sequence[Shape]:
    chosen = None if shape is None else with_extent(shape, -1, count)
    return chosen, chosen


@gives_shape("NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 ListDiff")
def _some(static: Static, node: NodeDef) -> Shape:
    return (None,)


@gives_shapes("NonMaxSuppressionV4")
def _some_boxes(static: Static, node: NodeDef) -> Sequence[Shape]:
    return (_boxes(static, node), ())


@gives_shapes("NonMaxSuppressionV5")
def _some_boxes_and_scores(static: Static, node: NodeDef) -> Sequence[Shape]:
    return (_boxes(static, node), _boxes(static, node), ())


def _boxes(static: Static, node: NodeDef) -> Shape:
    is_padded = attribute(node, "pad_to_max_output_size").b
    return (static.whole(node, 2) if is_padded else None,)


@gives_shape("Where")
def _where(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    return (None, None if shape is None else len(shape))


@gives_shapes("Unique UniqueWithCounts")
def _unique(static: Static, node: NodeDef) -> Sequence[Shape]:
    shape = static.shape(node, 0)
    return (None,), (shape or (None,)), (None,)


@gives_shapes("UniqueV2 UniqueWithCountsV2")
def _unique_along(static: Static, node: NodeDef) -> Sequence[Shape]:
    """One axis, or an empty list of them for a vector."""
    shape, axes = static.shape(node, 0), static.whole_value(node, 1)
    if shape is None:
        return None, (None,), (None,)
    if axes is None:
        return unknown(len(shape)), (None,), (None,)
    axis = int(axes.item()) if axes.size else 0
    return with_extent(shape, axis, None), (shape[axis_of(axis, len(shape))],), (None,)


@gives_shape("LowerBound UpperBound")
def _bound(static: Static, node: NodeDef) -> Shape:
    return static.shape(node, 1)


@gives_shapes("CombinedNonMaxSuppression")
def _combined_boxes(static: Static, node: NodeDef) -> Sequence[Shape]:
    boxes, scores = static.shape(node, 0), static.shape(node, 1)
    batch = same(shape[0] for shape in (boxes, scores) if shape)
    count = None if attribute(node, "pad_per_class").b else static.whole(node, 3)
    return (batch, count, 4), (batch, count), (batch, count), (batch,)
