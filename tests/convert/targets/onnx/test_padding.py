import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import assert_same

TYPES = ["int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64", "bool"]
images = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


def numbered(shape, dtype="float32") -> np.ndarray:
    """No two elements are the same, where the type has room for that."""
    return (np.arange(np.prod(shape)) % 120).reshape(shape).astype(dtype)


@st.composite
def padded(draw, least=0, most=lambda extent: 3):
    """A shape, and how much each of its axes is padded: as constants, or computed."""
    shape = draw(arrays.array_shapes(min_dims=1, max_dims=5, min_side=least, max_side=4) | images)
    pads = [[draw(st.integers(0, most(extent))) for _ in "ab"] for extent in shape]
    return shape, np.array(pads, np.int32), draw(st.booleans())


def assert_padded(found, dtype, y, *more):
    """``y`` reads x, the pads and ``more``, and gives the same."""
    shape, pads, is_computed = found
    feeds = {"x": numbered(shape, dtype)}
    if is_computed:
        feeds["pads"] = pads
    else:
        more = (const("pads", pads), *more)
    assert_same([*more, y], feeds, moved=True)


@settings(max_examples=20)
@given(padded(), st.sampled_from(TYPES))
def test_pad(found, dtype):
    y = node("y", "Pad", "x", "pads", T=dtype, Tpaddings=np.int32)
    assert_padded(found, dtype, y)


@settings(max_examples=20)
@given(padded(), st.sampled_from(TYPES))
def test_pad_with_a_value(found, dtype):
    y = node("y", "PadV2", "x", "pads", "value", T=dtype, Tpaddings=np.int32)
    assert_padded(found, dtype, y, const("value", 7, dtype))


def test_a_scalar_is_padded_along_no_axis():
    y = node("y", "Pad", "x", "pads", T=np.float32, Tpaddings=np.int32)
    assert_same([const("pads", np.zeros((0, 2), np.int32)), y], {"x": np.array(3, np.float32)})


@settings(max_examples=20)
@given(padded(least=1, most=lambda extent: extent - 1), st.sampled_from(TYPES))
def test_reflect(found, dtype):
    types = {"T": dtype, "Tpaddings": np.int32}
    assert_padded(found, dtype, node("y", "MirrorPad", "x", "pads", mode=b"REFLECT", **types))


@settings(max_examples=20)
@given(padded(least=1, most=lambda extent: extent), st.sampled_from(TYPES))
def test_mirror_with_the_edge(found, dtype):
    types = {"T": dtype, "Tpaddings": np.int32}
    assert_padded(found, dtype, node("y", "MirrorPad", "x", "pads", mode=b"SYMMETRIC", **types))


@pytest.mark.parametrize("mode", [b"REFLECT", b"SYMMETRIC"])
def test_mirrored_images_are_padded_with_channels_first(mode):
    y = node("y", "MirrorPad", "x", "pads", mode=mode, T=np.float32, Tpaddings=np.int32)
    pads = const("pads", [[0, 0], [1, 2], [2, 0], [0, 0]], np.int32)
    assert_same([pads, y], {"x": numbered((2, 4, 3, 2))})
