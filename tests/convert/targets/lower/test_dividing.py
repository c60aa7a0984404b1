import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered

PAIRS = [(a, b) for a in (-9, -8, -7, -1, 0, 1, 6, 7) for b in (-4, -3, -1, 1, 2, 5)]
LARGE = [(2**31 - 1, 2), (2**31 - 1, 3), (-(2**31) + 5, 7), (2**30, 1), (10**9, 31), (-(10**9), 3)]


def divided(op, a, b, dtype):
    feeds = {"a": np.array(a, dtype), "b": np.array(b, dtype)}
    return [node("y", op, "a", "b", T=dtype)], feeds


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.int8])
@pytest.mark.parametrize("op", ["FloorDiv", "Div", "TruncateDiv", "TruncateMod", "Mod"])
def test_integers_are_divided_as_in_tensorflow(runners, op, dtype):
    if dtype == np.int8 and op in ("Mod", "TruncateMod"):
        pytest.skip("TensorFlow has no kernel")
    a, b = np.array(PAIRS if dtype == np.int8 else PAIRS + LARGE).T
    nodes, feeds = divided(op, a, b, dtype)
    assert_lowered(runners, nodes, feeds, [op])


@pytest.mark.parametrize("op", ["FloorDiv", "TruncateMod", "Mod"])
def test_floats_are_divided_as_in_tensorflow(runners, op):
    a, b = np.random.default_rng(0).normal(scale=9, size=(2, 50))
    assert_lowered(runners, *divided(op, a, b, np.float32), [op])


@pytest.mark.parametrize("op", ["DivNoNan", "Xdivy", "MulNoNan", "Xlogy", "Xlog1py"])
def test_nothing_times_or_by_anything_is_nothing(runners, op):
    a = [0, 0, 1, 2, 3, 0, -2]
    b = [0, 1, 2, 0.5, 9, np.inf, 0.25] if op != "DivNoNan" else [0, 1, 2, 0.5, 9, 0, 0]
    if op == "MulNoNan":
        a, b = b, a
    assert_lowered(runners, *divided(op, a, b, np.float32), [op])


@pytest.mark.parametrize("dtype", [np.int32, np.uint8])
@pytest.mark.parametrize("axes", [[1], [0, 2], [-1]])
def test_a_mean_of_integers_is_rounded_towards_zero(runners, axes, dtype):
    x = np.random.default_rng(0).integers(-20, 20, (2, 3, 4)).astype(dtype) % 16
    nodes = [
        const("axes", axes, np.int32),
        node("y", "Mean", "x", "axes", T=dtype, Tidx=np.int32, keep_dims=False),
    ]
    x = x - 8 if dtype == np.int32 else x
    assert_lowered(runners, nodes, {"x": x.astype(dtype)}, ["Mean"])


def test_the_axis_of_a_mean_becomes_a_vector(runners):
    nodes = [const("axis", -1, np.int32)]
    mean = node("y", "Mean", "x", "axis", T=np.float32, Tidx=np.int32, keep_dims=True)
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    assert_lowered(runners, [*nodes, mean], {"x": x}, ["Mean"])
