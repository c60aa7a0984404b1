"""Products of matrices that TF.js does not have: integers, two kinds of batches, sums by letter.

TF.js repeats no batch where both factors have several, its wasm backend multiplies floats only, and
has no Einsum.
"""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.lower.arithmetic import (
    INT32,
    cast,
    gathered,
    joined,
    reshaped,
)
from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import transposed


@lowers("MatMul")
def _integer_product(operation: Operation) -> str:
    """Add up what the rows of one give with the columns of the other, in int32."""
    dtype = operation.dtype()
    if dtype.kind != "i":
        raise operation.refused(f"{operation.holder} multiplies something else")
    turned = [operation.attribute(key).b for key in ("transpose_a", "transpose_b")]
    one, other = (
        transposed(operation, cast(operation, value, dtype, INT32), [1, 0], INT32)
        if is_turned
        else cast(operation, value, dtype, INT32)
        for value, is_turned in zip(operation.inputs, turned, strict=True)
    )
    columns = operation.add("ExpandDims", one, operation.const(2, INT32), T=INT32, Tdim=INT32)
    products = operation.add("Mul", columns, other, T=INT32)
    axis = operation.const([1], INT32)
    total = operation.add("Sum", products, axis, T=INT32, Tidx=INT32, keep_dims=False)
    return cast(operation, total, INT32, dtype)


@lowers("BatchMatMulV2")
def _batches(operation: Operation) -> str:
    """Repeat the batches of both factors before they are multiplied."""
    dtype = operation.dtype()
    shapes = [operation.add("Shape", value, T=dtype, out_type=INT32) for value in operation.inputs]
    ranks = [operation.rank(k) for k in (0, 1)]
    if min(ranks) < 3:
        raise operation.refused(f"{operation.holder} multiplies something else")
    heads = [
        _taken(operation, shape, range(rank - 2)) for shape, rank in zip(shapes, ranks, strict=True)
    ]
    head = operation.add("BroadcastArgs", *heads, T=INT32)
    wide = [
        operation.add(
            "BroadcastTo",
            value,
            joined(operation, head, _taken(operation, shape, range(rank - 2, rank))),
            T=dtype,
            Tidx=INT32,
        )
        for value, shape, rank in zip(operation.inputs, shapes, ranks, strict=True)
    ]
    return operation.again(*wide)


@lowers("Einsum")
def _einsum(operation: Operation) -> str:
    """Sum what only one input has, then multiply matrices of what both have."""
    dtype = operation.dtype()
    terms, mark, result = operation.text("equation").replace(" ", "").partition("->")
    letters = terms.split(",")
    if not mark or "." in terms or any(len({*term}) < len(term) for term in (*letters, result)):
        raise operation.refused(f"{operation.text('equation')} has an ellipsis, or a letter twice")
    if len(letters) > 2 or dtype.kind != "f":
        raise operation.refused("it is not of one or two inputs of floats")
    kept = [
        _summed(operation, value, term, {*result}.union(*letters[:k], *letters[k + 1 :]), dtype)
        for k, (value, term) in enumerate(zip(operation.inputs, letters, strict=True))
    ]
    value, term = kept[0] if len(kept) == 1 else _product(operation, kept, result, dtype)
    return transposed(operation, value, [term.index(letter) for letter in result], dtype)


def _summed(
    operation: Operation, value: str, term: str, kept: set[str], dtype: np.dtype
) -> tuple[str, str]:
    axes = [k for k, letter in enumerate(term) if letter not in kept]
    if not axes:
        return value, term
    over = operation.const(axes, INT32)
    total = operation.add("Sum", value, over, T=dtype, Tidx=INT32, keep_dims=False)
    return total, "".join(letter for letter in term if letter in kept)


def _product(
    operation: Operation, factors: Sequence[tuple[str, str]], result: str, dtype: np.dtype
) -> tuple[str, str]:
    """Return the product of two factors, and its letters."""
    (one, first), (other, second) = factors
    shared = [letter for letter in first if letter in second]
    batch, inner = (
        [letter for letter in shared if (letter in result) == is_kept] for is_kept in (True, False)
    )
    rows, columns = (
        [letter for letter in term if letter not in shared] for term in (first, second)
    )
    matrices = [
        _matrices(operation, one, first, (batch, rows, inner), dtype),
        _matrices(operation, other, second, (batch, inner, columns), dtype),
    ]
    multiplied = operation.add("BatchMatMulV2", *matrices, T=dtype, adj_x=False, adj_y=False)
    sizes = [
        *_sizes(operation, one, first, [*batch, *rows], dtype),
        *_sizes(operation, other, second, columns, dtype),
    ]
    shape = joined(operation, *sizes) if sizes else operation.const(np.zeros(0), INT32)
    return reshaped(operation, multiplied, shape, dtype), "".join([*batch, *rows, *columns])


def _matrices(
    operation: Operation, value: str, term: str, parts: Sequence[list[str]], dtype: np.dtype
) -> str:
    """Return a tensor as [batch, rows, columns], each of several axes in this order."""
    order = [term.index(letter) for part in parts for letter in part]
    shape = operation.add("Shape", value, T=dtype, out_type=INT32)
    sizes = [_taken(operation, shape, [term.index(letter) for letter in part]) for part in parts]
    axis = operation.const([0], INT32)
    counts = (
        operation.add("Prod", size, axis, T=INT32, Tidx=INT32, keep_dims=True) for size in sizes
    )
    turned = transposed(operation, value, order, dtype)
    return reshaped(operation, turned, joined(operation, *counts), dtype)


def _sizes(
    operation: Operation, value: str, term: str, letters: Sequence[str], dtype: np.dtype
) -> list[str]:
    if not letters:
        return []
    shape = operation.add("Shape", value, T=dtype, out_type=INT32)
    return [_taken(operation, shape, [term.index(letter) for letter in letters])]


def _taken(operation: Operation, vector: str, places: Sequence[int]) -> str:
    """Return elements of an int32 vector, [1] where there are none."""
    if not places:
        return operation.const([1], INT32)
    at = operation.const(list(places), INT32)
    return gathered(operation, vector, at, operation.const(0, INT32), INT32)
