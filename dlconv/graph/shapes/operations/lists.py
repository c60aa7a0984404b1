"""Lists of tensors, which loops of detection networks and text read and write."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.operations.sources import stated
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import extents_of


@gives_shapes("TensorArrayV3")
def _array(static: Static, node: NodeDef) -> Sequence[Shape]:
    return (2,), ()


@gives_shape("TensorArrayGatherV3")
def _gather(static: Static, node: NodeDef) -> Shape:
    indices, element = static.shape(node, 1), extents_of(attribute(node, "element_shape").shape)
    return None if indices is None or element is None else (indices[0], *element)


@gives_shape(
    "EmptyTensorList TensorListFromTensor TensorListPushBack TensorListReserve TensorListResize"
    " TensorListScatter TensorListScatterV2 TensorListSetItem TensorListSplit"
)
def _list(static: Static, node: NodeDef) -> Shape:
    return ()


@gives_shape("TensorListGetItem")
def _item(static: Static, node: NodeDef) -> Shape:
    return stated(static, node, 2)


@gives_shape("TensorListStack")
def _stack(static: Static, node: NodeDef) -> Shape:
    element, count = stated(static, node, 1), attribute(node, "num_elements").i
    return None if element is None else (None if count == -1 else count, *element)
