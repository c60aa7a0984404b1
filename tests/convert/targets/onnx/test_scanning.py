import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import NEWEST_OPSET, assert_refused, assert_same
from support.values import FLOATS, WHOLE, images, shapes, some


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
