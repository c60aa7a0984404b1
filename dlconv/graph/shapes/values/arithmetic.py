"""Arithmetic on values: what nodes compute of numbers, element by element or over axes."""

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.shapes.extents import add, is_number, maximum, minimum, multiply, subtract
from dlconv.graph.shapes.rules import MOST_VALUES, Value, gives_value
from dlconv.graph.shapes.static import Static
from dlconv.graph.shapes.values.arrays import mapped, objects, small
from dlconv.graph.tensors import dtype_name

Binary = Callable[[Any, Any], Any]
Unary = Callable[[Any], Any]

# The types that values are kept of; what is computed in others is not followed.
TYPES = frozenset({"bool", "float32", "int32", "int64"})


def _floor_divide(a: Any, b: Any) -> Any:
    if not is_number(a) or not is_number(b):
        return a if b == 1 else None
    if b == 0:
        return None
    return a // b if isinstance(a, int) else float(np.floor(np.float32(a) / np.float32(b)))


def _floor_mod(a: Any, b: Any) -> Any:
    if b == 1 and isinstance(a, int | str):
        return 0
    return a % b if isinstance(a, int) and isinstance(b, int) and b else None


def _truncate_mod(a: Any, b: Any) -> Any:
    if not isinstance(a, int) or not isinstance(b, int) or not b:
        return None
    return a - b * _truncate_divide(a, b)


def _divide(a: Any, b: Any) -> Any:
    """Return a / b of floats, whose integers are those that symbols cancelled to."""
    if is_number(a) and is_number(b):
        return a / b if b else None
    return a if b == 1 else None


def _truncate_divide(a: Any, b: Any) -> Any:
    if not isinstance(a, int) or not isinstance(b, int):
        return a if isinstance(a, str) and b == 1 else None
    if not b:
        return None
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _squared_difference(a: Any, b: Any) -> Any:
    difference = subtract(a, b)
    return difference * difference if isinstance(difference, int) else None


def _fitted(value: Any, data_type: str) -> Any:
    """Return a result as its type holds it: a rounded float32, None for integers that wrap."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        with np.errstate(over="ignore"):
            return float(np.float32(value))
    bits = 63 if data_type == "int64" else 31
    fits = not isinstance(value, int) or -(2**bits) <= value < 2**bits
    return value if fits else None


def _type_of(node: NodeDef, key: str = "T") -> str:
    """Return the type of a node's elements. Raises ValueError for one that is not followed."""
    name = dtype_name(attribute(node, key).type)
    if name not in TYPES:
        raise ValueError(f"values of {name} are not followed")
    return name


def _binary(ops: str, of: Binary) -> None:
    """Register operations that combine two values and give their type."""

    @gives_value(ops)
    def rule(static: Static, node: NodeDef) -> Value:
        data_type = _type_of(node)
        return _combined(static, node, lambda a, b: _fitted(of(a, b), data_type))


def _comparison(op: str, of: Binary) -> None:
    """Register an operation that tells something of two values."""

    def compare(a: Any, b: Any) -> Any:
        if is_number(a) and is_number(b):
            return bool(of(a, b))
        return of(0, 0) if isinstance(a, str) and a == b else None

    @gives_value(op)
    def rule(static: Static, node: NodeDef) -> Value:
        return _combined(static, node, compare)


def _logical(op: str, of: Binary) -> None:
    """Register an operation of two truths."""

    @gives_value(op)
    def rule(static: Static, node: NodeDef) -> Value:
        return _combined(static, node, of)


def _combined(static: Static, node: NodeDef, combine: Binary) -> Value:
    first, second = static.value(node, 0), static.value(node, 1)
    if first is None or second is None or first.size * second.size > MOST_VALUES**2:
        return None
    a, b = np.broadcast_arrays(first, second)
    if a.size > MOST_VALUES:
        return None
    return objects([combine(x, y) for x, y in zip(a.ravel(), b.ravel(), strict=True)], a.shape)


def _unary(op: str, of: Unary) -> None:
    """Register an operation of one value; ``of`` is asked for what symbols give, too."""

    @gives_value(op)
    def rule(static: Static, node: NodeDef) -> Value:
        data_type = _type_of(node)
        return mapped(lambda item: _fitted(of(item), data_type), static.value(node, 0))


def _of_numbers(of: Unary) -> Unary:
    return lambda item: of(item) if is_number(item) else None


def _whole(of: Unary) -> Unary:
    """Return what a rounding gives: symbols, which are whole, stay."""
    return lambda item: float(of(item)) if isinstance(item, float) else item


_binary("Add AddV2", add)
_binary("Sub", subtract)
_binary("Mul", multiply)
_binary("Maximum", maximum)
_binary("Minimum", minimum)
_binary("FloorDiv", _floor_divide)
_binary("FloorMod", _floor_mod)
_binary("Mod TruncateMod", _truncate_mod)
_binary("RealDiv", _divide)
_binary("TruncateDiv", _truncate_divide)
_binary("SquaredDifference", _squared_difference)

_comparison("Equal", lambda a, b: a == b)
_comparison("NotEqual", lambda a, b: a != b)
_comparison("Less", lambda a, b: a < b)
_comparison("LessEqual", lambda a, b: a <= b)
_comparison("Greater", lambda a, b: a > b)
_comparison("GreaterEqual", lambda a, b: a >= b)

_unary("Abs", lambda item: abs(item) if is_number(item) else item)
_unary("Ceil", _whole(math.ceil))
_unary("Floor", _whole(math.floor))
_unary("Neg", _of_numbers(lambda item: -item))
_unary("Rint", _whole(round))
_unary("Round", _whole(round))
_unary("Square", _of_numbers(lambda item: item * item))


def _and(a: Any, b: Any) -> Any:
    if a is False or b is False:
        return False
    return True if a is True and b is True else None


def _or(a: Any, b: Any) -> Any:
    if a is True or b is True:
        return True
    return False if a is False and b is False else None


_logical("LogicalAnd", _and)
_logical("LogicalOr", _or)


@gives_value("LogicalNot")
def _not(static: Static, node: NodeDef) -> Value:
    return mapped(lambda item: not item if isinstance(item, bool) else None, static.value(node, 0))


@gives_value("AddN")
def _sum_of_all(static: Static, node: NodeDef) -> Value:
    values = [static.value(node, index) for index in range(len(static.graph.sources(node)))]
    if _type_of(node) == "float32" or len(values) > MOST_VALUES:
        return None  # nothing says in which order it adds
    columns = zip(*(value.ravel() for value in values if value is not None), strict=True)
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    sums = [_fitted(reduce(add, column), _type_of(node)) for column in columns]
    return objects(sums, known[0].shape)


@gives_value("Cast")
def _cast(static: Static, node: NodeDef) -> Value:
    target = _type_of(node, "DstT")
    convert: Unary = {"bool": bool, "float32": float}.get(target, int)

    def converted(item: Any) -> Any:
        if is_number(item):
            return _fitted(convert(item), target)
        return None if target == "bool" else item

    return mapped(converted, static.value(node, 0))


def _reduction(op: str, of: Binary, first: object) -> None:
    """Register an operation that combines the elements along some axes."""

    @gives_value(op)
    def rule(static: Static, node: NodeDef) -> Value:
        value, axes = static.value(node, 0), static.whole_value(node, 1)
        is_of_truths = isinstance(first, bool)
        data_type = "bool" if is_of_truths else _type_of(node)
        if value is None or axes is None or (data_type == "float32" and op in ("Prod", "Sum")):
            return None
        gone = [int(axis) for axis in axes.ravel()]
        moved = np.moveaxis(value, gone, range(len(gone)))
        kept = moved.shape[len(gone) :]
        rows = moved.reshape(-1, math.prod(kept))
        start = [] if first is None else [first]
        results = [_fitted(reduce(of, [*start, *column]), data_type) for column in rows.T]
        shape = small(static.shapes[node.name])
        return None if shape is None else objects(results, shape)


_reduction("All", _and, True)
_reduction("Any", _or, False)
_reduction("Max", maximum, None)
_reduction("Min", minimum, None)
_reduction("Prod", multiply, 1)
_reduction("Sum", add, 0)
