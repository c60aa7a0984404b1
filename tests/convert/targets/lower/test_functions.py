"""Beside TensorFlow alone: TF.js has all of these, and LiteRT is tested at its writer."""

import numpy as np
import pytest
from support.graphs import node
from support.lowering import assert_lowered

# How far numbers lie from zero: where it has few digits left, and where it is about to end.
RANGES = {
    "Acos": (1e-6, 0.99),
    "Acosh": (1e-3, 40.0),
    "Asin": (1e-6, 0.99),
    "Asinh": (1e-6, 1e4),
    "Atan": (1e-6, 1e4),
    "Atanh": (1e-6, 0.99),
    "Cosh": (1e-6, 40.0),
    "Erf": (1e-7, 6.0),
    "Expm1": (1e-7, 40.0),
    "Log1p": (1e-7, 0.99),
    "Selu": (1.0, 40.0),
    "Sinh": (1e-6, 40.0),
    "Softplus": (1.0, 80.0),
    "Tan": (1e-6, 1.2),
}


@pytest.mark.parametrize("op", sorted(RANGES))
def test_small_numbers_and_large_ones(op):
    for most in RANGES[op]:
        x = np.linspace(-most, most, 41, dtype=np.float32)
        x = 1 + np.abs(x) if op == "Acosh" else x
        assert_lowered({}, [node("y", op, "x", T=np.float32)], {"x": x}, [op], free=False)


def test_the_logarithm_of_large_numbers():
    x = np.array([0.49, 0.5, 0.51, 3, 1e6, 1e30, np.inf], np.float32)
    assert_lowered({}, [node("y", "Log1p", "x", T=np.float32)], {"x": x}, ["Log1p"])


@pytest.mark.parametrize("op", ["Erf", "Softplus"])
def test_half_floats_are_computed_as_floats(op):
    x = np.linspace(-3, 3, 21, dtype=np.float16)
    nodes = [node("y", op, "x", T=np.float16)]
    assert_lowered({}, nodes, {"x": x}, [op], free=False)
