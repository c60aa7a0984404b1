"""Functions of one number that LiteRT lacks, from those that it has.

Near zero the logarithm of 1 + x and the exponential less 1 lose the digits of x, so these take
other ways: the first a series, since XNNPACK's logarithm has few digits near 1, the second the
hyperbolic tangent. The error function is the quotient of two polynomials, fitted for the least
relative error: 4e-7 in float32. Half floats are computed as float32.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dlconv.convert.targets.lower.arithmetic import FLOAT32, cast
from dlconv.convert.targets.lower.operation import Lowering, Operation, lowers

HALF = np.dtype(np.float16)
# erf(x) is x * P(x * x) / Q(x * x) up to here, and 1 beyond; the coefficients, lowest power first.
MOST = 4.0
NUMERATOR = (1.12837914, 1.93545030e-1, 5.31014716e-2, 3.88325470e-3, 2.84549588e-4, 1.98660780e-6)
DENOMINATOR = (1.0, 5.04857375e-1, 1.15349738e-1, 1.52071016e-2, 1.18552156e-3, 3.74174808e-5)
# How near to zero log(1 + x) is a series; its coefficients in the square of x / (x + 2).
NEAR = 0.5
ARTANH = (1.0, 1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13)
# Of Selu: Klambauer et al., Self-Normalizing Neural Networks, 2017.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class Formula:
    """Adds operations on tensors of one element type, with numbers as constants."""

    def __init__(self, operation: Operation, dtype: np.dtype) -> None:
        self._operation, self._dtype = operation, dtype

    def __call__(self, op: str, *values: str | float) -> str:
        """Return what an operation of tensors and numbers gives."""
        tensors = (
            value if isinstance(value, str) else self._operation.const(value, self._dtype)
            for value in values
        )
        return self._operation.add(op, *tensors, T=self._dtype)


def _computes(op: str) -> Callable[[Callable[[Formula, str], str]], Lowering]:
    """Register what computes a function of its input as the lowering of an op."""

    def register(compute: Callable[[Formula, str], str]) -> Lowering:
        @lowers(op)
        def lowering(operation: Operation) -> str:
            dtype = operation.dtype()
            held = FLOAT32 if dtype == HALF else dtype
            value = cast(operation, operation.inputs[0], dtype, held)
            return cast(operation, compute(Formula(operation, held), value), held, dtype)

        return lowering

    return register


@_computes("Erf")
def _erf(do: Formula, value: str) -> str:
    within = do("Minimum", do("Maximum", value, -MOST), MOST)
    square = do("Mul", within, within)
    above = do("Mul", within, _polynomial(do, square, NUMERATOR))
    return do("RealDiv", above, _polynomial(do, square, DENOMINATOR))


def _polynomial(do: Formula, value: str, coefficients: Sequence[float]) -> str:
    """Return a polynomial by Horner's rule."""
    *rest, last, highest = coefficients
    result = do("AddV2", do("Mul", value, highest), last)
    for coefficient in reversed(rest):
        result = do("AddV2", do("Mul", result, value), coefficient)
    return result


@_computes("Log1p")
def _log1p(do: Formula, value: str) -> str:
    """Near zero the series of 2 * artanh(x / (x + 2)), which is the same, has digits left."""
    ratio = do("RealDiv", value, do("AddV2", value, 2.0))
    series = _polynomial(do, do("Mul", ratio, ratio), ARTANH)
    near = do("Mul", do("AddV2", ratio, ratio), series)
    is_near = do("Less", do("Abs", value), NEAR)
    return do("SelectV2", is_near, near, do("Log", do("AddV2", value, 1.0)))


@_computes("Expm1")
def _expm1(do: Formula, value: str) -> str:
    """exp(x) - 1 is tanh(x / 2) * (exp(x) + 1)."""
    half = do("Tanh", do("Mul", value, 0.5))
    return do("Mul", half, do("AddV2", do("Exp", value), 1.0))


@_computes("Softplus")
def _softplus(do: Formula, value: str) -> str:
    rest = do("Log1p", do("Exp", do("Neg", do("Abs", value))))
    return do("AddV2", do("Maximum", value, 0.0), rest)


@_computes("Selu")
def _selu(do: Formula, value: str) -> str:
    above = do("Mul", do("Maximum", value, 0.0), SELU_SCALE)
    below = do("Mul", do("Elu", do("Minimum", value, 0.0)), SELU_SCALE * SELU_ALPHA)
    return do("AddV2", above, below)


@_computes("Cosh")
def _cosh(do: Formula, value: str) -> str:
    total = do("AddV2", do("Exp", value), do("Exp", do("Neg", value)))
    return do("Mul", total, 0.5)


@_computes("Sinh")
def _sinh(do: Formula, value: str) -> str:
    """sinh(x) is tanh(x) * cosh(x), which keeps the digits of small numbers."""
    return do("Mul", do("Tanh", value), do("Cosh", value))


@_computes("Tan")
def _tan(do: Formula, value: str) -> str:
    return do("RealDiv", do("Sin", value), do("Cos", value))


@_computes("Atan")
def _atan(do: Formula, value: str) -> str:
    return do("Atan2", value, 1.0)


@_computes("Asin")
def _asin(do: Formula, value: str) -> str:
    return do("Atan2", value, _other_side(do, value))


@_computes("Acos")
def _acos(do: Formula, value: str) -> str:
    return do("Atan2", _other_side(do, value), value)


def _other_side(do: Formula, value: str) -> str:
    """Return the cosine of the angle whose sine is a value."""
    return do("Sqrt", do("Mul", do("Sub", 1.0, value), do("AddV2", value, 1.0)))


@_computes("Asinh")
def _asinh(do: Formula, value: str) -> str:
    size = do("Abs", value)
    square = do("Mul", size, size)
    root = do("Sqrt", do("AddV2", square, 1.0))
    more = do("RealDiv", square, do("AddV2", root, 1.0))
    return do("Mul", do("Sign", value), do("Log1p", do("AddV2", size, more)))


@_computes("Acosh")
def _acosh(do: Formula, value: str) -> str:
    above = do("Sub", value, 1.0)
    product = do("Mul", above, do("AddV2", value, 1.0))
    return do("Log1p", do("AddV2", above, do("Sqrt", product)))


@_computes("Atanh")
def _atanh(do: Formula, value: str) -> str:
    ratio = do("RealDiv", do("AddV2", value, value), do("Sub", 1.0, value))
    return do("Mul", do("Log1p", ratio), 0.5)
