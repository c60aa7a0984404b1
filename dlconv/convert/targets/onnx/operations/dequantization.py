"""Weights that a graph keeps as integers, with a Dequantize that makes floats of them."""

import numpy as np

from dlconv.convert.dequantization import MODES, dequantized
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.tensors import Tensor


@writes("Dequantize")
def dequantize(operation: Operation) -> Tensor:
    codes = operation.constant(0, "its input")
    low, high = (operation.constant(k, "its range").astype(np.float32) for k in (1, 2))
    target = operation.dtype("dtype")
    if target != "float32":
        raise operation.refused(f"its element type is {target}")
    mode, axis = operation.text("mode"), operation.integer("axis")
    if mode not in MODES:
        raise operation.refused(f"its mode is {mode}")
    values = dequantized(codes, low, high, mode, axis, operation.flag("narrow_range"))
    return operation.builder.constant(values, operation.node.name)
