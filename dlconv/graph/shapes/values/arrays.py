"""Object arrays of operands, as the rules make them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.extents import count_of
from dlconv.graph.shapes.rules import MOST_VALUES, Value
from dlconv.graph.shapes.static import Static


def objects(items: Sequence[object], shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of operands, any of them, in this shape."""
    array = np.empty(len(items), object)
    array[:] = items
    return array.reshape(shape)


def mapped(function: Callable[[Any], Any], value: Value) -> Value:
    """Return what a function makes of each operand."""
    if value is None:
        return None
    return objects([function(item) for item in value.ravel()], value.shape)


def small(shape: Shape) -> tuple[int, ...] | None:
    """Return a shape if all of it is known and it is small enough for shape arithmetic."""
    count = count_of(shape)
    if shape is None or count is None or count > MOST_VALUES:
        return None
    return tuple(extent for extent in shape if isinstance(extent, int))


def is_small(shape: Shape) -> bool:
    """Tell whether an array of this shape is part of shape arithmetic."""
    return small(shape) is not None


def value_or_unknowns(static: Static, node: NodeDef, index: int) -> Value:
    """Return an input's value, one of unknown elements where only its shape is known."""
    value = static.value(node, index)
    if value is not None:
        return value
    shape = small(static.shape(node, index))
    return None if shape is None else np.full(shape, None, object)
