"""What nodes of constants give, computed with numpy while a model is being made.

Sizes and axes are constants to ONNX only if the arithmetic that leads to them is done beforehand.
Nodes that only move values are computed for constants of any size, arithmetic for small ones; all
else is left to the runtime. A part of a shape that is known goes through the nodes that move it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

# Arithmetic on constants with more elements is left to the runtime.
MOST_COMPUTED = 4096

Attributes = Mapping[str, Any]
Arrays = Sequence[np.ndarray]


def fold(kind: str, inputs: Arrays, attributes: Attributes) -> np.ndarray | None:
    """Return the output of a node for these inputs; None for a node that is not computed here."""
    moved = moved_by(kind, inputs, attributes)
    if moved is not None:
        return moved
    rule = _COMPUTED.get(kind)
    if rule is None or sum(array.size for array in inputs) > MOST_COMPUTED:
        return None
    with np.errstate(all="ignore"):
        result = rule(inputs, attributes)
    return None if result is None else np.asarray(result)


def moved_by(kind: str, inputs: Arrays, attributes: Attributes) -> np.ndarray | None:
    """Return the output of a node that only moves values, which may be any objects."""
    rule = _MOVED.get(kind)
    return None if rule is None else np.asarray(rule(inputs, attributes))


def _reshape(inputs: Arrays, attributes: Attributes) -> np.ndarray:
    values, target = inputs
    extents = [
        values.shape[axis] if extent == 0 and not attributes.get("allowzero") else int(extent)
        for axis, extent in enumerate(target.tolist())
    ]
    return values.reshape(extents)


def _slice(inputs: Arrays, _: Attributes) -> np.ndarray:
    values, starts, ends, axes, steps = (
        array if k == 0 else array.tolist() for k, array in enumerate(inputs)
    )
    taken = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        extent = values.shape[axis]
        stop = None if step < 0 and end < -extent else end
        taken[axis] = slice(start, stop, step)
    return values[tuple(taken)]


def _expand(inputs: Arrays, _: Attributes) -> np.ndarray | None:
    values, target = inputs
    shape = np.broadcast_shapes(values.shape, tuple(target.tolist()))
    return np.broadcast_to(values, shape) if np.prod(shape) <= MOST_COMPUTED else None


def _axes(inputs: Arrays, attributes: Attributes) -> tuple[int, ...] | None:
    axes = inputs[1].tolist() if len(inputs) > 1 else attributes.get("axes")
    return None if axes is None else tuple(axes)


def _reduced(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    def rule(inputs: Arrays, attributes: Attributes) -> Any:
        values = inputs[0]
        keeps = bool(attributes.get("keepdims", 1))
        reduced = function(values, axis=_axes(inputs, attributes), keepdims=keeps)
        return np.asarray(reduced, values.dtype)

    return rule


def _divide(inputs: Arrays, _: Attributes) -> np.ndarray | None:
    a, b = inputs
    if a.dtype.kind == "f":
        return np.asarray(a / b)
    if not b.all():
        return None
    quotient = a // b
    is_rounded_down = (quotient * b != a) & ((a < 0) != (b < 0))
    return np.asarray(quotient + is_rounded_down, a.dtype)


def _modulo(inputs: Arrays, attributes: Attributes) -> np.ndarray | None:
    a, b = inputs
    if a.dtype.kind != "f" and not b.all():
        return None
    return np.fmod(a, b) if attributes.get("fmod") else np.mod(a, b)


def _cast(inputs: Arrays, attributes: Attributes) -> np.ndarray | None:
    from onnx import helper

    target = helper.tensor_dtype_to_np_dtype(attributes["to"])
    values = inputs[0]
    if object in (values.dtype, target):
        return None
    return values.astype(target)


def _same_type(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    return lambda inputs, _: np.asarray(function(*inputs), inputs[0].dtype)


def _tested(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    return lambda inputs, _: function(*inputs)


_MOVED: Mapping[str, Callable[[Arrays, Attributes], np.ndarray]] = {
    "Concat": lambda inputs, attributes: np.concatenate(inputs, attributes["axis"]),
    "Gather": lambda inputs, attributes: np.take(
        inputs[0], inputs[1].astype(np.int64), attributes.get("axis", 0)
    ),
    "Identity": lambda inputs, _: inputs[0],
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": lambda inputs, attributes: np.squeeze(inputs[0], _axes(inputs, attributes)),
    "Transpose": lambda inputs, attributes: np.transpose(inputs[0], attributes["perm"]),
    "Unsqueeze": lambda inputs, _: np.expand_dims(inputs[0], tuple(inputs[1].tolist())),
}

_COMPUTED: Mapping[str, Callable[[Arrays, Attributes], Any]] = {
    "Abs": _same_type(np.abs),
    "Add": _same_type(np.add),
    "And": _tested(np.logical_and),
    "Cast": _cast,
    "Ceil": _same_type(np.ceil),
    "Div": _divide,
    "Equal": _tested(np.equal),
    "Expand": _expand,
    "Floor": _same_type(np.floor),
    "Greater": _tested(np.greater),
    "GreaterOrEqual": _tested(np.greater_equal),
    "Less": _tested(np.less),
    "LessOrEqual": _tested(np.less_equal),
    "Max": _same_type(np.maximum),
    "Min": _same_type(np.minimum),
    "Mod": _modulo,
    "Mul": _same_type(np.multiply),
    "Neg": _same_type(np.negative),
    "Not": _tested(np.logical_not),
    "Or": _tested(np.logical_or),
    "Range": lambda inputs, _: np.arange(*(array.item() for array in inputs)).astype(
        inputs[0].dtype
    ),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "Sqrt": _same_type(np.sqrt),
    "Sub": _same_type(np.subtract),
    "Where": lambda inputs, _: np.where(*inputs),
}
