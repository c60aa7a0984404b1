"""Products of matrices: FULLY_CONNECTED for constant weights, else BATCH_MATMUL."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes


@writes("MatMul")
def matrix_product(operation: Operation) -> Tensor:
    one, other = operation.inputs[:2]
    turns_one, turns_other = operation.flag("transpose_a"), operation.flag("transpose_b")
    if other.constant is None or turns_one or one.dtype != "float32":
        return _batched(operation, turns_one, turns_other)
    weights = other.constant if turns_other else other.constant.T
    kernel = Tensor("float32", weights.shape, weights)
    options = Options("FullyConnectedOptions")
    return operation.add("FULLY_CONNECTED", [one, kernel, None], options=options)


@writes("BatchMatMul", "BatchMatMulV2")
def batched_product(operation: Operation) -> Tensor:
    return _batched(operation, operation.flag("adj_x"), operation.flag("adj_y"))


def _batched(operation: Operation, turns_one: bool, turns_other: bool) -> Tensor:
    if operation.inputs[0].dtype != "float32":
        raise operation.refused("its values are integers")
    options = Options("BatchMatMulOptions", {"AdjX": turns_one, "AdjY": turns_other})
    return operation.add("BATCH_MATMUL", operation.inputs[:2], options=options)
