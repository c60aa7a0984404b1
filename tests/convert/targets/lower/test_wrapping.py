import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered, assert_not_lowered

NARROW = [np.uint8, np.int8, np.uint16, np.int16]


def numbers(dtype, *shape, seed=0):
    limits = np.iinfo(dtype)
    values = np.random.default_rng(seed).integers(limits.min, limits.max + 1, shape).astype(dtype)
    values.flat[:2] = limits.min, limits.max
    return values


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("op", ["AddV2", "Sub", "Mul"])
def test_what_does_not_fit_wraps(runners, op, dtype):
    feeds = {"a": numbers(dtype, 40), "b": numbers(dtype, 40, seed=1)}
    assert_lowered(runners, [node("y", op, "a", "b", T=dtype)], feeds, [op])


@pytest.mark.parametrize(
    ("op", "dtype"), [("Neg", np.int8), ("Neg", np.int16), ("Abs", np.int8), ("Square", np.uint16)]
)
def test_what_does_not_fit_of_one_number_wraps(runners, op, dtype):
    assert_lowered(runners, [node("y", op, "x", T=dtype)], {"x": numbers(dtype, 40)}, [op])


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("op", ["Neg", "Abs"])
def test_large_numbers_change_their_sign(runners, op, dtype):
    x = np.array([2**31 - 1, -(2**31) + 1, 2**24 + 1, -5], dtype)
    assert_lowered(runners, [node("y", op, "x", T=dtype)], {"x": x}, [op])


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_squares_are_whole_numbers(runners, dtype):
    feeds = {"a": np.array([46340, -30001, 4097], dtype), "b": np.array([1, 10000, -4], dtype)}
    apart = node("y", "SquaredDifference", "a", "b", T=dtype)
    assert_lowered(runners, [apart], feeds, ["SquaredDifference"])
    square = node("y", "Square", "a", T=dtype)
    assert_lowered(runners, [square], {"a": feeds["a"]}, ["Square"])


@pytest.mark.parametrize("op", ["Sum", "Prod"])
def test_reductions_wrap(runners, op):
    nodes = [
        const("axis", [1], np.int32),
        node("y", op, "x", "axis", T=np.uint8, Tidx=np.int32, keep_dims=True),
    ]
    assert_lowered(runners, nodes, {"x": numbers(np.uint8, 3, 3)}, [op])


def test_a_sum_of_several_wraps(runners):
    feeds = {name: numbers(np.uint8, 9, seed=seed) for seed, name in enumerate("abc")}
    assert_lowered(runners, [node("y", "AddN", "a", "b", "c", T=np.uint8, N=3)], feeds, ["AddN"])


def test_a_wider_type_is_refused():
    x = np.zeros(2, np.float32)
    assert_not_lowered([node("y", "Neg", "x", T=np.float32)], {"x": x}, ["Neg"], "in float32")
    square = [node("y", "Square", "x", T=np.float32)]
    assert_not_lowered(square, {"x": x}, ["Square"], "in float32")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_what_has_one_place_is_added_up(runners, dtype):
    updates = np.full(5, np.iinfo(dtype).max, dtype)
    nodes = [
        const("places", [[0], [2], [0], [2], [2]], np.int32),
        const("shape", [4], np.int32),
        node("y", "ScatterNd", "places", "x", "shape", T=dtype, Tindices=np.int32),
    ]
    assert_lowered(runners, nodes, {"x": updates}, ["ScatterNd"], free=False)
