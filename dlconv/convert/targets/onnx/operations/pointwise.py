"""Operations on each element alone: arithmetic, comparisons, logic, activations and casts.

They take tensors in the order of axes that is at hand. Where ONNX has no such operator, or one that
computes something else for negative integers, they are written as several.
"""

from collections.abc import Callable

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import aligned, at_hand, clipped, ordered
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.graph.graph import attribute
from dlconv.graph.tensors import dtype_name

UNARY = {
    "Abs": "Abs",
    "Acos": "Acos",
    "Acosh": "Acosh",
    "Asin": "Asin",
    "Asinh": "Asinh",
    "Atan": "Atan",
    "Atanh": "Atanh",
    "Ceil": "Ceil",
    "Cos": "Cos",
    "Cosh": "Cosh",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Inv": "Reciprocal",
    "IsInf": "IsInf",
    "IsNan": "IsNaN",
    "Log": "Log",
    "LogicalNot": "Not",
    "Neg": "Neg",
    "Reciprocal": "Reciprocal",
    "Relu": "Relu",
    "Rint": "Round",
    "Selu": "Selu",
    "Sigmoid": "Sigmoid",
    "Sign": "Sign",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Softplus": "Softplus",
    "Softsign": "Softsign",
    "Sqrt": "Sqrt",
    "Tan": "Tan",
    "Tanh": "Tanh",
}
BINARY = {
    "Add": "Add",
    "AddV2": "Add",
    "Equal": "Equal",
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "LogicalAnd": "And",
    "LogicalOr": "Or",
    "Maximum": "Max",
    "Minimum": "Min",
    "Mul": "Mul",
    "Pow": "Pow",
    "Sub": "Sub",
}
# At inference they hand on their first input.
SAME: tuple[str, ...] = (
    "Identity",
    "Snapshot",
    "StopGradient",
    "PreventGradient",
    "CheckNumerics",
    "Print",
)
SAME += ("PrintV2", "EnsureShape", "PlaceholderWithDefault", "_EagerConst", "RefIdentity")


@writes(*SAME)
def same(operation: Operation) -> Value:
    return operation.inputs[0]


@writes("IdentityN")
def all_the_same(operation: Operation) -> list[Value]:
    return list(operation.inputs)


def _unary(operation: Operation, function: Callable[[Tensor], Tensor]) -> Value:
    tensor, is_first = at_hand(operation.inputs[0])
    return ordered(operation, function(tensor), is_first)


def _binary(operation: Operation, function: Callable[[Tensor, Tensor], Tensor]) -> Value:
    (a, b), is_first = aligned(operation, operation.inputs)
    return ordered(operation, function(a, b), is_first)


@writes(*UNARY)
def unary(operation: Operation) -> Value:
    kind = UNARY[operation.op]
    return _unary(operation, lambda x: operation.builder.node(kind, x))


@writes(*BINARY)
def binary(operation: Operation) -> Value:
    kind = BINARY[operation.op]
    return _binary(operation, lambda a, b: operation.builder.node(kind, a, b))


@writes("NotEqual")
def not_equal(operation: Operation) -> Value:
    node = operation.builder.node
    return _binary(operation, lambda a, b: node("Not", node("Equal", a, b)))


@writes("AddN", "AccumulateNV2")
def sum_of_all(operation: Operation) -> Value:
    tensors, is_first = aligned(operation, operation.inputs)
    total = tensors[0]
    for tensor in tensors[1:]:
        total = operation.builder.node("Add", total, tensor)
    return ordered(operation, total, is_first)


@writes("RealDiv", "Div", "TruncateDiv")
def divide(operation: Operation) -> Value:
    return _binary(operation, lambda a, b: operation.builder.node("Div", a, b))


@writes("FloorDiv")
def floor_divide(operation: Operation) -> Value:
    node = operation.builder.node

    def write(a: Tensor, b: Tensor) -> Tensor:
        if np.dtype(a.dtype).kind == "f":
            return node("Floor", node("Div", a, b))
        # ONNX's Div of integers rounds to zero; what the remainder of b's sign leaves is divisible.
        return node("Div", node("Sub", a, node("Mod", a, b)), b)

    return _binary(operation, write)


@writes("FloorMod")
def floor_modulo(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(a: Tensor, b: Tensor) -> Tensor:
        if np.dtype(a.dtype).kind != "f":
            return node("Mod", a, b)
        rest = node("Mod", a, b, fmod=1)
        zero = like(rest, 0)
        signs_differ = node("Xor", node("Less", rest, zero), node("Less", b, zero))
        is_wrong = node("And", signs_differ, node("Not", node("Equal", rest, zero)))
        return node("Where", is_wrong, node("Add", rest, b), rest)

    return _binary(operation, write)


@writes("Mod", "TruncateMod")
def truncate_modulo(operation: Operation) -> Value:
    return _binary(operation, lambda a, b: operation.builder.node("Mod", a, b, fmod=1))


@writes("DivNoNan", "Xdivy")
def divide_or_zero(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(a: Tensor, b: Tensor) -> Tensor:
        is_zero = node("Equal", b if operation.op == "DivNoNan" else a, like(a, 0))
        return node("Where", is_zero, like(a, 0), node("Div", a, b))

    return _binary(operation, write)


@writes("MulNoNan")
def multiply_or_zero(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(a: Tensor, b: Tensor) -> Tensor:
        return node("Where", node("Equal", b, like(b, 0)), like(b, 0), node("Mul", a, b))

    return _binary(operation, write)


@writes("Xlogy", "Xlog1py")
def times_log(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(a: Tensor, b: Tensor) -> Tensor:
        argument = b if operation.op == "Xlogy" else node("Add", b, like(b, 1))
        result = node("Mul", a, node("Log", argument))
        return node("Where", node("Equal", a, like(a, 0)), like(a, 0), result)

    return _binary(operation, write)


@writes("SquaredDifference")
def squared_difference(operation: Operation) -> Value:
    node = operation.builder.node

    def write(a: Tensor, b: Tensor) -> Tensor:
        difference = node("Sub", a, b)
        return node("Mul", difference, difference)

    return _binary(operation, write)


@writes("ApproximateEqual")
def approximately_equal(operation: Operation) -> Value:
    node = operation.builder.node
    tolerance = operation.number("tolerance", 1e-5)

    def write(a: Tensor, b: Tensor) -> Tensor:
        distance = node("Abs", node("Sub", a, b))
        return node("Less", distance, operation.builder.like(a, tolerance))

    return _binary(operation, write)


@writes("Atan2")
def angle(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(y: Tensor, x: Tensor) -> Tensor:
        zero = like(x, 0)
        of_ratio = node("Atan", node("Div", y, x))
        is_below = node("Less", y, zero)
        half_turn = node("Where", is_below, like(x, -np.pi), like(x, np.pi))
        to_the_left = node("Add", of_ratio, half_turn)
        angle = node("Where", node("Less", x, zero), to_the_left, of_ratio)
        upright = node("Where", is_below, like(x, -np.pi / 2), like(x, np.pi / 2))
        on_axis = node("Where", node("Equal", y, zero), zero, upright)
        return node("Where", node("Equal", x, zero), on_axis, angle)

    return _binary(operation, write)


BITWISE = {
    "BitwiseAnd": "BitwiseAnd",
    "BitwiseOr": "BitwiseOr",
    "BitwiseXor": "BitwiseXor",
}
OPSET_WITH_BITWISE = 18


@writes(*BITWISE)
def bitwise(operation: Operation) -> Value:
    _need_opset(operation, OPSET_WITH_BITWISE)
    kind = BITWISE[operation.op]
    return _binary(operation, lambda a, b: operation.builder.node(kind, a, b))


@writes("Invert")
def invert(operation: Operation) -> Value:
    _need_opset(operation, OPSET_WITH_BITWISE)
    return _unary(operation, lambda x: operation.builder.node("BitwiseNot", x))


def _need_opset(operation: Operation, opset: int) -> None:
    if operation.builder.opset < opset:
        raise operation.refused(f"it needs opset {opset} or newer")


@writes("Square")
def square(operation: Operation) -> Value:
    return _unary(operation, lambda x: operation.builder.node("Mul", x, x))


@writes("Rsqrt")
def reciprocal_root(operation: Operation) -> Value:
    node = operation.builder.node
    return _unary(operation, lambda x: node("Reciprocal", node("Sqrt", x)))


@writes("Round")
def round_half_to_even(operation: Operation) -> Value:
    def write(x: Tensor) -> Tensor:
        return operation.builder.node("Round", x) if np.dtype(x.dtype).kind == "f" else x

    return _unary(operation, write)


@writes("Erfc")
def complement_of_erf(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like
    return _unary(operation, lambda x: node("Sub", like(x, 1), node("Erf", x)))


@writes("Expm1")
def exponential_less_one(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like
    return _unary(operation, lambda x: node("Sub", node("Exp", x), like(x, 1)))


@writes("Log1p")
def logarithm_of_one_more(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like
    return _unary(operation, lambda x: node("Log", node("Add", x, like(x, 1))))


@writes("IsFinite")
def is_finite(operation: Operation) -> Value:
    node = operation.builder.node
    return _unary(operation, lambda x: node("Not", node("Or", node("IsInf", x), node("IsNaN", x))))


@writes("ZerosLike", "OnesLike")
def filled_alike(operation: Operation) -> Value:
    builder = operation.builder
    filler = 0 if operation.op == "ZerosLike" else 1
    return _unary(
        operation,
        lambda x: builder.node("Expand", builder.like(x, filler), builder.node("Shape", x)),
    )


@writes("Relu6")
def relu6(operation: Operation) -> Value:
    return _unary(operation, lambda x: clipped(operation.builder, x, 0, 6))


@writes("ClipByValue")
def clip_by_value(operation: Operation) -> Value:
    node = operation.builder.node
    (x, low, high), is_first = aligned(operation, operation.inputs)
    return ordered(operation, node("Max", node("Min", x, high), low), is_first)


@writes("Elu")
def elu(operation: Operation) -> Value:
    return _unary(operation, lambda x: operation.builder.node("Elu", x, alpha=1.0))


@writes("LeakyRelu")
def leaky_relu(operation: Operation) -> Value:
    alpha = operation.number("alpha", 0.2)
    return _unary(operation, lambda x: operation.builder.node("LeakyRelu", x, alpha=alpha))


@writes("Cast")
def cast(operation: Operation) -> Value:
    target = operation.dtype("DstT", "float32")
    return _unary(operation, lambda x: operation.builder.cast(x, target))


@writes("Bitcast")
def bitcast(operation: Operation) -> Value:
    constant = operation.inputs[0].constant
    target = operation.dtype("type", "float32")
    if constant is not None and constant.dtype.itemsize == np.dtype(target).itemsize:
        bits = np.ascontiguousarray(constant).view(target)
        return ordered(operation, operation.builder.constant(bits), False)
    if operation.inputs[0].dtype == target:
        return operation.inputs[0]
    source = dtype_name(attribute(operation.node, "T").type)
    raise operation.refused(f"ONNX cannot read the bits of {source} as {target}")
