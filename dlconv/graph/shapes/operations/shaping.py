"""Operations that move axes: the elements stay, in another shape or order, or repeated."""

from collections import Counter

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import add, as_shape, divided, multiply, unknown, without_axes
from dlconv.graph.shapes.operations.sources import stated
from dlconv.graph.shapes.rules import gives_shape
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import stored_name


@gives_shape("Reshape")
def _reshape(static: Static, node: NodeDef) -> Shape:
    target = as_shape(static.value(node, 1))
    if target is None or -1 not in target:
        return stated(static, node, 1) if target is None else target
    others = [extent for extent in target if extent != -1]
    rest = _quotient(static.shape(node, 0), others)
    return tuple(rest if extent == -1 else extent for extent in target)


def _quotient(shape: Shape, others: list[Extent]) -> Extent:
    """Return how often the product of ``others`` goes into that of a shape."""
    if shape is None or None in shape or None in others or 0 in others:
        return None
    if 0 in shape:
        return 0
    above, below = Counter(map(str, _symbols(shape))), Counter(map(str, _symbols(others)))
    left = list((above - below).elements())
    number = divided(_number(shape), _number(others))
    if below - above or len(left) > 1:
        return None
    return multiply(left[0], number) if left else number


def _symbols(extents: "list[Extent] | tuple[Extent, ...]") -> list[Extent]:
    return [extent for extent in extents if isinstance(extent, str)]


def _number(extents: "list[Extent] | tuple[Extent, ...]") -> int:
    numbers = [extent for extent in extents if isinstance(extent, int)]
    return int(np.prod(numbers, dtype=object)) if numbers else 1


@gives_shape("Squeeze")
def _squeeze(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    axes = list(attribute(node, "squeeze_dims").list.i)
    if shape is None or not (axes or all(isinstance(extent, int) for extent in shape)):
        return None
    return without_axes(shape, axes or [axis for axis, e in enumerate(shape) if e == 1])


@gives_shape("ExpandDims")
def _expand_dims(static: Static, node: NodeDef) -> Shape:
    shape, axis = static.shape(node, 0), static.whole(node, 1)
    if shape is None:
        return None
    if axis is None:
        return unknown(len(shape) + 1)
    at = axis % (len(shape) + 1)
    return (*shape[:at], 1, *shape[at:])


@gives_shape("Transpose")
def _transpose(static: Static, node: NodeDef) -> Shape:
    shape, perm = static.shape(node, 0), static.whole_value(node, 1)
    if perm is None:
        rank = static.shape(node, 1)
        return unknown(len(shape)) if shape is not None else unknown(rank[0]) if rank else None
    axes = [int(axis) % len(perm) for axis in perm]
    if shape is None:
        return unknown(len(axes))
    if sorted(axes) != list(range(len(shape))):
        return None
    return tuple(shape[axis] for axis in axes)


@gives_shape("Tile")
def _tile(static: Static, node: NodeDef) -> Shape:
    shape, counts = static.shape(node, 0), static.value(node, 1)
    if counts is None:
        return unknown(len(shape)) if shape is not None else stated(static, node, 1)
    if shape is None:
        return unknown(len(counts))
    return tuple(multiply(extent, count) for extent, count in zip(shape, counts, strict=True))


@gives_shape("Bitcast")
def _bitcast(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    before, after = (
        np.dtype(stored_name(attribute(node, key).type)).itemsize for key in ("T", "type")
    )
    if shape is None:
        return None
    if before == after:
        return shape
    return (*shape, before // after) if before > after else shape[:-1]


@gives_shape("MatrixDiag MatrixDiagV2 MatrixDiagV3")
def _matrix_diag(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    if shape is None:
        return None
    if node.op == "MatrixDiag":
        return (*shape, shape[-1])
    return _diagonal_by_values(static, node, shape)


def _diagonal_by_values(static: Static, node: NodeDef, shape: tuple[Extent, ...]) -> Shape:
    """Return the shape of matrices whose diagonals are given, with one or a range of them."""
    band, rows, columns = (static.whole(node, index) for index in (1, 2, 3))
    if band is None:
        return None
    if rows != -1 or columns != -1:
        return (*shape[:-1], None, None)
    size: Extent = add(shape[-1], abs(band))
    return (*shape[:-1], size, size)
