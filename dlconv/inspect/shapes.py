"""Static shapes of the tensors in a graph, as far as its ops and constants tell.

Each node's first output gets a shape: a tuple in which None stands for an extent that varies with
the input, or None in place of the tuple where even the rank is unknown. No shape is ever guessed.
"""

from collections.abc import Callable

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.inspect.graph import Graph
from dlconv.inspect.tensors import shape_of

Shape = tuple[int | None, ...] | None
Shapes = dict[str, Shape]


def infer_shapes(graph: Graph) -> Shapes:
    """Return the static shape of every node's first output."""
    shapes: Shapes = {}
    for node in graph.order:
        shapes[node.name] = _shape_of(graph, node, shapes)
    return shapes


def _shape_of(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    if node.op not in _RULES:
        return None
    try:
        return _RULES[node.op](graph, node, shapes)
    except (DlconvError, IndexError, TypeError, ValueError):  # inputs that do not fit the op
        return None


def _of_input(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    return shapes.get(graph.producer(node, 0).name)


def _placeholder(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    shape = node.attr["shape"].shape
    if "shape" not in node.attr or shape.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in shape.dim)


def _const(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    return shape_of(node.attr["value"].tensor)


def _slice(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    begin = graph.constant(graph.producer(node, 1))
    sizes = graph.producer(node, 2)
    if begin is None:
        return None
    if sizes.op == "Pack":
        return tuple(_extent(graph, graph.producer(sizes, i)) for i in range(len(begin)))
    constant = graph.constant(sizes)
    if constant is None:
        return (None,) * len(begin)
    return tuple(int(size) if size >= 0 else None for size in constant)


def _extent(graph: Graph, node: NodeDef) -> int | None:
    value = graph.constant(node)
    return int(value) if value is not None and value >= 0 else None


def _squeeze(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    shape = _of_input(graph, node, shapes)
    axes = list(node.attr["squeeze_dims"].list.i)
    if shape is None or not axes:
        return None
    gone = {axis % len(shape) for axis in axes}
    return tuple(extent for axis, extent in enumerate(shape) if axis not in gone)


def _expand_dims(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    shape = _of_input(graph, node, shapes)
    axis = graph.constant(graph.producer(node, 1))
    if shape is None or axis is None:
        return None
    at = int(axis) % (len(shape) + 1)
    return (*shape[:at], 1, *shape[at:])


def _arg_max(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    shape = _of_input(graph, node, shapes)
    axis = graph.constant(graph.producer(node, 1))
    if not shape or axis is None:
        return None
    at = int(axis) % len(shape)
    return shape[:at] + shape[at + 1 :]


def _resize(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    batch, _, _, channels = _of_input(graph, node, shapes) or (None,) * 4
    size = graph.constant(graph.producer(node, 1))
    height, width = (None, None) if size is None else (int(size[0]), int(size[1]))
    return (batch, height, width, channels)


def _conv(graph: Graph, node: NodeDef, shapes: Shapes) -> Shape:
    batch, *_ = _of_input(graph, node, shapes) or (None,)
    kernel = graph.constant(graph.producer(node, 1))
    return (batch, None, None, None if kernel is None else int(kernel.shape[3]))


_RULES: dict[str, Callable[[Graph, NodeDef, Shapes], Shape]] = {
    "ArgMax": _arg_max,
    "BiasAdd": _of_input,
    "Cast": _of_input,
    "Const": _const,
    "Conv2D": _conv,
    "ExpandDims": _expand_dims,
    "FusedBatchNorm": _of_input,
    "FusedBatchNormV2": _of_input,
    "FusedBatchNormV3": _of_input,
    "Identity": _of_input,
    "Placeholder": _placeholder,
    "Relu": _of_input,
    "Relu6": _of_input,
    "ResizeBilinear": _resize,
    "ResizeNearestNeighbor": _resize,
    "Slice": _slice,
    "Softmax": _of_input,
    "Squeeze": _squeeze,
}
