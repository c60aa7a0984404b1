"""Running sums and products along an axis."""

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    TO_THE_END,
    Size,
    at_hand,
    axis_in,
    known_extent,
    ordered,
    padded,
    taken,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

OPSET_WITH_CUMPROD = 26


@writes("Cumsum", "Cumprod")
def running(operation: Operation) -> Value:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    axis = axis_in(int(operation.constant(1, "its axis").item()), tensor.rank, is_first)
    if operation.op == "Cumprod" and builder.opset < OPSET_WITH_CUMPROD:
        return ordered(operation, _running_product(operation, tensor, axis), is_first)
    made = builder.node(
        "CumSum" if operation.op == "Cumsum" else "CumProd",
        tensor,
        builder.constant(np.array(axis, np.int64)),
        exclusive=int(operation.flag("exclusive")),
        reverse=int(operation.flag("reverse")),
    )
    return ordered(operation, made, is_first)


def _running_product(operation: Operation, tensor: Tensor, axis: int) -> Tensor:
    """Multiply each element by the one before, the product of two by that of two before, ...

    That is the scan of W. D. Hillis and G. L. Steele ("Data parallel algorithms", 1986).
    """
    extent = known_extent(operation, tensor, axis)
    if operation.flag("exclusive"):
        tensor = _moved_on(operation, tensor, axis, 1)
    step = 1
    while step < extent:
        tensor = operation.builder.node("Mul", tensor, _moved_on(operation, tensor, axis, step))
        step *= 2
    return tensor


def _moved_on(operation: Operation, tensor: Tensor, axis: int, step: int) -> Tensor:
    """Return a tensor moved along an axis, with ones where there was nothing."""
    builder = operation.builder
    pads: list[tuple[Size, Size]] = [(0, 0)] * tensor.rank
    if operation.flag("reverse"):
        rest, pads[axis] = taken(builder, tensor, axis, step, TO_THE_END), (0, step)
    else:
        rest, pads[axis] = taken(builder, tensor, axis, 0, -step), (step, 0)
    return padded(builder, rest, pads, builder.like(tensor, 1))
