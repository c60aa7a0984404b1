import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import assert_same

shapes = arrays.array_shapes(min_dims=0, max_dims=3, max_side=3)
images = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4))
# Eighths are often equal, and 0 and 1 are among them.
eighths = st.integers(0, 8).map(lambda n: n / 8)


@st.composite
def pixels(
    draw, shapes=shapes | images, dtypes=("float16", "float32", "float64"), elements=eighths
):
    """An image of three channels."""
    shape = (*draw(shapes), 3)
    return draw(arrays.arrays(draw(st.sampled_from(dtypes)), shape, elements=elements))


@settings(max_examples=30)
@given(st.sampled_from(["RGBToHSV", "HSVToRGB"]), pixels())
def test_colour_spaces(op, image):
    assert_same([node("y", op, "x", T=image.dtype)], {"x": image}, moved=True)


@pytest.mark.parametrize("op", ["RGBToHSV", "HSVToRGB"])
def test_every_hue(op):
    random = np.random.default_rng(0).random((2, 9, 9, 3)).astype(np.float32)
    assert_same([node("y", op, "x", T=np.float32)], {"x": random})


@settings(max_examples=30)
@given(
    st.sampled_from(["AdjustHue", "AdjustSaturation"]),
    pixels(arrays.array_shapes(min_dims=2, max_dims=4, max_side=3) | images),
    st.data(),
)
def test_hue_and_saturation(op, image, data):
    by = data.draw(st.sampled_from([-1.0, -0.3, 0.0, 0.2, 0.5, 1.0, 1.7]))
    image = image.astype(np.float32)
    y = node("y", op, "x", "by", T=np.float32)
    assert_same([const("by", by, np.float32), y], {"x": image}, moved=True)


@pytest.mark.parametrize("op", ["AdjustHue", "AdjustSaturation", "AdjustContrastv2"])
def test_by_how_much_may_be_computed(op):
    random = np.random.default_rng(1).random((2, 5, 4, 3)).astype(np.float32)
    y = node("y", op, "x", "by", T=np.float32)
    assert_same([y], {"x": random, "by": np.array(0.3, np.float32)})


@settings(max_examples=20)
@given(
    arrays.array_shapes(min_dims=3, max_dims=5, max_side=3) | images.map(lambda s: (*s, 3)),
    st.sampled_from([0.0, 0.5, 3.0]),
)
def test_contrast(shape, factor):
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    y = node("y", "AdjustContrastv2", "x", "by", T=np.float32)
    assert_same([const("by", factor, np.float32), y], {"x": image}, moved=True)
