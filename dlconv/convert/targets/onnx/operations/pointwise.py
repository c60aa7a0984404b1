"""Operations on each element alone: arithmetic, comparisons, logic, activations and casts.

They take tensors in the order of axes that is at hand. Where ONNX has no such operator, or one that
computes something else for negative integers, they are written as several.
"""

from collections.abc import Callable

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.operations.convolution import convolution_with_sum
from dlconv.convert.targets.onnx.snippets import added, aligned, at_hand, clipped, ordered
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.graph.graph import attribute
from dlconv.graph.tensors import stored_name

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
    "Log": "Log",
    "LogicalNot": "Not",
    "Reciprocal": "Reciprocal",
    "Rint": "Round",
    "Selu": "Selu",
    "Sigmoid": "Sigmoid",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Softplus": "Softplus",
    "Softsign": "Softsign",
    "Sqrt": "Sqrt",
    "Tan": "Tan",
    "Tanh": "Tanh",
}
BINARY = {
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
    "Sub": "Sub",
}
FLOATS = frozenset({"float16", "float32", "float64"})
NUMBERS = FLOATS | {"int8", "int16", "int32", "int64", "uint8", "uint16"}
OPSET_WITH_BITWISE = 18
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


def _is_float(tensor: Tensor | Value) -> bool:
    return tensor.dtype in FLOATS


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


@writes("Neg")
def negative(operation: Operation) -> Value:
    """Sizes are int32, which OpenCV 5.0 subtracts but does not negate."""
    builder = operation.builder
    if operation.inputs[0].dtype == "int32":
        return _unary(operation, lambda x: builder.node("Sub", builder.like(x, 0), x))
    return _unary(operation, lambda x: builder.node("Neg", x))


@writes(*BINARY)
def binary(operation: Operation) -> Value:
    kind = BINARY[operation.op]
    return _binary(operation, lambda a, b: operation.builder.node(kind, a, b))


@writes("Add", "AddV2")
def add(operation: Operation) -> Value:
    joined = convolution_with_sum(operation)
    if joined is not None:
        return joined
    return _binary(operation, lambda a, b: added(operation.builder, a, b))


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


@writes("RealDiv", "Div")
def divide(operation: Operation) -> Value:
    return _binary(operation, lambda a, b: operation.builder.node("Div", a, b))


@writes("TruncateDiv")
def truncate_divide(operation: Operation) -> Value:
    node = operation.builder.node

    def write(a: Tensor, b: Tensor) -> Tensor:
        quotient = node("Div", a, b)
        if not _is_float(a):
            return quotient
        return node("Mul", node("Sign", quotient), node("Floor", node("Abs", quotient)))

    return _binary(operation, write)


@writes("FloorDiv")
def floor_divide(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(a: Tensor, b: Tensor) -> Tensor:
        quotient = node("Div", a, b)
        if _is_float(a):
            return node("Floor", quotient)
        if np.dtype(a.dtype).kind == "u":
            return quotient
        zero = like(a, 0)
        rest = node("Mod", a, b, fmod=1)
        signs_differ = node("Xor", node("Less", rest, zero), node("Less", b, zero))
        is_above = node("And", signs_differ, node("Not", node("Equal", rest, zero)))
        return node("Sub", quotient, operation.builder.cast(is_above, a.dtype))

    return _binary(operation, write)


@writes("FloorMod")
def floor_modulo(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(a: Tensor, b: Tensor) -> Tensor:
        if not _is_float(a):
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
        logarithm = node("Log", b) if operation.op == "Xlogy" else _log1p(operation, b)
        result = node("Mul", a, logarithm)
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
    tolerance = operation.number("tolerance")

    def write(a: Tensor, b: Tensor) -> Tensor:
        distance = node("Abs", node("Sub", a, b))
        return node("LessOrEqual", distance, operation.builder.like(a, tolerance))

    return _binary(operation, write)


@writes("Atan2")
def angle(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like

    def write(y: Tensor, x: Tensor) -> Tensor:
        across, up = node("Abs", x), node("Abs", y)
        slanted = node("Atan", node("Div", up, across))
        diagonal = node("Where", node("Equal", up, like(x, 0)), like(x, 0), like(x, np.pi / 4))
        upright = node("Where", node("Equal", up, across), diagonal, slanted)
        angle = node(
            "Where", _has_minus(operation, x), node("Sub", like(x, np.pi), upright), upright
        )
        return node("Where", _has_minus(operation, y), node("Neg", angle), angle)

    return _binary(operation, write)


def _has_minus(operation: Operation, tensor: Tensor) -> Tensor:
    """Return whether numbers are negative; negative zero is."""
    node, zero = operation.builder.node, operation.builder.like(tensor, 0)
    return node("Or", node("Less", tensor, zero), node("Less", node("Reciprocal", tensor), zero))


@writes("Pow")
def power(operation: Operation) -> Value:
    if _is_float(operation.inputs[0]):
        return _binary(operation, lambda a, b: operation.builder.node("Pow", a, b))
    exponents = operation.constant(1, "its exponent, an integer,")
    if exponents.size and exponents.min() < 0:
        raise operation.refused("its exponent is a negative integer")
    return _binary(operation, lambda a, b: _multiplied(operation, a, b))


def _multiplied(operation: Operation, base: Tensor, exponent: Tensor) -> Tensor:
    """Return a power of an integer by repeated squaring, which wraps as TensorFlow's does."""
    builder, node = operation.builder, operation.builder.node
    one = builder.like(base, 1)
    exponents = np.asarray(exponent.value)

    def factor(power: Tensor, bit: int) -> Tensor:
        return node("Where", builder.constant((exponents >> bit) % 2 == 1), power, one)

    made = factor(base, 0)
    for bit in range(1, int(exponents.max(initial=0)).bit_length()):
        base = node("Mul", base, base)
        made = node("Mul", made, factor(base, bit))
    return made


@writes("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(operation: Operation) -> Value:
    operation.need_opset(OPSET_WITH_BITWISE)
    return _binary(operation, lambda a, b: operation.builder.node(operation.op, a, b))


@writes("Invert")
def invert(operation: Operation) -> Value:
    def write(x: Tensor) -> Tensor:
        highest = np.iinfo(x.dtype).max if np.dtype(x.dtype).kind == "u" else -1
        return operation.builder.node("Sub", operation.builder.like(x, highest), x)

    return _unary(operation, write)


@writes("Square")
def square(operation: Operation) -> Value:
    return _unary(operation, lambda x: operation.builder.node("Mul", x, x))


@writes("Rsqrt")
def reciprocal_root(operation: Operation) -> Value:
    node = operation.builder.node
    return _unary(operation, lambda x: node("Reciprocal", node("Sqrt", x)))


@writes("Round")
def round_half_to_even(operation: Operation) -> Value:
    if not _is_float(operation.inputs[0]):
        raise operation.refused("it rounds integers")
    return _unary(operation, lambda x: operation.builder.node("Round", x))


@writes("Erfc")
def complement_of_erf(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like
    return _unary(operation, lambda x: node("Sub", like(x, 1), node("Erf", x)))


@writes("Expm1")
def exponential_less_one(operation: Operation) -> Value:
    """Write exp(x) - 1 as tanh(x / 2) (exp(x) + 1), which is exact for small numbers, too."""
    node, like = operation.builder.node, operation.builder.like

    def write(x: Tensor) -> Tensor:
        halved = node("Tanh", node("Mul", x, like(x, 0.5)))
        return node("Mul", halved, node("Add", node("Exp", x), like(x, 1)))

    return _unary(operation, write)


@writes("Log1p")
def logarithm_of_one_more(operation: Operation) -> Value:
    return _unary(operation, lambda x: _log1p(operation, x))


def _log1p(operation: Operation, tensor: Tensor) -> Tensor:
    """Return log(1 + x), divided by what 1 + x has lost of x, as HP's calculators do."""
    node, one = operation.builder.node, operation.builder.like(tensor, 1)
    moved = node("Add", tensor, one)
    kept = node("Sub", moved, one)
    logarithm = node("Log", moved)
    is_whole = node("Equal", kept, tensor)
    made_up = node("Where", is_whole, logarithm, node("Mul", logarithm, node("Div", tensor, kept)))
    return node("Where", node("Equal", moved, one), tensor, made_up)


@writes("IsInf")
def is_infinite(operation: Operation) -> Value:
    return _unary(
        operation, lambda x: operation.builder.node("IsInf", _at_least_float32(operation, x))
    )


@writes("IsNan")
def is_not_a_number(operation: Operation) -> Value:
    return _unary(operation, lambda x: operation.builder.node("IsNaN", x))


@writes("IsFinite")
def is_finite(operation: Operation) -> Value:
    node = operation.builder.node

    def write(x: Tensor) -> Tensor:
        infinite = node("IsInf", _at_least_float32(operation, x))
        return node("Not", node("Or", infinite, node("IsNaN", x)))

    return _unary(operation, write)


@writes("Sign")
def sign(operation: Operation) -> Value:
    def write(x: Tensor) -> Tensor:
        builder = operation.builder
        return builder.cast(builder.node("Sign", _at_least_float32(operation, x)), x.dtype)

    return _unary(operation, write)


def _at_least_float32(operation: Operation, tensor: Tensor) -> Tensor:
    return operation.builder.cast(tensor, "float32") if tensor.dtype == "float16" else tensor


@writes("ZerosLike", "OnesLike")
def filled_alike(operation: Operation) -> Value:
    builder = operation.builder
    filler = 0 if operation.op == "ZerosLike" else 1
    return _unary(
        operation,
        lambda x: builder.node("Expand", builder.like(x, filler), builder.node("Shape", x)),
    )


@writes("Relu")
def relu(operation: Operation) -> Value:
    node, like = operation.builder.node, operation.builder.like
    if _is_float(operation.inputs[0]):
        return _unary(operation, lambda x: node("Relu", x))
    return _unary(operation, lambda x: node("Max", x, like(x, 0)))


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
    alpha = operation.number("alpha")
    return _unary(operation, lambda x: operation.builder.node("LeakyRelu", x, alpha=alpha))


@writes("Cast")
def cast(operation: Operation) -> Value:
    target = operation.dtype("DstT")
    if operation.flag("Truncate") and target in FLOATS:
        raise operation.refused("it truncates, and ONNX rounds to the nearest")
    return _unary(operation, lambda x: operation.builder.cast(x, target))


@writes("Bitcast")
def bitcast(operation: Operation) -> Value:
    value = operation.inputs[0]
    name = stored_name(attribute(operation.node, "type").type)
    if name not in NUMBERS:
        raise operation.refused(f"its element type is {name}")
    source, target = np.dtype(value.dtype), np.dtype(name)
    if source == target:
        return value
    if value.constant is not None:
        bits = bits_as(value.constant, target)
        return ordered(operation, operation.builder.constant(bits), False)
    if source.itemsize == target.itemsize and {source.kind, target.kind} == {"i", "u"}:
        return _unary(operation, lambda x: operation.builder.cast(x, target.name))
    raise operation.refused(f"ONNX cannot read the bits of {source} as {target}")


def bits_as(values: np.ndarray, target: np.dtype) -> np.ndarray:
    """Return the bits of an array as another type: as an axis of parts, or with one axis fewer."""
    if target.itemsize == values.dtype.itemsize:
        return np.ascontiguousarray(values).reshape(values.shape).view(target)
    if target.itemsize < values.dtype.itemsize:
        return np.ascontiguousarray(values)[..., None].view(target)
    return np.ascontiguousarray(values).view(target)[..., 0]
