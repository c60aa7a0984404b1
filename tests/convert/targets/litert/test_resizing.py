import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_written


@settings(max_examples=40)
@given(
    st.sampled_from(["ResizeBilinear", "ResizeNearestNeighbor"]),
    st.sampled_from(["float32", "uint8", "int32"]),
    st.sampled_from([(7, 6), (1, 1), (3, 1)]),
    st.tuples(st.integers(1, 15), st.integers(1, 15)),
    st.sampled_from([(False, False), (True, False), (False, True)]),
)
def test_any_size(litert, op, dtype, given_size, size, corners_and_centres):
    image = np.random.default_rng(0).integers(0, 255, (2, *given_size, 3)).astype(dtype)
    corners, centres = corners_and_centres
    kinds = {"align_corners": corners, "half_pixel_centers": centres}
    nodes = [const("size", size, np.int32), node("y", op, "x", "size", T=image.dtype, **kinds)]
    assert_written(litert, nodes, {"x": image})
