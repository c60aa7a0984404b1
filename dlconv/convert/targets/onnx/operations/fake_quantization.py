"""Values rounded as if they were integers, in networks that were trained for few bits."""

import numpy as np

from dlconv.convert.fake_quantization import fake_quantized, in_steps, is_empty, moved_range
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import aligned, ordered
from dlconv.convert.targets.onnx.tensors import Value


@writes("FakeQuantWithMinMaxArgs")
def with_range_in_attributes(operation: Operation) -> Value:
    low = np.array(operation.number("min"), np.float32)
    high = np.array(operation.number("max"), np.float32)
    return _rounded(operation, low, high, divides=False)


@writes("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def with_range_in_tensors(operation: Operation) -> Value:
    low, high = (operation.constant(k, "its range").astype(np.float32) for k in (1, 2))
    return _rounded(operation, low, high, divides=operation.op == "FakeQuantWithMinMaxVars")


def _rounded(operation: Operation, low: np.ndarray, high: np.ndarray, divides: bool) -> Value:
    builder, value = operation.builder, operation.inputs[0]
    if is_empty(low, high):
        raise operation.refused("its range is empty")
    bits, is_narrow = operation.integer("num_bits"), operation.flag("narrow_range")
    if value.constant is not None:
        result = fake_quantized(value.constant, low, high, bits, is_narrow, divides)
        return ordered(operation, builder.constant(result), False)
    parts = moved_range(low, high, int(is_narrow), 2**bits - 1).parts
    constants = [Value(builder.transposed, plain=builder.constant(part)) for part in parts]
    (tensor, *numbers), is_first = aligned(operation, [value, *constants])
    return ordered(operation, in_steps(builder.node, tensor, numbers, divides), is_first)
