"""What nodes of constants give, computed with numpy while a model is being made.

Sizes and axes are constants to ONNX only if the arithmetic that leads to them is done beforehand.
Nodes that only move values are computed for constants of any size, arithmetic for small ones; all
else is left to the runtime. Of a shape that is known in part, the known extents go through the
nodes that move them and through arithmetic.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

# Arithmetic on constants with more elements, or that gives more, is left to the runtime.
MOST_COMPUTED = 4096
# Arithmetic that shapes go through in part.
ELEMENT_BY_ELEMENT = frozenset({"Abs", "Add", "Div", "Max", "Min", "Mod", "Mul", "Neg", "Sub"})

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
    return None if result is None or np.size(result) > MOST_COMPUTED else np.asarray(result)


def moved_by(kind: str, inputs: Arrays, attributes: Attributes) -> np.ndarray | None:
    """Return the output of a node that only moves values, which may be any objects."""
    rule = _MOVED.get(kind)
    return None if rule is None else np.asarray(rule(inputs, attributes))


def combined_by(kind: str, inputs: Arrays, attributes: Attributes) -> np.ndarray | None:
    """Return the output of a node that puts extents together, as objects: None for an unknown one.

    The inputs are arrays of such objects.
    """
    if kind == "Concat":
        return moved_by(kind, inputs, attributes)
    if kind not in ELEMENT_BY_ELEMENT:
        return None
    known = [np.array([isinstance(e, int) for e in a.flat], bool).reshape(a.shape) for a in inputs]
    numbers = [
        np.where(is_known, array, 1).astype(np.int64)
        for is_known, array in zip(known, inputs, strict=True)
    ]
    result = fold(kind, numbers, attributes)
    if result is None:
        return None
    extents = result.astype(object)
    extents[~np.logical_and.reduce(np.broadcast_arrays(*known))] = None
    return extents


def _reshape(inputs: Arrays, attributes: Attributes) -> np.ndarray:
    values, target = inputs
    extents = [
        values.shape[axis] if extent == 0 and not attributes.get("allowzero") else int(extent)
        for axis, extent in enumerate(target.tolist())
    ]
    return values.reshape(extents)


def _slice(inputs: Arrays, _: Attributes) -> np.ndarray:
    values = inputs[0]
    starts, ends, *others = (array.tolist() for array in inputs[1:])
    axes = others[0] if others else range(len(starts))
    steps = others[1] if len(others) > 1 else [1] * len(starts)
    taken = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        taken[axis] = _bounded(start, end, step, values.shape[axis])
    return values[tuple(taken)]


def _bounded(start: int, end: int, step: int, extent: int) -> slice:
    """Return what ONNX takes along an axis: bounds outside of it are moved to its ends."""
    first, last = (bound + extent if bound < 0 else bound for bound in (start, end))
    if step > 0:
        return slice(min(max(first, 0), extent), min(max(last, 0), extent), step)
    first, last = min(max(first, 0), extent - 1), min(max(last, -1), extent - 1)
    return slice(first, None if last < 0 else last, step)


def _transpose(inputs: Arrays, attributes: Attributes) -> np.ndarray:
    return np.transpose(inputs[0], attributes.get("perm"))


def _expand(inputs: Arrays, _: Attributes) -> np.ndarray | None:
    values, target = inputs
    shape = np.broadcast_shapes(values.shape, tuple(target.tolist()))
    return np.broadcast_to(values, shape) if np.prod(shape) <= MOST_COMPUTED else None


def _axes(inputs: Arrays, attributes: Attributes) -> tuple[int, ...] | None:
    """Return the axes that a node names, None if it names none."""
    axes = inputs[1].tolist() if len(inputs) > 1 else attributes.get("axes")
    return tuple(axes) if axes else None


def _reduced(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    def rule(inputs: Arrays, attributes: Attributes) -> Any:
        values = inputs[0]
        if not values.size and function in (np.max, np.min):
            return None
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
    if object in (values.dtype, target) or not _holds(target, values):
        return None
    return values.astype(target)


def _holds(target: np.dtype, values: np.ndarray) -> bool:
    """Tell whether floats that become integers fit these: for others there is no rule."""
    if values.dtype.kind != "f" or target.kind not in "iu":
        return True
    info, whole = np.iinfo(target), np.trunc(values.astype(np.float64))
    return bool(np.all((whole >= info.min) & (whole < float(info.max) + 1)))


def _range(inputs: Arrays, _: Attributes) -> np.ndarray | None:
    start, limit, step = inputs
    if start.dtype.kind == "f" or not step:
        return None
    count = len(range(start.item(), limit.item(), step.item()))
    if count > MOST_COMPUTED:
        return None
    return np.asarray(start + step * np.arange(count, dtype=start.dtype), start.dtype)


def _same_type(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    return lambda inputs, _: np.asarray(function(*inputs), inputs[0].dtype)


def _of_any_number(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    return lambda inputs, _: np.asarray(reduce(function, inputs))


def _tested(function: Callable[..., Any]) -> Callable[[Arrays, Attributes], Any]:
    return lambda inputs, _: function(*inputs)


_MOVED: Mapping[str, Callable[[Arrays, Attributes], np.ndarray]] = {
    "Concat": lambda inputs, attributes: np.concatenate(inputs, attributes["axis"]),
    "Gather": lambda inputs, attributes: np.take(
        inputs[0], inputs[1].astype(np.int64), attributes.get("axis", 0)
    ),
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": lambda inputs, attributes: np.squeeze(inputs[0], _axes(inputs, attributes)),
    "Transpose": _transpose,
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
    "Max": _of_any_number(np.maximum),
    "Min": _of_any_number(np.minimum),
    "Mod": _modulo,
    "Mul": _same_type(np.multiply),
    "Neg": _same_type(np.negative),
    "Not": _tested(np.logical_not),
    "Or": _tested(np.logical_or),
    "Range": _range,
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "Round": _same_type(np.rint),
    "Sqrt": _same_type(np.sqrt),
    "Sub": _same_type(np.subtract),
    "Where": lambda inputs, _: np.where(*inputs),
    "Xor": _tested(np.logical_xor),
}
