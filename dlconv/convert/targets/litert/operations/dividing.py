"""Quotients and remainders, rounded down or towards zero, and powers.

DIV rounds integers towards zero. FLOOR_DIV fails on zeros among floats, of which TensorFlow makes
infinities; FLOOR_MOD ends the process for the least integer and -1, whose quotient is no integer.
"""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes
from dlconv.convert.targets.litert.operations.pointwise import broadcast

# The largest exponent of integers that is written, in products.
MOST_EXPONENT = 64


@writes("FloorDiv")
def floor_division(operation: Operation) -> Tensor:
    inputs = broadcast(operation)
    if inputs[0].dtype == "int32":
        return operation.add("FLOOR_DIV", inputs, options=Options("FloorDivOptions"))
    return operation.add("FLOOR", [operation.add("DIV", inputs, options=Options("DivOptions"))])


@writes("FloorMod")
def floor_rest(operation: Operation) -> Tensor:
    inputs = broadcast(operation)
    divisor = operation.inputs[1].constant
    if inputs[0].dtype != "int32" or (divisor is not None and (divisor > 0).all()):
        return operation.add("FLOOR_MOD", inputs, options=Options("FloorModOptions"))
    return _rest(operation, inputs, "FLOOR_DIV", "FloorDivOptions")


@writes("TruncateDiv")
def truncated_division(operation: Operation) -> Tensor:
    inputs = broadcast(operation)
    _need_integers(operation)
    return operation.add("DIV", inputs, options=Options("DivOptions"))


@writes("TruncateMod", "Mod")
def truncated_rest(operation: Operation) -> Tensor:
    inputs = broadcast(operation)
    _need_integers(operation)
    return _rest(operation, inputs, "DIV", "DivOptions")


def _need_integers(operation: Operation) -> None:
    if operation.inputs[0].dtype != "int32":
        raise operation.refused("its values are floats")


def _rest(operation: Operation, inputs: list[Tensor], code: str, table: str) -> Tensor:
    """Return what a quotient leaves."""
    quotient = operation.add(code, inputs, options=Options(table))
    done = operation.add("MUL", [quotient, inputs[1]], options=Options("MulOptions"))
    return operation.add("SUB", [inputs[0], done], options=Options("SubOptions"))


@writes("Pow")
def power(operation: Operation) -> Tensor:
    inputs = broadcast(operation)
    if inputs[0].dtype != "int32":
        return operation.add("POW", inputs, options=Options("PowOptions"))
    exponents = operation.constant(1, "its exponent, an integer,")
    if exponents.size != 1 or not 0 <= exponents.item() <= MOST_EXPONENT:
        raise operation.refused("its exponent is not one small integer")
    if not exponents.item():
        return operation.filled(inputs[0], 1, "int32")
    return _product(operation, inputs[0], exponents.item())


def _product(operation: Operation, base: Tensor, exponent: int) -> Tensor:
    """Multiply squares, which wrap as TensorFlow's do; POW keeps to the range."""
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else _multiplied(operation, result, base)
        exponent >>= 1
        base = _multiplied(operation, base, base) if exponent else base
    assert result is not None
    return result


def _multiplied(operation: Operation, one: Tensor, other: Tensor) -> Tensor:
    return operation.add("MUL", [one, other], options=Options("MulOptions"))
