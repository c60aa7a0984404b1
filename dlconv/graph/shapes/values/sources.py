"""Where values come from: constants, the shapes of tensors, fills and ranges."""

from collections.abc import Sequence

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.extents import product
from dlconv.graph.shapes.rules import Value, gives_value, gives_values
from dlconv.graph.shapes.static import Static
from dlconv.graph.shapes.values.arithmetic import TYPES
from dlconv.graph.shapes.values.arrays import is_small, objects, small
from dlconv.graph.tensors import array_of, dtype_name


@gives_value("Const _EagerConst")
def _const(static: Static, node: NodeDef) -> Value:
    tensor = attribute(node, "value").tensor
    if dtype_name(tensor.dtype) not in TYPES or not is_small(static.shapes[node.name]):
        return None
    return array_of(tensor).astype(object)


@gives_value("Shape")
def _shape(static: Static, node: NodeDef) -> Value:
    return _vector(static.shape(node, 0))


@gives_values("ShapeN")
def _shapes(static: Static, node: NodeDef) -> Sequence[Value]:
    count = len(static.graph.sources(node))
    return [_vector(static.shape(node, index)) for index in range(count)]


def _vector(shape: Shape) -> Value:
    return None if shape is None else objects(shape, (len(shape),))


@gives_value("Rank")
def _rank(static: Static, node: NodeDef) -> Value:
    shape = static.shape(node, 0)
    return None if shape is None else np.array(len(shape), object)


@gives_value("Size")
def _size(static: Static, node: NodeDef) -> Value:
    shape = static.shape(node, 0)
    return None if shape is None else np.array(product(shape), object)


@gives_value("Fill")
def _fill(static: Static, node: NodeDef) -> Value:
    return _full(static, node, static.value(node, 1))


@gives_value("ZerosLike")
def _zeros(static: Static, node: NodeDef) -> Value:
    return _filled(static, node, 0)


@gives_value("OnesLike")
def _ones(static: Static, node: NodeDef) -> Value:
    return _filled(static, node, 1)


def _filled(static: Static, node: NodeDef, number: int) -> Value:
    name = dtype_name(attribute(node, "T").type)
    if name not in TYPES:
        return None
    converted = np.dtype(name).type(number).item()
    return _full(static, node, np.array(converted, object))


def _full(static: Static, node: NodeDef, value: Value) -> Value:
    shape = small(static.shapes[node.name])
    return None if value is None or shape is None else np.full(shape, value.item(), object)


@gives_value("Range")
def _range(static: Static, node: NodeDef) -> Value:
    start, limit, delta = (static.whole(node, index) for index in range(3))
    if start is None or limit is None or delta is None or not is_small(static.shapes[node.name]):
        return None
    items = range(start, limit, delta)
    return objects(items, (len(items),))
