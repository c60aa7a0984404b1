"""Operations on values of equal or broadcast shapes: what an op without a maker gets."""

from collections.abc import Sequence

import numpy as np

from dlconv.graph.tensors import dtype_name
from dlconv.verify.conformance.draw import (
    EMPTY,
    LARGE,
    NOT_FINITE,
    TYPES,
    Draw,
    Input,
    NoCaseError,
)

RANKS = (4, 0, 1, 2, 3, 5, 6)
EXTENTS = (2, 3, 4, 5, 2, 3)
# Where an operation is defined, as the least of its values.
LEAST = {"Log": 0.1, "Log1p": -0.9, "Sqrt": 0.0, "Rsqrt": 0.1, "Acosh": 1.01, "Lgamma": 0.1}
WITHIN_ONE = frozenset({"Acos", "Asin", "Atanh", "Erfinv"})
FROM_THE_LEAST = frozenset({"Abs", "Neg", "SquaredDifference", "Sub"})
DIVISIONS = frozenset(
    {"Div", "RealDiv", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod", "Inv"}
)


def elementwise(draw: Draw) -> Sequence[Input]:
    """Make values of equal or broadcast shapes, as many as the op takes."""
    rank = draw.pick("rank", *RANKS)
    arguments = draw.definition.input_arg
    if not arguments:
        raise NoCaseError
    draw.edges(NOT_FINITE, LARGE, EMPTY)
    draw.is_wide = True
    found: list[np.ndarray] = []
    for argument in arguments:
        if argument.type_list_attr:
            raise NoCaseError
        dtype = draw.dtype(argument.type_attr) if argument.type_attr else _own(argument.type)
        count = draw.attribute(argument.number_attr, 2, 1, 3) if argument.number_attr else 1
        for _ in range(count):
            shape = _shape(draw, rank, len(found))
            found.append(_values(draw, dtype, shape, len(found)))
    return [Input(value, False) for value in found]


def _own(data_type: int) -> np.dtype:
    name = dtype_name(data_type)
    if name not in TYPES:
        raise NoCaseError
    return np.dtype(name)


def _shape(draw: Draw, rank: int, index: int) -> list[int]:
    shape = list(EXTENTS[:rank])
    if index == 0 or draw.definition.input_arg[0].number_attr:
        return shape
    kind = draw.pick("second", "same", "scalar", "row", "column", "longer")
    if kind == "scalar":
        return []
    if kind == "row":
        return shape[-1:]
    if kind == "column" and shape:
        return [*shape[:-1], 1]
    return [2, *shape] if kind == "longer" and rank < 6 else shape


def _values(draw: Draw, dtype: np.dtype, shape: list[int], index: int) -> np.ndarray:
    op = draw.definition.name
    values = draw.values(dtype, shape, LEAST.get(op, -9))
    if op in WITHIN_ONE:
        values = np.clip(values / 8, -1, 1).astype(dtype)
    if dtype.kind in "iu" and dtype.itemsize <= 2 and values.size and op != "Pow":
        # Whatever the rank, one result does not fit.
        limits = np.iinfo(dtype)
        values = np.array(values)
        values.flat[0] = limits.min if op in FROM_THE_LEAST and index == 0 else limits.max
    if op == "Pow" and dtype.kind in "iu":
        values = np.abs(values % 4).astype(dtype) if index else values
    elif op == "Pow":
        values = np.abs(values) if index == 0 else values
    if op in DIVISIONS and (index or op == "Inv") and dtype.kind in "iu":
        values = np.where(values == 0, 3, values).astype(dtype)
    return values
