import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, written

from dlconv.errors import DlconvError

F, I = np.float32, np.int32  # noqa: E741
TYPES = st.sampled_from(
    [np.uint8, np.uint16, np.int8, np.int16, I, np.int64, np.float16, F, np.float64]
)
METHODS = st.sampled_from([b"bilinear", b"nearest"])
SIDES = st.integers(1, 9)
# Corners on pixels, between them, and outside of the image; either may be the upper one. The
# smallest floats are left out, which TensorFlow takes for 0.
PLACES = st.one_of(
    st.sampled_from([0, 1, 0.5, 0.25]),
    st.floats(-0.5, 1.5, width=32).filter(lambda place: abs(place) > 1e-6),
)
BOXES = st.lists(st.lists(PLACES, min_size=4, max_size=4), max_size=4)


def crops(height, width, dtype=F, method=b"bilinear", beyond=0.0):
    attributes = {"T": dtype, "method": method, "extrapolation_value": beyond}
    return [
        const("size", [height, width], I),
        node("y", "CropAndResize", "x", "boxes", "of", "size", **attributes),
    ]


def feeds(height, width, boxes, dtype=F, batch=3):
    random = np.random.default_rng(height * 10 + width)
    return {
        "x": random.integers(0, 100, size=(batch, height, width, 2)).astype(dtype),
        "boxes": np.array(boxes, F).reshape(-1, 4),
        "of": random.integers(0, batch, size=len(boxes)).astype(I),
    }


@settings(max_examples=50)
@given(SIDES, SIDES, SIDES, SIDES, BOXES, TYPES, METHODS, st.sampled_from([0.0, -7.5]))
def test_crops(tall, wide, rows, columns, boxes, dtype, method, beyond):
    nodes = crops(rows, columns, dtype, method, beyond)
    assert_same(nodes, feeds(tall, wide, boxes, dtype))


@settings(max_examples=20)
@given(st.integers(1, 400), st.integers(1, 60), PLACES, PLACES)
def test_rows_of_long_images_are_nearest_and_outside_as_in_tensorflow(tall, rows, start, end):
    given = feeds(tall, 1, [[start, 0, end, 0]])
    given["x"] = np.arange(3 * tall, dtype=F).reshape(3, tall, 1, 1)
    assert_same(crops(rows, 1, method=b"nearest", beyond=-1.0), given, close=0)


@pytest.mark.parametrize("method", [b"bilinear", b"nearest"])
def test_boxes_may_be_constant(method):
    given = feeds(5, 6, [[0, 0, 1, 1], [0.2, 0.9, 0.7, 0.1]])
    constants = [const("boxes", given.pop("boxes")), const("of", given.pop("of"))]
    assert_same([*constants, *crops(4, 3, method=method)], given)


def test_a_size_of_crops_that_is_computed_is_refused():
    given = {**feeds(5, 6, [[0, 0, 1, 1]]), "size": np.array([3, 4], I)}
    nodes = crops(3, 4)[1:]
    with pytest.raises(DlconvError, match="the size of its crops is not constant"):
        written(graph_of(nodes, given), "y")


def test_an_unknown_method_is_refused():
    nodes = crops(3, 4, method=b"cubic")
    with pytest.raises(DlconvError, match="its method is cubic"):
        written(graph_of(nodes, feeds(5, 6, [[0, 0, 1, 1]])), "y")
