"""Activations rounded as if they were integers, by TensorFlow's steps in float32."""

import numpy as np

from dlconv.convert.fake_quantization import in_steps, is_empty, moved_range
from dlconv.convert.targets.lower.operation import Operation, lowers

_FLOATS = np.dtype(np.float32)
_OPS = {"Add": "AddV2", "Div": "RealDiv", "Max": "Maximum", "Min": "Minimum"}


@lowers("FakeQuantWithMinMaxArgs")
def _with_range_in_attributes(operation: Operation) -> str:
    low, high = (np.array(operation.attribute(key).f, np.float32) for key in ("min", "max"))
    return _rounded(operation, low, high, divides=False)


@lowers("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def _with_range_in_tensors(operation: Operation) -> str:
    low, high = (operation.constant(k, "its range").astype(np.float32) for k in (1, 2))
    return _rounded(operation, low, high, divides=operation.op == "FakeQuantWithMinMaxVars")


def _rounded(operation: Operation, low: np.ndarray, high: np.ndarray, divides: bool) -> str:
    if is_empty(low, high):
        raise operation.refused("its range is empty")
    first, bits = int(operation.attribute("narrow_range").b), operation.attribute("num_bits").i
    parts = moved_range(low, high, first, 2**bits - 1).parts
    numbers = [operation.const(part, _FLOATS) for part in parts]

    def step(kind: str, *inputs: str) -> str:
        return operation.add(_OPS.get(kind, kind), *inputs, T=_FLOATS)

    return in_steps(step, operation.inputs[0], numbers, divides)
