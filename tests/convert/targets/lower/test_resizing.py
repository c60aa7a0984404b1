import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered, assert_not_lowered

F = np.float32
KINDS = [(False, False), (True, False), (False, True)]
SIZES = [((5, 7), (9, 13)), ((9, 13), (5, 7)), ((1, 2), (4, 3)), ((6, 6), (4, 1)), ((3, 3), (3, 3))]


def resized(op, given, wanted, dtype=F, align_corners=False, half_pixel_centers=False):
    places = {"align_corners": align_corners}
    if op != "ResizeArea":
        places["half_pixel_centers"] = half_pixel_centers
    nodes = [const("size", wanted, np.int32), node("y", op, "x", "size", T=dtype, **places)]
    values = np.random.default_rng(0).integers(0, 250, (2, *given, 3))
    return nodes, {"x": values.astype(dtype)}


@pytest.mark.parametrize(("given", "wanted"), SIZES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.int32, np.uint8])
def test_integers_go_to_the_nearest_pixel(runners, given, wanted, kind, dtype):
    nodes, feeds = resized("ResizeNearestNeighbor", given, wanted, dtype, *kind)
    assert_lowered(runners, nodes, feeds, ["ResizeNearestNeighbor"])


def test_large_integers_go_there_unchanged(runners):
    nodes, _ = resized("ResizeNearestNeighbor", (2, 2), (3, 5), np.int32)
    x = np.array([2**31 - 1, 2**24 + 1, -(2**30) - 1, 7], np.int32).reshape(1, 2, 2, 1)
    assert_lowered(runners, nodes, {"x": x}, ["ResizeNearestNeighbor"])


@pytest.mark.parametrize(("given", "wanted"), [*SIZES, ((2, 3), (33, 65))])
@pytest.mark.parametrize("kind", KINDS)
def test_bicubic(runners, given, wanted, kind):
    nodes, feeds = resized("ResizeBicubic", given, wanted, F, *kind)
    assert_lowered(runners, nodes, feeds, ["ResizeBicubic"], free=False)


@pytest.mark.parametrize(("given", "wanted"), SIZES)
@pytest.mark.parametrize(("align_corners", "dtype"), [(False, F), (True, F), (False, np.uint8)])
def test_areas(runners, given, wanted, align_corners, dtype):
    nodes, feeds = resized("ResizeArea", given, wanted, dtype, align_corners)
    assert_lowered(runners, nodes, feeds, ["ResizeArea"], free=False)


def test_weights_need_a_fixed_size():
    nodes, feeds = resized("ResizeArea", (5, 7), (2, 2))
    assert_not_lowered(nodes, feeds, ["ResizeArea"], "not fixed", free=True)
