"""Arithmetic with extents: numbers, symbols that stay where they must be the same, and unknowns.

An operand is what one element of a value may be: a number, a truth, a symbol, or None. A symbol
stands for a size, so it is at least 0.
"""

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from dlconv.graph.graph import MAX_RANK
from dlconv.graph.inferred import Extent, Shape


def is_number(extent: object) -> bool:
    """Tell whether an operand is known."""
    return isinstance(extent, int | float)


def add(a: Any, b: Any) -> Any:
    """Return a + b."""
    if is_number(a) and is_number(b):
        return a + b
    return b if a == 0 else a if b == 0 else None


def subtract(a: Any, b: Any) -> Any:
    """Return a - b."""
    if is_number(a) and is_number(b):
        return a - b
    if isinstance(a, str) and a == b:
        return 0
    return a if b == 0 else None


def multiply(a: Any, b: Any) -> Any:
    """Return a * b."""
    if is_number(a) and is_number(b):
        return a * b
    return b if a == 1 else a if b == 1 else None


def maximum(a: Any, b: Any) -> Any:
    """Return the larger of two."""
    if is_number(a) and is_number(b):
        return max(a, b)
    return a if a == b else None


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller of two."""
    if is_number(a) and is_number(b):
        return min(a, b)
    return a if a == b else None


def total(extents: Iterable[Extent]) -> Extent:
    """Return the sum of extents."""
    return reduce(add, extents, 0)


def product(extents: Iterable[Extent]) -> Extent:
    """Return the product of extents, which is 0 if any of them is."""
    items = list(extents)
    return 0 if 0 in items else reduce(multiply, items, 1)


def divided_up(extent: Extent, by: int) -> Extent:
    """Return how many steps of ``by`` an extent takes."""
    if by == 1:
        return extent
    return -(-extent // by) if isinstance(extent, int) and by > 0 else None


def divided(extent: Extent, by: Extent) -> Extent:
    """Return an extent divided by one that it is a multiple of, None if it is not."""
    if by == 1:
        return extent
    if not isinstance(extent, int) or not isinstance(by, int) or by <= 0 or extent % by:
        return None
    return extent // by


def same(extents: Iterable[Extent]) -> Extent:
    """Return what extents that must be equal are: a number rather than a symbol."""
    known = [extent for extent in extents if extent is not None]
    return next((extent for extent in known if isinstance(extent, int)), next(iter(known), None))


def same_shape(*shapes: Shape) -> Shape:
    """Return what shapes that must be equal are, None if no rank is known or ranks differ."""
    known = [shape for shape in shapes if shape is not None]
    if not known:
        return None
    return tuple(same(extents) for extents in zip(*known, strict=True))


def any_of(*shapes: Shape) -> Shape:
    """Return what is common to shapes of which one is taken."""
    known = [shape for shape in shapes if shape is not None]
    if not known or len(known) < len(shapes) or len({len(shape) for shape in known}) > 1:
        return None
    return tuple(
        extents[0] if len({*extents}) == 1 else None for extents in zip(*known, strict=True)
    )


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that others are broadcast to."""
    known = [shape for shape in shapes if shape is not None]
    if not known or len(known) < len(shapes):
        return None
    rank = max(map(len, known))
    padded = [(1,) * (rank - len(shape)) + shape for shape in known]
    return tuple(reduce(_broadcast_extent, extents) for extents in zip(*padded, strict=True))


def _broadcast_extent(a: Extent, b: Extent) -> Extent:
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    return next((extent for extent in (a, b) if isinstance(extent, int)), None)


def unknown(rank: Extent) -> Shape:
    """Return a shape of so many axes of which no extent is known."""
    return (None,) * rank if isinstance(rank, int) and 0 <= rank <= MAX_RANK else None


def as_shape(value: np.ndarray | None) -> Shape:
    """Return the shape that a vector states; what is no size in it is unknown."""
    if value is None or value.ndim != 1:
        return None
    return tuple(None if isinstance(item, float) else item for item in value)


def without_axes(shape: Sequence[Extent], axes: Iterable[int]) -> tuple[Extent, ...]:
    """Return a shape without some axes, which may be counted from the end."""
    gone = {axis_of(axis, len(shape)) for axis in axes}
    return tuple(extent for axis, extent in enumerate(shape) if axis not in gone)


def with_extent(shape: Sequence[Extent], axis: int, extent: Extent) -> tuple[Extent, ...]:
    """Return a shape with another extent of an axis, which may be counted from the end."""
    at = axis_of(axis, len(shape))
    return (*shape[:at], extent, *shape[at + 1 :])


def axis_of(axis: int, rank: int) -> int:
    """Return an axis counted from the first one. Raises IndexError if there is none."""
    if not -rank <= axis < rank:
        raise IndexError(f"{rank} axes have no axis {axis}")
    return axis % rank


def count_of(shape: Shape) -> int | None:
    """Return the number of elements, None if it is unknown."""
    if shape is None or not all(isinstance(extent, int) for extent in shape):
        return None
    return math.prod(extent for extent in shape if isinstance(extent, int))


def with_symbols(name: str, shape: Shape) -> Shape:
    """Return the shape of a placeholder with symbols for the extents that vary."""
    if shape is None:
        return None
    return tuple(f"{name}[{k}]" if extent is None else extent for k, extent in enumerate(shape))
