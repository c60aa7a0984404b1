import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_written


@settings(max_examples=20)
@given(
    st.sampled_from(["float32", "int32", "uint8", "int8", "bool"]),
    st.lists(st.integers(0, 4), min_size=1, max_size=6),
    st.booleans(),
)
def test_elements_are_put_where_their_numbers_say(litert, dtype, numbers, is_constant):
    """Where several have one place, integers of 8 bits wrap."""
    numbers = sorted(set(numbers)) if dtype == "bool" else numbers
    places = np.array(numbers, np.int32)[:, None]
    updates = (np.arange(3 * len(numbers)).reshape(-1, 3) * 29 % 120).astype(dtype)
    types = {"T": updates.dtype, "Tindices": np.int32}
    nodes = [
        *([const("places", places)] if is_constant else []),
        const("shape", [5, 3], np.int32),
        node("y", "ScatterNd", "places", "x", "shape", **types),
    ]
    feeds = {"x": updates} if is_constant else {"x": updates, "places": places}
    assert_written(litert, nodes, feeds)
