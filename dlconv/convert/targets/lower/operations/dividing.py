"""Division and its rest.

TF.js divides integers as floats and rounds down, where TensorFlow's Div, TruncateDiv, Mod and
TruncateMod round towards zero. Its FloorMod of integers is exact on all backends, so quotients are
made of that: a - FloorMod(a, b) is a multiple of b, and dividing it as floats is off by less than
one half as long as the quotient is below 2^22; what is then left over is divided once more.
"""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.lower.arithmetic import (
    FLOAT32,
    INT32,
    NARROW,
    cast,
    pointwise,
    scalar,
    size,
    wrapped,
)
from dlconv.convert.targets.lower.operation import Operation, lowers


@lowers("FloorDiv")
def _floor_div(operation: Operation) -> str:
    dtype = operation.dtype()
    one, other = operation.inputs
    if dtype.kind == "f":
        divided = pointwise(operation, "RealDiv", one, other, dtype=dtype)
        return pointwise(operation, "Floor", divided, dtype=dtype)
    one, other = (cast(operation, value, dtype, INT32) for value in (one, other))
    rest = pointwise(operation, "FloorMod", one, other)
    return _back(operation, _quotient(operation, one, other, rest), dtype)


@lowers("TruncateDiv", "Div")
def _truncate_div(operation: Operation) -> str:
    dtype = operation.dtype()
    if dtype.kind == "f":
        return _divided_floats(operation)
    one, other = (cast(operation, value, dtype, INT32) for value in operation.inputs)
    rest = _truncated_rest(operation, one, other, INT32)
    return _back(operation, _quotient(operation, one, other, rest), dtype)


def _divided_floats(operation: Operation) -> str:
    dtype = operation.dtype()
    exact = pointwise(operation, "RealDiv", *operation.inputs, dtype=dtype)
    if operation.op == "Div":
        return exact
    whole = pointwise(
        operation, "Floor", pointwise(operation, "Abs", exact, dtype=dtype), dtype=dtype
    )
    return pointwise(
        operation, "Mul", pointwise(operation, "Sign", exact, dtype=dtype), whole, dtype=dtype
    )


@lowers("TruncateMod", "Mod")
def _truncate_mod(operation: Operation) -> str:
    dtype = operation.dtype()
    held = INT32 if dtype.kind in "iu" else dtype
    one, other = (cast(operation, value, dtype, held) for value in operation.inputs)
    return _back(operation, _truncated_rest(operation, one, other, held), dtype)


def _quotient(operation: Operation, one: str, other: str, rest: str) -> str:
    """Return how often ``other`` is in ``one`` without the rest, a multiple of it."""
    multiple = pointwise(operation, "Sub", one, rest)
    first = _divided(operation, multiple, other)
    done = pointwise(operation, "Mul", first, other)
    left = pointwise(operation, "Sub", multiple, done)
    return pointwise(operation, "AddV2", first, _divided(operation, left, other))


def _divided(operation: Operation, one: str, other: str) -> str:
    floats = [cast(operation, value, INT32, FLOAT32) for value in (one, other)]
    divided = pointwise(operation, "RealDiv", *floats, dtype=FLOAT32)
    return cast(operation, pointwise(operation, "Round", divided, dtype=FLOAT32), FLOAT32, INT32)


def _truncated_rest(operation: Operation, one: str, other: str, dtype: np.dtype) -> str:
    """Return the rest that has the sign of ``one``."""
    sizes = [size(operation, value, dtype) for value in (one, other)]
    rest = pointwise(operation, "FloorMod", *sizes, dtype=dtype)
    sign = pointwise(operation, "Sign", one, dtype=dtype)
    return pointwise(operation, "Mul", rest, sign, dtype=dtype)


def _back(operation: Operation, value: str, dtype: np.dtype) -> str:
    if dtype in NARROW:
        return wrapped(operation, value, dtype)
    return cast(operation, value, INT32, dtype) if dtype.kind in "iu" else value


@lowers("Mean")
def _mean(operation: Operation) -> str:
    """Divide the sum of integers by their number, rounded towards zero, as TensorFlow does."""
    dtype = operation.dtype()
    values, axes = operation.inputs
    if dtype.kind == "f":
        over = operation.const(operation.constant(1, "its axis").ravel(), INT32)
        return operation.again(values, over, Tidx=INT32)
    held = cast(operation, values, dtype, INT32)
    total = operation.again(held, axes, T=INT32)
    operation.added[-1].op = "Sum"
    counts = [operation.add("Size", value, T=INT32, out_type=INT32) for value in (held, total)]
    number = _divided(operation, *counts)
    rest = _truncated_rest(operation, total, number, INT32)
    return _back(operation, _quotient(operation, total, number, rest), dtype)


@lowers("DivNoNan")
def _div_no_nan(operation: Operation) -> str:
    return _where_zero(operation, operation.inputs[1], "RealDiv", operation.inputs)


@lowers("Xdivy")
def _xdivy(operation: Operation) -> str:
    return _where_zero(operation, operation.inputs[0], "RealDiv", operation.inputs)


@lowers("MulNoNan")
def _mul_no_nan(operation: Operation) -> str:
    return _where_zero(operation, operation.inputs[1], "Mul", operation.inputs)


@lowers("Xlogy", "Xlog1py")
def _xlogy(operation: Operation) -> str:
    one, other = operation.inputs
    logarithm = pointwise(
        operation, "Log" if operation.op == "Xlogy" else "Log1p", other, dtype=operation.dtype()
    )
    return _where_zero(operation, one, "Mul", [one, logarithm])


def _where_zero(operation: Operation, value: str, op: str, inputs: Sequence[str]) -> str:
    """Return zero where a value is zero, whatever the operation gives there."""
    dtype = operation.dtype()
    zero = scalar(operation, 0, dtype)
    is_zero = pointwise(operation, "Equal", value, zero, dtype=dtype)
    computed = pointwise(operation, op, *inputs, dtype=dtype)
    return pointwise(operation, "SelectV2", is_zero, zero, computed, dtype=dtype)
