"""Operations that make one of all elements along axes."""

import numpy as np

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes
from dlconv.convert.targets.litert.types import INT32

_CODES = {
    "All": "REDUCE_ALL",
    "Any": "REDUCE_ANY",
    "Max": "REDUCE_MAX",
    "Mean": "MEAN",
    "Min": "REDUCE_MIN",
    "Prod": "REDUCE_PROD",
    "Sum": "SUM",
}
_POSITIONS = {"ArgMax": ("ARG_MAX", "ArgMaxOptions"), "ArgMin": ("ARG_MIN", "ArgMinOptions")}


@writes(*_CODES)
def reduction(operation: Operation) -> Tensor:
    value = operation.inputs[0]
    axes = np.unique(operation.constant(1, "which axes") % max(value.rank, 1))
    if not axes.size or not value.rank:
        return value
    options = Options("ReducerOptions", {"KeepDims": operation.flag("keep_dims")})
    inputs = [value, operation.const(axes, "int32")]
    return operation.add(_CODES[operation.op], inputs, options=options)


@writes("EuclideanNorm")
def norm(operation: Operation) -> Tensor:
    value = operation.inputs[0]
    if value.dtype != "float32":
        raise operation.refused("its values are integers")
    square = operation.add("MUL", [value, value], shape=value.shape, options=Options("MulOptions"))
    axes = np.unique(operation.constant(1, "which axes") % max(value.rank, 1))
    if not axes.size or not value.rank:
        return operation.add("SQRT", [square])
    options = Options("ReducerOptions", {"KeepDims": operation.flag("keep_dims")})
    total = operation.add("SUM", [square, operation.const(axes, "int32")], options=options)
    return operation.add("SQRT", [total])


@writes("Size")
def size(operation: Operation) -> Tensor:
    value = operation.builder.uncast.get(operation.inputs[0], operation.inputs[0])
    if not value.rank:
        return operation.const(1, "int32")
    extents = operation.extents(value)
    options = Options("ReducerOptions", {"KeepDims": False})
    inputs = [extents, operation.const([0], "int32")]
    return operation.add("REDUCE_PROD", inputs, "int32", (), options)


@writes(*_POSITIONS)
def position(operation: Operation) -> Tensor:
    code, table = _POSITIONS[operation.op]
    axis = operation.const(int(operation.constant(1, "its axis")), "int32")
    options = Options(table, {"OutputType": INT32})
    return operation.add(code, [operation.inputs[0], axis], "int32", options=options)
