"""Arithmetic of narrow integers, which TF.js does in int32: what wraps in TensorFlow has to here.

Sums, differences and products of the lowest bits are the lowest bits of sums, differences and
products, so int32 may overflow on the way.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dlconv.convert.targets.lower.arithmetic import (
    INT32,
    NARROW,
    cast,
    negative,
    pointwise,
    size,
    wrapped,
)
from dlconv.convert.targets.lower.operation import Operation, lowers


@lowers("Neg")
def _neg(operation: Operation) -> str:
    return _of_one(operation, negative)


@lowers("Abs")
def _abs(operation: Operation) -> str:
    return _of_one(operation, size)


def _of_one(operation: Operation, compute: Callable[[Operation, str, np.dtype], str]) -> str:
    dtype = operation.dtype()
    if dtype.kind != "i":
        raise operation.refused(f"{operation.holder} computes something else in {dtype}")
    value = compute(operation, cast(operation, operation.inputs[0], dtype, INT32), INT32)
    if dtype in NARROW:
        return wrapped(operation, value, dtype)
    return cast(operation, value, INT32, dtype)


@lowers("Add", "AddV2", "Sub", "Mul", "AddN")
def _arithmetic(operation: Operation) -> str:
    return _in_int32(operation, operation.inputs)


@lowers("Square", "SquaredDifference")
def _squared(operation: Operation) -> str:
    """Multiply, which TF.js's cpu backend does with integers; it squares them as floats."""
    dtype = operation.dtype()
    if dtype.kind not in "iu":
        raise operation.refused(f"{operation.holder} computes something else in {dtype}")
    value, *others = (cast(operation, each, dtype, INT32) for each in operation.inputs)
    for other in others:
        value = pointwise(operation, "Sub", value, other)
    product = pointwise(operation, "Mul", value, value)
    if dtype in NARROW:
        return wrapped(operation, product, dtype)
    return cast(operation, product, INT32, dtype)


@lowers("Sum", "Prod")
def _reduced(operation: Operation) -> str:
    return _in_int32(operation, operation.inputs[:1], operation.inputs[1:])


@lowers("ScatterNd")
def _scattered(operation: Operation) -> str:
    """What has the same place is added up."""
    places, updates, shape = operation.inputs
    dtype = operation.dtype()
    if dtype not in NARROW:
        raise operation.refused(f"{operation.holder} computes something else in {dtype}")
    wide = cast(operation, updates, dtype, INT32)
    return wrapped(operation, operation.again(places, wide, shape, T=INT32), dtype)


def _in_int32(operation: Operation, values: Sequence[str], others: Sequence[str] = ()) -> str:
    dtype = operation.dtype()
    if dtype not in NARROW:
        raise operation.refused(f"{operation.holder} computes something else in {dtype}")
    wide = [cast(operation, value, dtype, INT32) for value in values]
    return wrapped(operation, operation.again(*wide, *others, T=INT32), dtype)
