"""Matrices of which a part is kept, and those that have a vector on their diagonal."""

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import counted, extent_of, unsqueeze
from dlconv.convert.targets.onnx.tensors import Tensor


@writes("MatrixBandPart")
def band(operation: Operation) -> Tensor:
    """Keep what is near enough to the diagonal, below and above; a negative distance keeps all."""
    builder = operation.builder
    node = builder.node
    tensor = operation.ranked(0).plain()
    rows = unsqueeze(builder, counted(builder, extent_of(builder, tensor, tensor.rank - 2)), 1)
    columns = counted(builder, extent_of(builder, tensor, tensor.rank - 1))
    below = node("Sub", rows, columns)
    is_kept = node(
        "And",
        _is_within(builder, below, builder.cast(operation.plain(1), "int64")),
        _is_within(builder, node("Neg", below), builder.cast(operation.plain(2), "int64")),
    )
    return node("Where", is_kept, tensor, builder.like(tensor, 0))


def _is_within(builder: Builder, distance: Tensor, most: Tensor) -> Tensor:
    is_any = builder.node("Less", most, builder.like(most, 0))
    return builder.node("Or", is_any, builder.node("LessOrEqual", distance, most))


@writes("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def diagonal(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor = operation.ranked(0).plain()
    padding = builder.like(tensor, 0)
    if operation.op in ("MatrixDiagV2", "MatrixDiagV3"):
        which, rows, columns = (operation.constant(k, "which diagonal it is") for k in (1, 2, 3))
        if which.any() or rows != -1 or columns != -1:
            raise operation.refused("it is not for the main diagonal of a square")
        padding = operation.plain(4)
    places = counted(builder, extent_of(builder, tensor, tensor.rank - 1))
    is_on = builder.node("Equal", unsqueeze(builder, places, 1), places)
    return builder.node("Where", is_on, unsqueeze(builder, tensor, tensor.rank - 1), padding)
