import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_not_written, assert_written

F = np.float32
FLOATS = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -7.25, 1e-6, 60.0, -60.0]
EDGES = {
    "float32": FLOATS,
    "float16": FLOATS[:10],
    "int8": [-128, -127, -7, -1, 0, 1, 2, 127],
    "int16": [-32768, -181, -1, 0, 1, 3, 32767],
    "uint8": [0, 1, 2, 127, 128, 255],
    "uint16": [0, 1, 3, 65535],
    "int32": [-(2**31), 1 - 2**31, -46341, -7, -1, 0, 1, 2, 7, 2**31 - 1],
    "int64": [-(2**31), -7, -1, 0, 1, 2, 7, 2**31 - 1],
    "bool": [False, True],
}
SIGNED = ("int8", "int16", "int32")
NARROW = ("int8", "int16", "uint8", "uint16")
OF_ONE = {
    **dict.fromkeys(("Abs", "Neg", "Sign"), ("float32", *SIGNED)),
    **dict.fromkeys(("Ceil", "Cos", "Elu", "Exp", "Floor", "IsFinite"), ("float32",)),
    **dict.fromkeys(("IsInf", "IsNan", "Rint", "Round", "Sigmoid", "Sin"), ("float32",)),
    **dict.fromkeys(("Softplus", "Softsign", "Selu", "Erf", "Tanh"), ("float32", "float16")),
    **dict.fromkeys(("Relu", "Relu6"), ("float32", *SIGNED, "uint8")),
    "LogicalNot": ("bool",),
    "OnesLike": ("float32", "bool", "uint8"),
    "Square": ("float32", *NARROW, "int32"),
    "ZerosLike": ("float32", "bool"),
}
OF_TWO = {
    **dict.fromkeys(("AddV2", "Mul", "Sub"), ("float32", *NARROW, "int32")),
    **dict.fromkeys(("Atan2", "DivNoNan"), ("float32",)),
    **dict.fromkeys(("Equal", "NotEqual", "Less", "GreaterEqual"), ("float32", "int32", "uint8")),
    **dict.fromkeys(("LogicalAnd", "LogicalOr"), ("bool",)),
    **dict.fromkeys(("Maximum", "Minimum"), ("float32", *NARROW, "int32", "int64")),
    "SquaredDifference": ("float32", "int32"),
}


def edges(dtype):
    return np.array(EDGES[dtype], dtype)


def pairs(dtype):
    one, other = np.meshgrid(edges(dtype), edges(dtype))
    return {"a": one.ravel(), "b": other.ravel()}


def typed(op, dtype):
    return {} if op.startswith("Logical") else {"T": np.dtype(dtype)}


@pytest.mark.parametrize("op", sorted(OF_ONE))
def test_each_number_alone(litert, op):
    for dtype in OF_ONE[op]:
        close = 1e-5 if dtype == "float32" else 2e-3
        nodes = [node("y", op, "x", **typed(op, dtype))]
        assert_written(litert, nodes, {"x": edges(dtype)}, free=False, close=close)


@pytest.mark.parametrize("op", sorted(OF_TWO))
def test_each_pair_of_numbers(litert, op):
    for dtype in OF_TWO[op]:
        nodes = [node("y", op, "a", "b", **typed(op, dtype))]
        assert_written(litert, nodes, pairs(dtype), free=False)


@st.composite
def shapes(draw):
    """A shape, and one that is broadcast to it or that it is broadcast to."""
    shape = draw(st.sampled_from([(2,), (3, 2), (1, 3, 4, 2), (2, 3, 1, 2, 2)]))
    other = tuple(draw(st.sampled_from([1, extent])) for extent in shape)
    other = draw(st.sampled_from([other, shape[-1:], ()]))
    return draw(st.permutations([shape, other]))


@settings(max_examples=30)
@given(st.sampled_from(sorted(OF_TWO)), shapes(), st.booleans())
def test_shapes_that_are_broadcast(litert, op, pair, is_constant):
    dtype = OF_TWO[op][0]
    one, other = (np.resize(edges(dtype)[k:], shape) for k, shape in enumerate(pair))
    nodes = [node("y", op, "a", "b", **typed(op, dtype))]
    if is_constant:
        assert_written(litert, [const("b", other), *nodes], {"a": one})
    else:
        assert_written(litert, nodes, {"a": one, "b": other})


@settings(max_examples=15)
@given(shapes(), st.sampled_from(["float32", "uint8", "bool"]))
def test_a_choice_is_broadcast(litert, pair, dtype):
    one, other = (np.resize(edges(dtype), shape) for shape in pair)
    condition = np.resize([True, False, False], pair[1])
    nodes = [node("y", "SelectV2", "c", "a", "b", T=np.dtype(dtype))]
    assert_written(litert, nodes, {"c": condition, "a": one, "b": other})


WITHIN_INT32 = [-300.7, -129, -128.5, -1.5, -0.5, 0, 0.9, 1.5, 127.9, 255.4, 256, 65536.5, 2e9]


@pytest.mark.parametrize("target", [*SIGNED, "uint8", "uint16", "int64", "float32", "bool"])
def test_casts(litert, target):
    values = {**EDGES, "float32": WITHIN_INT32}
    for source in ("float32", "int32", "int64", "int8", "uint8", "bool"):
        if source != target:
            x = np.array(values[source], source)
            nodes = [node("y", "Cast", "x", SrcT=x.dtype, DstT=np.dtype(target))]
            assert_written(litert, nodes, {"x": x}, free=False)


NOT_FINITE = np.array([np.nan, np.inf, -np.inf, 0, 1, -1], F)


@pytest.mark.parametrize("op", ["IsNan", "IsInf", "IsFinite"])
def test_what_is_not_a_number_is_found(litert, op):
    assert_written(litert, [node("y", op, "x", T=F)], {"x": NOT_FINITE})


@pytest.mark.parametrize("op", ["Maximum", "Minimum"])
@pytest.mark.parametrize("limit", [np.array(0.25, F), np.full(6, 0.25, F)])
def test_limits_keep_what_is_not_a_number(litert, op, limit):
    for inputs in (("x", "limit"), ("limit", "x")):
        nodes = [const("limit", limit), node("y", op, *inputs, T=F)]
        assert_written(litert, nodes, {"x": NOT_FINITE}, free=False)


SMALL = {"Log1p": 1e-7, "Expm1": 1e-7, "Softplus": 1.0, "Erf": 1e-7, "Asinh": 1e-5, "Atanh": 1e-5}


@pytest.mark.parametrize("op", [*SMALL, "Sinh", "Cosh", "Tan", "Atan", "Asin", "Acos"])
def test_functions_keep_the_digits_of_small_numbers(litert, op):
    for scale in (SMALL.get(op, 1e-6), 0.9):
        x = (np.linspace(-1, 1, 31) * scale).astype(F)
        assert_written(litert, [node("y", op, "x", T=F)], {"x": x}, free=False)
    if op in ("Log1p", "Expm1", "Softplus", "Erf", "Asinh", "Atan"):
        x = np.array([2, 3.9, 4, 9, 30, 80, 1e-30], F)
        assert_written(litert, [node("y", op, "x", T=F)], {"x": x}, free=False)


def test_integers_that_no_constant_of_a_file_holds_are_refused():
    nodes = [const("c", 2**31, np.int64), node("y", "AddV2", "x", "c", T=np.int64)]
    assert_not_written(nodes, {"x": np.zeros(2, np.int64)}, "constant c: it does not fit in int32")


def test_rounded_integers_are_refused():
    """TensorFlow itself gives zeros."""
    assert_not_written(
        [node("y", "Round", "x", T=np.int32)], {"x": np.ones(2, np.int32)}, "T int32|integers"
    )
