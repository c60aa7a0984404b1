"""Operations that TF.js lacks, and that are one or two others."""

import numpy as np

from dlconv.convert.targets.lower.arithmetic import INT32, cast, pointwise, reshaped, scalar
from dlconv.convert.targets.lower.operation import Lowering, Operation, lowers


@lowers("Softsign")
def _softsign(operation: Operation) -> str:
    features, dtype = operation.inputs[0], operation.dtype()
    size = operation.add("Abs", features, T=dtype)
    one = operation.const(1, dtype)
    return operation.add("RealDiv", features, operation.add("AddV2", size, one, T=dtype), T=dtype)


def _same(op: str) -> Lowering:
    """Return the lowering of an operation that TF.js knows by another name."""

    def lowering(operation: Operation) -> str:
        name = operation.again(*operation.inputs)
        operation.added[-1].op = op
        return name

    return lowering


for _name, _other in {
    "AccumulateNV2": "AddN",
    "BiasAddV1": "BiasAdd",
    "Inv": "Reciprocal",
    "Rint": "Round",
    "_EagerConst": "Identity",
}.items():
    lowers(_name)(_same(_other))


@lowers("BatchMatMulV3")
def _batch_mat_mul(operation: Operation) -> str:
    dtype = operation.dtype("Tout")
    one, other = (
        cast(operation, value, operation.dtype(key), dtype)
        for value, key in zip(operation.inputs, ("Ta", "Tb"), strict=True)
    )
    adjoint = {key: operation.attribute(key) for key in ("adj_x", "adj_y")}
    return operation.add("BatchMatMulV2", one, other, T=dtype, **adjoint)


@lowers("Erfc")
def _erfc(operation: Operation) -> str:
    dtype = operation.dtype()
    error = pointwise(operation, "Erf", operation.inputs[0], dtype=dtype)
    return pointwise(operation, "Sub", scalar(operation, 1, dtype), error, dtype=dtype)


@lowers("L2Loss")
def _l2_loss(operation: Operation) -> str:
    dtype = operation.dtype()
    flat = reshaped(operation, operation.inputs[0], operation.const([-1], INT32), dtype)
    squares = pointwise(operation, "Square", flat, dtype=dtype)
    total = operation.add(
        "Sum", squares, operation.const([0], INT32), T=dtype, Tidx=INT32, keep_dims=False
    )
    return pointwise(operation, "Mul", total, scalar(operation, 0.5, dtype), dtype=dtype)


@lowers("ApproximateEqual")
def _approximately(operation: Operation) -> str:
    dtype = operation.dtype()
    apart = pointwise(operation, "Sub", *operation.inputs, dtype=dtype)
    size = pointwise(operation, "Abs", apart, dtype=dtype)
    most = scalar(operation, operation.attribute("tolerance").f, dtype)
    return pointwise(operation, "Less", size, most, dtype=dtype)


@lowers("ClipByValue")
def _clipped(operation: Operation) -> str:
    values, least, most = operation.inputs
    dtype = operation.dtype()
    raised = pointwise(operation, "Maximum", values, least, dtype=dtype)
    return pointwise(operation, "Minimum", raised, most, dtype=dtype)


@lowers("ShapeN")
def _shapes(operation: Operation) -> list[str]:
    types = {"T": operation.dtype(), "out_type": operation.dtype("out_type")}
    return [operation.add("Shape", value, **types) for value in operation.inputs]


@lowers("Invert")
def _inverted(operation: Operation) -> str:
    dtype = operation.dtype()
    last = -1 if dtype.kind == "i" else int(np.iinfo(dtype).max)
    return pointwise(
        operation, "Sub", scalar(operation, last, dtype), operation.inputs[0], dtype=dtype
    )
