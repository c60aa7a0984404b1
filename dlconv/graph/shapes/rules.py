"""The rules of operations: what a node tells of the shapes and the values of what it gives.

A rule is a function of what is known so far and a node, registered by the names of the ops that it
is for, with spaces between them. It may fail on inputs that do not fit the op: nothing is known
then.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.by_op import registers
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.static import Static

# Larger values are not part of shape arithmetic.
MOST_VALUES = 64

Value = np.ndarray | None
T = TypeVar("T")
Rule = Callable[[Static, NodeDef], T]

_shapes: dict[str, Rule[Sequence[Shape]]] = {}
_values: dict[str, Rule[Sequence[Value]]] = {}


def gives_shape(ops: str) -> Callable[[Rule[Shape]], Rule[Shape]]:
    """Register what operations of one output, or of which only the first is known, give."""

    def register(rule: Rule[Shape]) -> Rule[Shape]:
        registers(_shapes, ops.split())(lambda static, node: (rule(static, node),))
        return rule

    return register


def gives_shapes(ops: str) -> Callable[[Rule[Sequence[Shape]]], Rule[Sequence[Shape]]]:
    """Register what operations of several outputs give."""
    return registers(_shapes, ops.split())


def gives_value(ops: str) -> Callable[[Rule[Value]], Rule[Value]]:
    """Register what operations compute of extents: the value of their first output."""

    def register(rule: Rule[Value]) -> Rule[Value]:
        registers(_values, ops.split())(lambda static, node: (rule(static, node),))
        return rule

    return register


def gives_values(ops: str) -> Callable[[Rule[Sequence[Value]]], Rule[Sequence[Value]]]:
    """Register what operations of several outputs compute of extents."""
    return registers(_values, ops.split())


def shapes_of(static: Static, node: NodeDef) -> Sequence[Shape]:
    """Return the shapes of a node's outputs, as far as its rule knows them."""
    return _tried(_shapes.get(node.op), static, node)


def values_of(static: Static, node: NodeDef) -> Sequence[Value]:
    """Return the values of a node's outputs, as far as its rule knows them."""
    return _tried(_values.get(node.op), static, node)


def known_operations() -> frozenset[str]:
    """Return the ops whose shapes have a rule."""
    return frozenset(_shapes)


def _tried(rule: Rule[Sequence[T]] | None, static: Static, node: NodeDef) -> Sequence[T]:
    if rule is None:
        return ()
    try:
        return rule(static, node)
    except (DlconvError, ArithmeticError, IndexError, TypeError, ValueError):
        return ()  # the inputs do not fit the op
