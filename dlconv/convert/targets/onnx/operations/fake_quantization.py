"""Values rounded as if they were integers, in networks that were trained for 8 bits.

TensorFlow moves the range a little so that 0 is one of the integers (tensorflow/core/kernels/
fake_quant_ops_functor.h); rounding is to the nearest, halves up.
"""

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import aligned, ordered
from dlconv.convert.targets.onnx.tensors import Tensor, Value

OPS = ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")


@writes("FakeQuantWithMinMaxArgs")
def with_range_in_attributes(operation: Operation) -> Value:
    low = np.array(operation.number("min", -6.0), np.float32)
    high = np.array(operation.number("max", 6.0), np.float32)
    return _rounded(operation, low, high)


@writes(*OPS)
def with_range_in_tensors(operation: Operation) -> Value:
    low, high = (operation.constant(k, "its range").astype(np.float32) for k in (1, 2))
    return _rounded(operation, low, high)


def _rounded(operation: Operation, low: np.ndarray, high: np.ndarray) -> Value:
    builder = operation.builder
    node = builder.node
    bits = operation.integer("num_bits", 8)
    least, most = nudged(low, high, int(operation.flag("narrow_range")), 2**bits - 1)
    scale = (most - least) / np.float32(2**bits - 1 - int(operation.flag("narrow_range")))
    scale = scale.astype(np.float32)
    inverse = np.where(scale == 0, np.float32(0), np.float32(1) / scale).astype(np.float32)
    constants = [
        Value(builder.transposed, plain=builder.constant(np.asarray(each, np.float32)))
        for each in (least, most, inverse, scale, np.float32(0.5))
    ]
    (x, low_, high_, inverse_, scale_, half), is_first = aligned(
        operation, [operation.inputs[0], *constants]
    )
    inside: Tensor = node("Min", node("Max", x, low_), high_)
    steps = node("Mul", node("Sub", inside, low_), inverse_)
    made = node("Add", node("Mul", node("Floor", node("Add", steps, half)), scale_), low_)
    return ordered(operation, made, is_first)


def nudged(
    low: np.ndarray, high: np.ndarray, first: int, last: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a range, float32, moved so that 0 is one of the integers ``first`` to ``last``."""
    least, most = np.float32(first), np.float32(last)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = (high - low) / (most - least)
        zero = least - low / scale
    inside = np.where(zero < least, least, np.where(zero > most, most, np.floor(zero + 0.5)))
    return (
        np.asarray((least - inside) * scale, np.float32),
        np.asarray((most - inside) * scale, np.float32),
    )
