import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered


@pytest.mark.parametrize("shape", [(2, 3), ()])
def test_softsign(runners, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert_lowered(runners, [node("y", "Softsign", "x", T=np.float32)], {"x": x}, ["Softsign"])


UNARY = ["Inv", "Rint", "Erfc", "L2Loss", "Softsign"]


@pytest.mark.parametrize("op", UNARY)
def test_pointwise_functions(runners, op):
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3, 0.01], np.float32)
    assert_lowered(runners, [node("y", op, "x", T=np.float32)], {"x": x}, [op])


def test_values_are_clipped(runners):
    nodes = [const("a", -2, np.int32), const("b", 3, np.int32)]
    clip = node("y", "ClipByValue", "x", "a", "b", T=np.int32)
    assert_lowered(
        runners, [*nodes, clip], {"x": np.arange(-5, 6, dtype=np.int32)}, ["ClipByValue"]
    )


def test_numbers_that_are_nearly_equal(runners):
    feeds = {"a": np.array([1, 2, 3], np.float32), "b": np.array([1.05, 2.2, 2.95], np.float32)}
    near = node("y", "ApproximateEqual", "a", "b", T=np.float32, tolerance=0.1)
    assert_lowered(runners, [near], feeds, ["ApproximateEqual"])


def test_shapes_of_several(runners):
    feeds = {"a": np.zeros((2, 3), np.float32), "b": np.zeros((4,), np.float32)}
    nodes = [
        node("shapes", "ShapeN", "a", "b", T=np.float32, N=2, out_type=np.int32),
        const("axis", 0, np.int32),
        node("y", "ConcatV2", "shapes", "shapes:1", "axis", T=np.int32, Tidx=np.int32, N=2),
    ]
    assert_lowered(runners, nodes, feeds, ["ShapeN"])


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int8])
def test_all_bits_turned(runners, dtype):
    x = np.array([0, 1, 5, 100, 127, -1, -128]).astype(dtype)
    assert_lowered(runners, [node("y", "Invert", "x", T=dtype)], {"x": x}, ["Invert"])
