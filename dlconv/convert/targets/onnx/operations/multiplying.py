"""Products of matrices."""

from collections.abc import Sequence

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.tensors import Tensor


@writes("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def product(operation: Operation) -> Tensor:
    is_plain = operation.op == "MatMul"
    keys = ("transpose_a", "transpose_b") if is_plain else ("adj_x", "adj_y")
    factors = [
        _transposed(operation, operation.ranked(k).plain())
        if operation.flag(key)
        else operation.plain(k)
        for k, key in enumerate(keys)
    ]
    return operation.builder.node("MatMul", *factors)


def _transposed(operation: Operation, tensor: Tensor) -> Tensor:
    axes = list(range(tensor.rank))
    return operation.builder.transposed(tensor, [*axes[:-2], axes[-1], axes[-2]])


@writes("Einsum")
def einsum(operation: Operation) -> Sequence[Written]:
    equation = operation.text("equation")
    tensors = [value.plain() for value in operation.inputs]
    return [operation.builder.node("Einsum", *tensors, equation=equation)]
