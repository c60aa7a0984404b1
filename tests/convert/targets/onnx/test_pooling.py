import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import node
from support.onnx_operations import assert_same


@given(
    st.sampled_from(["AvgPool", "MaxPool"]),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([b"SAME", b"VALID"]),
)
def test_pools(kind, height, width, size, stride, padding):
    if padding == b"VALID" and min(height, width) < size:
        return
    image = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype(np.float32)
    pool = node(
        "y",
        kind,
        "x",
        T=np.float32,
        ksize=[1, size, size, 1],
        strides=[1, stride, stride, 1],
        padding=padding,
    )
    assert_same([pool], {"x": image})
