import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.graphs import const, graph_def, node, placeholder, resize
from support.onnx_operations import CLOSE, assert_same, graph_of, written

from dlconv.convert.targets.bicubic import bicubic_table
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph

F, I = np.float32, np.int32  # noqa: E741
LEGACY: dict[str, bool] = {}
CORNERS, CENTRES = {"align_corners": True}, {"half_pixel_centers": True}
CONVENTIONS = st.sampled_from([LEGACY, CORNERS, CENTRES])
TYPES = st.sampled_from([np.uint8, I, np.int64, np.float16, F, np.float64])


@st.composite
def extents(draw, most=14):
    """A size, and what it is resized to: by well-known ratios, or any other."""
    numerator, denominator = draw(
        st.sampled_from([(1, 1), (2, 1), (4, 1), (1, 2), (2, 3), (3, 2), (1, 3), (5, 7), (0, 0)])
    )
    if not numerator:
        return draw(st.integers(1, most)), draw(st.integers(1, most))
    times = draw(st.integers(1, max(1, most // max(numerator, denominator))))
    return denominator * times, numerator * times


def images(height, width, dtype, channels=3, batch=2):
    """Numbers that each type holds, and no two neighbours of which are equal."""
    values = np.random.default_rng(height * 100 + width).integers(
        0, 256, size=(batch, height, width, channels)
    )
    return values.astype(dtype)


def resized_to(kind, height, width, dtype=F, **attributes):
    attributes = {"T": dtype, **attributes}
    return [const("size", [height, width], I), resize("y", "x", "size", kind, **attributes)]


@settings(max_examples=40)
@given(extents(), extents(), TYPES, CONVENTIONS)
@example((2, 83), (42, 42), F, CORNERS)
@example((1, 41), (1, 1), F, LEGACY)
@example((6, 9), (6, 9), F, LEGACY)
def test_nearest_pixels_are_those_that_tensorflows_rounding_gives(tall, wide, dtype, convention):
    nodes = resized_to("ResizeNearestNeighbor", tall[1], wide[1], dtype, **convention)
    assert_same(nodes, {"x": images(tall[0], wide[0], dtype)}, close=0)


@settings(max_examples=30)
@given(st.integers(1, 600), st.integers(1, 600), CONVENTIONS)
def test_nearest_pixels_are_right_in_long_images(before, after, convention):
    image = np.arange(before, dtype=F).reshape(1, before, 1, 1)
    nodes = resized_to("ResizeNearestNeighbor", after, 1, **convention)
    assert_same(nodes, {"x": image}, close=0)


@pytest.mark.parametrize("convention", [LEGACY, CENTRES])
@pytest.mark.parametrize("sizes", [(6, 9, 12, 9), (6, 9, 18, 27)])
def test_pixels_that_are_repeated_are_one_node(sizes, convention):
    nodes = resized_to("ResizeNearestNeighbor", *sizes[2:], **convention)
    graph = graph_of(nodes, {"x": images(*sizes[:2], F)}, behind=True)
    ops = [each.op_type for each in written(graph, "y").skeleton.graph.node]
    assert [op for op in ops if op != "Transpose"] == ["Conv", "Resize"]


@pytest.mark.parametrize("convention", [LEGACY, CORNERS, CENTRES])
def test_one_pixel_is_repeated(convention):
    nodes = resized_to("ResizeBilinear", 5, 7, **convention)
    feeds = {"x": images(1, 1, F)}
    assert_same(nodes, feeds, close=0)
    model = written(graph_of(nodes, feeds), "y").skeleton
    assert [each.op_type for each in model.graph.node] == ["Expand"]


@settings(max_examples=40)
@given(extents(), extents(), TYPES, CONVENTIONS)
def test_bilinear(tall, wide, dtype, convention):
    nodes = resized_to("ResizeBilinear", tall[1], wide[1], dtype, **convention)
    assert_same(nodes, {"x": images(tall[0], wide[0], dtype)})


@settings(max_examples=8)
@given(st.integers(200, 600), st.integers(200, 600), CONVENTIONS)
def test_bilinear_of_long_images_differs_by_no_more_than_the_rounding_of_places(
    before, after, convention
):
    nodes = resized_to("ResizeBilinear", after, 1, **convention)
    assert_same(nodes, {"x": images(before, 1, F)}, close=before / 2**21)


@settings(max_examples=30)
@given(extents(), extents(), TYPES, CONVENTIONS)
def test_bicubic(tall, wide, dtype, convention):
    nodes = resized_to("ResizeBicubic", tall[1], wide[1], dtype, **convention)
    assert_same(nodes, {"x": images(tall[0], wide[0], dtype)})


@settings(max_examples=30)
@given(extents(), extents(), TYPES, st.sampled_from([LEGACY, CORNERS]))
def test_area(tall, wide, dtype, convention):
    nodes = resized_to("ResizeArea", tall[1], wide[1], dtype, **convention)
    assert_same(nodes, {"x": images(tall[0], wide[0], dtype)})


@settings(max_examples=10)
@given(st.sampled_from(["ResizeBicubic", "ResizeArea"]), st.integers(1, 500), st.integers(1, 500))
@example("ResizeArea", 3, 500)
@example("ResizeArea", 500, 3)
@example("ResizeBicubic", 100, 499)
def test_weights_of_long_images_are_those_of_tensorflow(kind, before, after):
    nodes = resized_to(kind, after, 1)
    assert_same(nodes, {"x": images(before, 1, F)})


KINDS = ["ResizeNearestNeighbor", "ResizeBilinear", "ResizeBicubic", "ResizeArea"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_may_be_that_of_another_image(kind):
    nodes = [
        node("shape", "Shape", "other", T=F, out_type=I),
        const("begin", [1], I),
        const("end", [3], I),
        const("step", [1], I),
        node("size", "StridedSlice", "shape", "begin", "end", "step", T=I, Index=I),
        resize("y", "x", "size", kind),
    ]
    feeds = {"x": images(4, 6, F), "other": images(7, 5, F, channels=1)}
    assert_same(nodes, feeds)


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_may_be_twice_its_own(kind):
    nodes = [
        node("shape", "Shape", "x", T=F, out_type=I),
        const("begin", [1], I),
        const("end", [3], I),
        const("step", [1], I),
        node("own", "StridedSlice", "shape", "begin", "end", "step", T=I, Index=I),
        const("two", 2, I),
        node("size", "Mul", "own", "two", T=I),
        resize("y", "x", "size", kind),
    ]
    assert_same(nodes, {"x": images(4, 6, F)})


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_may_be_an_input(kind):
    feeds = {"x": images(4, 6, F), "size": np.array([5, 9], I)}
    assert_same([resize("y", "x", "size", kind)], feeds)


@pytest.mark.parametrize("kind", KINDS)
def test_no_image_of_a_batch_is_needed(kind):
    nodes = resized_to(kind, 5, 9)
    assert_same(nodes, {"x": images(4, 6, F, batch=0)})


def test_the_weights_of_a_place_on_a_pixel_are_that_pixel():
    for is_centred in (False, True):
        table = bicubic_table(is_centred)
        np.testing.assert_allclose(table[0], [0, 1, 0, 0], atol=CLOSE)
        np.testing.assert_allclose(table[-1], [0, 0, 1, 0], atol=CLOSE)
        np.testing.assert_allclose(table.sum(axis=1), 1, atol=CLOSE)


@pytest.mark.parametrize("op", ["ScaleAndTranslate", "ExtractGlimpse"])
def test_other_ways_to_resize_are_refused_by_name(op):
    graph = Graph(graph_def(placeholder("x", F, (1, 4, 4, 3)), node("y", op, "x")))
    with pytest.raises(DlconvError, match=rf"does not write {op} as ONNX \(node y\)"):
        written(graph, "y")
