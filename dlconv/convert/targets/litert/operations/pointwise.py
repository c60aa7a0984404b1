"""Operations that take each element alone, or two or three elements in the same place."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, cast, writes

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
    "ZerosLike": ("ZEROS_LIKE", "ZerosLikeOptions"),
}
_OF_TWO = {
    "Add": ("ADD", "AddOptions"),
    "AddV2": ("ADD", "AddOptions"),
    "Atan2": ("ATAN2", None),
    "BiasAdd": ("ADD", "AddOptions"),
    "Div": ("DIV", "DivOptions"),
    "FloorDiv": ("FLOOR_DIV", "FloorDivOptions"),
    "FloorMod": ("FLOOR_MOD", "FloorModOptions"),
    "LogicalAnd": ("LOGICAL_AND", "LogicalAndOptions"),
    "LogicalOr": ("LOGICAL_OR", "LogicalOrOptions"),
    "Maximum": ("MAXIMUM", "MaximumMinimumOptions"),
    "Minimum": ("MINIMUM", "MaximumMinimumOptions"),
    "Mul": ("MUL", "MulOptions"),
    "Pow": ("POW", "PowOptions"),
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
_ALSO_OF_INTEGERS = frozenset({"Abs", "LogicalNot", "Neg", "Sign", "ZerosLike"})
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
    if value.dtype == "int32" and operation.op not in _ALSO_OF_INTEGERS:
        raise operation.refused("its values are integers")
    return operation.add(code, operation.inputs[:1], options=_options(table))


@writes(*_OF_TWO)
def of_two(operation: Operation) -> Tensor:
    if operation.op == "BiasAdd":
        operation.need_channels_last()
    _need_few_axes(operation)
    code, table = _OF_TWO[operation.op]
    return operation.add(code, operation.inputs[:2], options=_options(table))


@writes(*_COMPARISONS)
def comparison(operation: Operation) -> Tensor:
    _need_few_axes(operation)
    code, table = _COMPARISONS[operation.op]
    return operation.add(code, operation.inputs[:2], "bool", options=_options(table))


def _need_few_axes(operation: Operation) -> None:
    one, other = operation.inputs[:2]
    if one.shape != other.shape and max(one.rank, other.rank) > MOST_AXES_BROADCAST:
        raise operation.refused(f"it broadcasts more than {MOST_AXES_BROADCAST} axes")


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


@writes("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot")
def same(operation: Operation) -> Tensor:
    return operation.inputs[0]


@writes("SelectV2", "Select")
def select(operation: Operation) -> Tensor:
    condition, one, other = operation.inputs
    if operation.op == "Select" and condition.shape != one.shape and condition.rank:
        raise operation.refused("its condition is for rows")
    if condition.shape == one.shape == other.shape:
        return operation.add(
            "SELECT", operation.inputs, one.dtype, options=Options("SelectOptions")
        )
    options = Options("SelectV2Options")
    return operation.add("SELECT_V2", operation.inputs, one.dtype, options=options)
