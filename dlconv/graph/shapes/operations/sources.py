"""Operations that make tensors of a shape that they are told: inputs, constants, fills, ranges."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import as_shape, unknown, with_symbols
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import extents_of, shape_of

# Older versions of TensorFlow wrote a placeholder of any shape as they wrote a scalar
# (tensorflow/core/ops/array_ops.cc).
SCALARS_ARE_STATED_SINCE = 22


@gives_shape("Placeholder")
def _placeholder(static: Static, node: NodeDef) -> Shape:
    shape = attribute(node, "shape").shape
    if shape.unknown_rank:
        return None
    if not shape.dim and static.graph.versions.producer < SCALARS_ARE_STATED_SINCE:
        return None
    return with_symbols(node.name, extents_of(shape))


@gives_shape("PlaceholderWithDefault")
def _placeholder_with_default(static: Static, node: NodeDef) -> Shape:
    return with_symbols(node.name, extents_of(attribute(node, "shape").shape))


@gives_shape("Const _EagerConst")
def _const(static: Static, node: NodeDef) -> Shape:
    return shape_of(attribute(node, "value").tensor)


def stated(static: Static, node: NodeDef, index: int) -> Shape:
    """Return the shape that an input states, its rank at least if that is known."""
    shape = as_shape(static.value(node, index))
    if shape is not None:
        return tuple(None if extent == -1 else extent for extent in shape)
    length = static.shape(node, index)
    return unknown(length[0]) if length else None


@gives_shape(
    "Empty Fill ParameterizedTruncatedNormal RandomStandardNormal RandomUniform RandomUniformInt"
    " StatelessRandomNormal StatelessRandomUniform TruncatedNormal"
)
def _fill(static: Static, node: NodeDef) -> Shape:
    return stated(static, node, 0)


@gives_shape("BroadcastTo SparseToDense")
def _by_the_second(static: Static, node: NodeDef) -> Shape:
    return stated(static, node, 1)


@gives_shape("ScatterNd")
def _scatter(static: Static, node: NodeDef) -> Shape:
    return stated(static, node, 2)


@gives_shape("Range")
def _range(static: Static, node: NodeDef) -> Shape:
    start, limit, delta = (stated_size(static, node, index) for index in range(3))
    if start == 0 and delta == 1 and isinstance(limit, str):
        return (limit,)
    if not all(isinstance(item, int) for item in (start, limit, delta)):
        return (None,)
    return (len(range(start, limit, delta)),)  # type: ignore[arg-type]


@gives_shape("LinSpace")
def _lin_space(static: Static, node: NodeDef) -> Shape:
    return (stated_size(static, node, 2),)


@gives_shape("Multinomial")
def _multinomial(static: Static, node: NodeDef) -> Shape:
    logits = static.shape(node, 0)
    return (None if logits is None else logits[0], stated_size(static, node, 1))


@gives_shape("OneHot")
def _one_hot(static: Static, node: NodeDef) -> Shape:
    indices = static.shape(node, 0)
    if indices is None:
        return None
    axis = attribute(node, "axis").i
    at = len(indices) if axis == -1 else axis
    return (*indices[:at], stated_size(static, node, 1), *indices[at:])


@gives_shape("Shape")
def _shape(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    return (None if shape is None else len(shape),)


@gives_shapes("ShapeN")
def _shape_n(static: Static, node: NodeDef) -> Sequence[Shape]:
    shapes = (static.shape(node, index) for index in range(len(static.graph.sources(node))))
    return [(None if shape is None else len(shape),) for shape in shapes]


@gives_shape(
    "L2Loss LookupTableSize LookupTableSizeV2 Rank Size TensorArraySizeV3 TensorListLength"
    " TensorArrayScatterV3 TensorArraySplitV3 TensorArrayWriteV3"
)
def _scalar_output(static: Static, node: NodeDef) -> Shape:
    return ()


@gives_shape("Bincount")
def _bincount(static: Static, node: NodeDef) -> Shape:
    return (stated_size(static, node, 1),)


@gives_shape("DenseBincount")
def _dense_bincount(static: Static, node: NodeDef) -> Shape:
    values = static.shape(node, 0)
    return None if values is None else (*values[:-1], stated_size(static, node, 1))


def stated_size(static: Static, node: NodeDef, index: int) -> Extent:
    """Return what an input is if it is one size or its symbol."""
    value = static.value(node, index)
    item = value.item() if value is not None and value.size == 1 else None
    return None if isinstance(item, float) else item
