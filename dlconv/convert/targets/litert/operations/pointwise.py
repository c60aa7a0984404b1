"""Operations that take each element alone, or two or three elements in the same place."""

import numpy as np

from dlconv.convert.targets.litert.model import Extents, Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, Written, cast, writes

# The operators of LiteRT that TensorFlow's ops are, with the table of their options.
_OF_ONE = {
    "Abs": ("ABS", "AbsOptions"),
    "Ceil": ("CEIL", None),
    "Cos": ("COS", "CosOptions"),
    "Elu": ("ELU", None),
    "Exp": ("EXP", "ExpOptions"),
    "Floor": ("FLOOR", None),
    "Log": ("LOG", None),
    "LogicalNot": ("LOGICAL_NOT", "LogicalNotOptions"),
    "Neg": ("NEG", "NegOptions"),
    "Relu": ("RELU", None),
    "Relu6": ("RELU6", None),
    "Round": ("ROUND", None),
    "Rsqrt": ("RSQRT", None),
    "Sigmoid": ("LOGISTIC", None),
    "Sign": ("SIGN", None),
    "Sin": ("SIN", None),
    "Sqrt": ("SQRT", None),
    "Square": ("SQUARE", "SquareOptions"),
    "Tanh": ("TANH", None),
}
_OF_TWO = {
    "Add": ("ADD", "AddOptions"),
    "AddV2": ("ADD", "AddOptions"),
    "BiasAdd": ("ADD", "AddOptions"),
    "Div": ("DIV", "DivOptions"),
    "LogicalAnd": ("LOGICAL_AND", "LogicalAndOptions"),
    "LogicalOr": ("LOGICAL_OR", "LogicalOrOptions"),
    "Maximum": ("MAXIMUM", "MaximumMinimumOptions"),
    "Minimum": ("MINIMUM", "MaximumMinimumOptions"),
    "Mul": ("MUL", "MulOptions"),
    "RealDiv": ("DIV", "DivOptions"),
    "SquaredDifference": ("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"),
    "Sub": ("SUB", "SubOptions"),
}
_COMPARISONS = {
    "Equal": ("EQUAL", "EqualOptions"),
    "Greater": ("GREATER", "GreaterOptions"),
    "GreaterEqual": ("GREATER_EQUAL", "GreaterEqualOptions"),
    "Less": ("LESS", "LessOptions"),
    "LessEqual": ("LESS_EQUAL", "LessEqualOptions"),
    "NotEqual": ("NOT_EQUAL", "NotEqualOptions"),
}
# Kernels of integers exist for these (lite/kernels in TensorFlow's sources).
_ALSO_OF_INTEGERS = frozenset({"Abs", "LogicalNot", "Neg", "Sign"})
# Kernels of these keep what is not a number only in their second input, so a constant comes first.
_LIMITS = frozenset({"Maximum", "Minimum"})
# Of integers these are limits, from below and above.
_LIMITS_OF_INTEGERS = {
    "Relu": [("MAXIMUM", 0)],
    "Relu6": [("MAXIMUM", 0), ("MINIMUM", 6)],
}
# Operators with two inputs broadcast up to this many axes.
MOST_AXES_BROADCAST = 4


def _options(table: str | None) -> Options | None:
    return None if table is None else Options(table)


@writes(*_OF_ONE)
def of_one(operation: Operation) -> Tensor:
    code, table = _OF_ONE[operation.op]
    value = operation.inputs[0]
    if value.dtype == "int32" and operation.op == "Square":
        return operation.add("MUL", [value, value], options=Options("MulOptions"))
    if value.dtype == "int32" and operation.op in _LIMITS_OF_INTEGERS:
        return _limited(operation, value)
    if value.dtype == "int32" and operation.op not in _ALSO_OF_INTEGERS:
        raise operation.refused("its values are integers")
    return operation.add(code, operation.inputs[:1], options=_options(table))


def _limited(operation: Operation, value: Tensor) -> Tensor:
    """Limit integers from below and above, which rounds nothing."""
    for code, limit in _LIMITS_OF_INTEGERS[operation.op]:
        options = Options("MaximumMinimumOptions")
        value = operation.add(code, [value, operation.const(limit, "int32")], options=options)
    return value


@writes(*_OF_TWO)
def of_two(operation: Operation) -> Tensor:
    if operation.op == "BiasAdd":
        operation.need_channels_last()
    code, table = _OF_TWO[operation.op]
    inputs = broadcast(operation)
    if operation.op in _LIMITS and inputs[1].constant is not None:
        inputs.reverse()
    return operation.add(code, inputs, options=_options(table))


@writes(*_COMPARISONS)
def comparison(operation: Operation) -> Tensor:
    code, table = _COMPARISONS[operation.op]
    return operation.add(code, broadcast(operation), "bool", options=_options(table))


def broadcast(operation: Operation, most: int = MOST_AXES_BROADCAST) -> list[Tensor]:
    """Return the inputs of a node, of one shape where a kernel broadcasts ``most`` axes only."""
    inputs, shapes = operation.inputs, {each.shape for each in operation.inputs}
    is_alike = len(shapes) == 1 and inputs[0].is_fixed
    if is_alike or max(map(len, shapes)) <= most:
        return [*inputs]
    shape = operation.shape()
    target = _common_extents(operation, shape)
    wide = [each for each in inputs if each.rank]
    is_whole = len(wide) == 1
    options = Options("BroadcastToOptions")
    return [
        each
        if (is_whole and each.rank) or (each.is_fixed and each.shape == shape)
        else operation.add("BROADCAST_TO", [each, target], each.dtype, shape, options)
        for each in inputs
    ]


def _common_extents(operation: Operation, shape: Extents) -> Tensor:
    """Return the shape to which the inputs of a node are broadcast, int32 [rank]."""
    if None not in shape:
        return operation.const(shape, "int32")
    first, *others = (operation.extents(each) for each in operation.inputs if each.rank)
    for each in others:
        first = operation.add("BROADCAST_ARGS", [first, each], "int32", (len(shape),))
    return first


@writes("Atan2")
def angle(operation: Operation) -> Tensor:
    return operation.add("ATAN2", broadcast(operation, most=0))


@writes("ZerosLike", "OnesLike")
def same_everywhere(operation: Operation) -> Tensor:
    value = operation.inputs[0]
    if operation.op == "ZerosLike" and value.dtype != "bool":
        return operation.add("ZEROS_LIKE", [value], options=Options("ZerosLikeOptions"))
    return operation.filled(value, int(operation.op == "OnesLike"), value.dtype)


@writes("IsNan", "IsInf", "IsFinite")
def kind_of_number(operation: Operation) -> Tensor:
    value = operation.inputs[0]
    if operation.op == "IsNan":
        return operation.add(
            "NOT_EQUAL", [value, value], "bool", options=Options("NotEqualOptions")
        )
    size = operation.add("ABS", [value], options=Options("AbsOptions"))
    infinity = operation.const(np.inf, "float32")
    code, table = _COMPARISONS["Equal" if operation.op == "IsInf" else "Less"]
    return operation.add(code, [size, infinity], "bool", options=_options(table))


@writes("AddN")
def sum_of_all(operation: Operation) -> Tensor:
    total = operation.inputs[0]
    for each in operation.inputs[1:]:
        total = operation.add("ADD", [total, each], options=Options("AddOptions"))
    return total


@writes("LeakyRelu")
def leaky_relu(operation: Operation) -> Tensor:
    options = Options("LeakyReluOptions", {"Alpha": operation.number("alpha")})
    return operation.add("LEAKY_RELU", operation.inputs, options=options)


@writes("Reciprocal", "Inv")
def reciprocal(operation: Operation) -> Tensor:
    one = operation.const(1, "float32")
    return operation.add(
        "DIV", [one, operation.inputs[0]], "float32", options=Options("DivOptions")
    )


@writes("Softmax", "LogSoftmax")
def softmax(operation: Operation) -> Tensor:
    if operation.op == "LogSoftmax":
        return operation.add("LOG_SOFTMAX", operation.inputs, options=Options("LogSoftmaxOptions"))
    return operation.add(
        "SOFTMAX", operation.inputs, options=Options("SoftmaxOptions", {"Beta": 1})
    )


@writes("Cast")
def casting(operation: Operation) -> Tensor:
    wanted, given = operation.dtype("DstT"), operation.inputs[0]
    if wanted == given.dtype:
        return given
    source = operation.builder.uncast.get(given, given)
    return source if source.dtype == wanted else cast(operation.builder, source, wanted)


@writes(
    *("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "EnsureShape")
)
def same(operation: Operation) -> Tensor:
    return operation.inputs[0]


@writes("IdentityN")
def same_several(operation: Operation) -> Written:
    return operation.inputs


@writes("SelectV2", "Select")
def select(operation: Operation) -> Tensor:
    condition, one = operation.inputs[:2]
    if operation.op == "Select" and condition.shape != one.shape and condition.rank:
        raise operation.refused("its condition is for rows")
    inputs = broadcast(operation)
    if len({each.shape for each in inputs}) == 1 and one.is_fixed:
        return operation.add("SELECT", inputs, one.dtype, options=Options("SelectOptions"))
    options = Options("SelectV2Options")
    return operation.add("SELECT_V2", inputs, one.dtype, options=options)
