"""Products of matrices, and sums of products."""

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import unsqueeze
from dlconv.convert.targets.onnx.tensors import Tensor

ELLIPSIS = "..."


@writes("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def product(operation: Operation) -> Tensor:
    is_plain = operation.op == "MatMul"
    keys = ("transpose_a", "transpose_b") if is_plain else ("adj_x", "adj_y")
    dtype = operation.dtype("Tout", operation.inputs[0].dtype)
    factors = [
        _transposed(operation, operation.ranked(k).plain())
        if operation.flag(key)
        else operation.plain(k)
        for k, key in enumerate(keys)
    ]
    builder = operation.builder
    return builder.node("MatMul", *(builder.cast(factor, dtype) for factor in factors))


def _transposed(operation: Operation, tensor: Tensor) -> Tensor:
    axes = list(range(tensor.rank))
    return operation.builder.transposed(tensor, [*axes[:-2], axes[-1], axes[-2]])


@writes("Einsum")
def einsum(operation: Operation) -> Tensor:
    equation = operation.text("equation")
    terms, _, result = equation.partition("->")
    letters = result.replace(ELLIPSIS, "")
    if len({*letters}) != len(letters):
        raise operation.refused("an axis is twice in its result")
    tensors = _with_equal_ellipses(operation, terms.split(","))
    return operation.builder.node("Einsum", *tensors, equation=equation)


def _with_equal_ellipses(operation: Operation, terms: list[str]) -> list[Tensor]:
    """Return the inputs with as many axes for each ellipsis, as ONNX has it."""
    tensors = [operation.ranked(k).plain() for k in range(len(terms))]
    counts = [
        tensor.rank - len(term.replace(ELLIPSIS, ""))
        for tensor, term in zip(tensors, terms, strict=True)
    ]
    widened = []
    for tensor, term, count in zip(tensors, terms, counts, strict=True):
        start = term.find(ELLIPSIS)
        missing = max(counts) - count if start >= 0 else 0
        axes = range(start, start + missing)
        widened.append(unsqueeze(operation.builder, tensor, *axes) if missing else tensor)
    return widened
