"""Choosing between values, one-hot codes and bands of matrices.

TF.js's wasm backend takes a bool for four bytes where it selects, so bools are selected as int32;
OneHot is wrong there for floats, and everywhere along another axis than the last.
"""

import numpy as np

from dlconv.convert.targets.lower.arithmetic import (
    BOOL,
    INT32,
    cast,
    extent,
    is_set,
    pointwise,
    reshaped,
    scalar,
)
from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import counted


@lowers("SelectV2")
def _select(operation: Operation) -> str:
    condition, *values = operation.inputs
    if operation.dtype() != BOOL:
        raise operation.refused(
            f"{operation.holder} selects something else from {operation.dtype()}"
        )
    return _selected_bools(operation, condition, *values)


@lowers("Select")
def _select_rows(operation: Operation) -> str:
    """The condition of the older Select may be a vector for the first axis."""
    condition, one, other = operation.inputs
    rank = operation.rank(1)
    if operation.rank(0) == 1 and rank > 1:
        rows = operation.const([-1, *[1] * (rank - 1)], INT32)
        condition = reshaped(operation, condition, rows, BOOL)
    if operation.dtype() == BOOL:
        return _selected_bools(operation, condition, one, other)
    return pointwise(operation, "SelectV2", condition, one, other, dtype=operation.dtype())


def _selected_bools(operation: Operation, condition: str, *values: str) -> str:
    numbers = [cast(operation, value, BOOL, INT32) for value in values]
    chosen = pointwise(operation, "SelectV2", condition, *numbers)
    return is_set(operation, chosen, INT32)


@lowers("OneHot")
def _one_hot(operation: Operation) -> str:
    indices, depth, on, off = operation.inputs
    axis, dtype = operation.attribute("axis").i, operation.dtype("TI")
    numbers = cast(operation, indices, dtype, INT32)
    codes = counted(operation, depth)
    if axis != -1 and axis < operation.rank(0):
        column = operation.const([-1, *[1] * (operation.rank(0) - axis)], INT32)
        codes = reshaped(operation, codes, column, INT32)
    wide = operation.add("ExpandDims", numbers, operation.const(axis, INT32), T=INT32, Tdim=INT32)
    is_on = pointwise(operation, "Equal", wide, codes)
    if operation.dtype() == BOOL:
        return _selected_bools(operation, is_on, on, off)
    return pointwise(operation, "SelectV2", is_on, on, off, dtype=operation.dtype())


@lowers("MatrixBandPart")
def _band(operation: Operation) -> str:
    """Keep what is near enough to the diagonal; a negative number keeps all on that side."""
    value, dtype = operation.inputs[0], operation.dtype()
    below, above = (int(operation.constant(k, "its band")) for k in (1, 2))
    down = _over(operation, value, dtype)
    inside = pointwise(operation, "Equal", down, down)
    for amount, op in ((below, "LessEqual"), (-above, "GreaterEqual")):
        if (amount if op == "LessEqual" else above) >= 0:
            near = pointwise(operation, op, down, operation.const(amount, INT32))
            inside = operation.add("LogicalAnd", inside, near)
    return _or_zero(operation, inside, value, dtype)


def _over(operation: Operation, matrix: str, dtype: np.dtype) -> str:
    """Return by how much each row of a matrix is below each column."""
    rows, columns = (counted(operation, extent(operation, matrix, k, dtype)) for k in (-2, -1))
    upright = reshaped(operation, rows, operation.const([-1, 1], INT32), INT32)
    return pointwise(operation, "Sub", upright, columns)


def _or_zero(operation: Operation, condition: str, value: str, dtype: np.dtype) -> str:
    if dtype == BOOL:
        return operation.add("LogicalAnd", condition, value)
    zero = scalar(operation, 0, dtype)
    return pointwise(operation, "SelectV2", condition, value, zero, dtype=dtype)


@lowers("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def _diagonal(operation: Operation) -> str:
    """Spread vectors over the main diagonals of square matrices."""
    value, dtype = operation.inputs[0], operation.dtype()
    if operation.op != "MatrixDiag":
        usual = ((1, 0, "its diagonal"), (2, -1, "its rows"), (3, -1, "its columns"))
        if any(operation.constant(k, what).tolist() != number for k, number, what in usual):
            raise operation.refused("it is not the main diagonal of a square matrix")
        if operation.constant(4, "its padding").item() != 0:
            raise operation.refused("it is padded with another number than 0")
    last = operation.const(-1, INT32)
    column = operation.add("ExpandDims", value, last, T=dtype, Tdim=INT32)
    places = counted(operation, extent(operation, value, -1, dtype))
    upright = reshaped(operation, places, operation.const([-1, 1], INT32), INT32)
    is_on = pointwise(operation, "Equal", upright, places)
    return _or_zero(operation, is_on, column, dtype)
