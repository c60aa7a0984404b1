"""Operations that read: images from files, and what queues and iterators hold."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.operations.sources import stated_size
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import extents_of


@gives_shape("DecodeAndCropJpeg DecodeBmp DecodeImage DecodeJpeg DecodePng")
def _decoded(static: Static, node: NodeDef) -> Shape:
    """One image; the file tells how many channels it has where the node says 0."""
    if attribute(node, "expand_animations").b:
        return None
    return (None, None, attribute(node, "channels").i or None)


@gives_shape("DecodeGif")
def _frames(static: Static, node: NodeDef) -> Shape:
    return (None, None, None, 3)


@gives_shapes("IteratorGetNext IteratorGetNextSync")
def _next(static: Static, node: NodeDef) -> Sequence[Shape]:
    return [extents_of(shape) for shape in attribute(node, "output_shapes").list.shape]


@gives_shapes("QueueDequeue QueueDequeueV2")
def _dequeued(static: Static, node: NodeDef) -> Sequence[Shape]:
    queue = static.graph.producer(node, 0)
    return [extents_of(shape) for shape in attribute(queue, "shapes").list.shape]


@gives_shapes("QueueDequeueMany QueueDequeueManyV2")
def _dequeued_together(static: Static, node: NodeDef) -> Sequence[Shape]:
    return _of_each(_dequeued(static, node), stated_size(static, node, 1))


@gives_shapes("QueueDequeueUpTo QueueDequeueUpToV2")
def _dequeued_at_most(static: Static, node: NodeDef) -> Sequence[Shape]:
    return _of_each(_dequeued(static, node), None)


def _of_each(shapes: Sequence[Shape], count: Extent) -> Sequence[Shape]:
    return [None if shape is None else (count, *shape) for shape in shapes]
