import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_written


@settings(max_examples=25)
@given(
    st.sampled_from(["float32", "int32", "int64", "uint8", "int8"]),
    st.integers(-3, 2),
    st.booleans(),
    st.booleans(),
)
def test_running_sums(litert, dtype, axis, is_exclusive, is_reversed):
    """Sums of 8 bits wrap."""
    x = (np.arange(24).reshape(2, 3, 4) * 17 % 97).astype(dtype)
    kinds = {"exclusive": is_exclusive, "reverse": is_reversed}
    nodes = [
        const("axis", axis, np.int32),
        node("y", "Cumsum", "x", "axis", T=x.dtype, Tidx=np.int32, **kinds),
    ]
    assert_written(litert, nodes, {"x": x})
