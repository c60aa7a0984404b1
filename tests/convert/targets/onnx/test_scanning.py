import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import NEWEST_OPSET, assert_refused, assert_same

WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
FLOATS = ["float16", "float32", "float64"]
shapes = arrays.array_shapes(min_dims=1, max_dims=5, max_side=4)
images = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


def some(shape, dtype="float32", seed=0) -> np.ndarray:
    """Values of which some are equal; integers reach both ends of their range."""
    random = np.random.default_rng(seed)
    if dtype in WHOLE:
        limits = np.iinfo(dtype)
        small = random.integers(max(limits.min, -4), 5, shape)
        return np.where(random.random(shape) < 0.8, small, limits.max - small % 3).astype(dtype)
    return (random.integers(-4, 5, shape) / 2).astype(dtype)


@settings(max_examples=30)
@given(st.sampled_from(["Cumsum", "Cumprod"]), shapes | images, st.data())
def test_running_sums_and_products(op, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    dtype = data.draw(st.sampled_from([*FLOATS, *WHOLE]))
    flags = {key: data.draw(st.booleans()) for key in ("exclusive", "reverse")}
    nodes = [const("axis", axis, np.int32), running(op, dtype, **flags)]
    feeds = {"x": some(shape, dtype)}
    assert_same(nodes, feeds, moved=True, free=op == "Cumsum")
    if op == "Cumprod":
        assert_same(nodes, feeds, moved=True, opsets=[NEWEST_OPSET])


def running(op, dtype="float32", **flags):
    return node("y", op, "x", "axis", T=dtype, Tidx=np.int32, **flags)


def test_a_running_product_of_unknown_length_is_refused_where_onnx_has_none():
    nodes = [const("axis", 0, np.int32), running("Cumprod")]
    reason = "how long the axis is that it goes along is not known"
    assert_refused(nodes, {"x": some((3,))}, reason, free=True)
