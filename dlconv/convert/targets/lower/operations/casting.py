"""Casts to types that TF.js does not have.

Its wasm backend copies numbers that are to become bools, and narrow integers are int32, which keep
what TensorFlow cuts off.
"""

from dlconv.convert.targets.lower.arithmetic import INT32, NARROW, cast, is_set, wrapped
from dlconv.convert.targets.lower.operation import Operation, lowers


@lowers("Cast")
def _cast(operation: Operation) -> str:
    value, source, target = operation.inputs[0], operation.dtype("SrcT"), operation.dtype("DstT")
    if target.kind == "b":
        return is_set(operation, value, source)
    if target in NARROW and source.kind in "iuf":
        return wrapped(operation, cast(operation, value, source, INT32), target)
    raise operation.refused(f"it makes {target} of {source}")
