import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.graphs import node
from support.onnx_operations import assert_same, graph_of, written
from support.windows import fits, gaps, images, kernels, some, steps, with_others

from dlconv.errors import DlconvError


@given(images, kernels, steps, gaps, st.sampled_from(["SAME", "VALID"]))
@settings(max_examples=25)
def test_patches_of_images(sizes, window, strides, rates, padding):
    assume(fits(sizes, window, rates, padding))
    sides = {"ksizes": window, "strides": strides, "rates": rates}
    options = {key: with_others(value, 1) for key, value in sides.items()}
    patches = node(
        "y", "ExtractImagePatches", "x", T=np.float32, padding=padding.encode(), **options
    )
    assert_same([patches], {"x": some(2, *sizes, 3)})


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
def test_patches_of_volumes(padding):
    options = {"ksizes": [1, 2, 1, 3, 1], "strides": [1, 2, 1, 2, 1], "padding": padding}
    patches = node("y", "ExtractVolumePatches", "x", T=np.float32, **options)
    assert_same([patches], {"x": some(2, 5, 4, 6, 3)})


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float64])
def test_types(dtype):
    options = {"ksizes": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "rates": [1, 1, 2, 1]}
    patches = node("y", "ExtractImagePatches", "x", T=dtype, padding=b"SAME", **options)
    assert_same([patches], {"x": (100 * some(2, 5, 6, 3)).astype(dtype)})


def test_patches_of_channels_are_refused():
    options = {"ksizes": [1, 2, 3, 2], "strides": [1, 2, 1, 1], "rates": [1, 1, 1, 1]}
    patches = node("y", "ExtractImagePatches", "x", T=np.float32, padding=b"SAME", **options)
    with pytest.raises(DlconvError, match="its windows slide over batch or channels"):
        written(graph_of([patches], {"x": some(2, 5, 6, 3)}), "y")
