import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_refused, assert_same
from support.values import FLOATS, WHOLE, images, shapes, some


@settings(max_examples=25)
@given(shapes | images, st.data(), st.sampled_from([0, 1]), st.booleans())
def test_the_largest_and_their_places(shape, data, port, is_computed):
    dtype = data.draw(st.sampled_from([*FLOATS, *WHOLE]))
    count = np.array(data.draw(st.integers(0, shape[-1])), np.int32)
    feeds = {"x": some(shape, dtype)}
    nodes = [
        node("found", "TopKV2", "x", "k", T=dtype, sorted=True),
        node("y", "Identity", f"found:{port}", T=np.int32 if port else dtype),
    ]
    if is_computed:
        feeds["k"] = count
    else:
        nodes.append(const("k", count))
    assert_same(nodes, feeds, moved=True)


@pytest.mark.parametrize("count", [1, 5])
def test_one_value_or_all_are_sorted_although_they_need_not_be(count):
    y = node("y", "TopKV2", "x", "k", T=np.float32, sorted=False)
    assert_same([const("k", count, np.int32), y], {"x": some((2, 3, 4, 5))}, free=count == 1)


def test_values_that_are_not_sorted_are_refused():
    y = node("y", "TopKV2", "x", "k", T=np.float32, sorted=False)
    nodes = [const("k", 3, np.int32), y]
    assert_refused(nodes, {"x": some((2, 5))}, "it does not sort what it finds")


@settings(max_examples=25)
@given(
    st.integers(0, 9),
    st.sampled_from([*FLOATS, "int8", "int16", "int32", "int64", "uint8", "uint16"]),
    st.sampled_from([("Unique", 2), ("UniqueV2", 2), ("UniqueWithCounts", 3)]),
    st.integers(0, 2),
    st.sampled_from(["int32", "int64"]),
)
def test_unique_values(count, dtype, op_and_ports, port, out_idx):
    op, ports = op_and_ports
    port = min(port, ports - 1)
    inputs = ["x", "axis"] if op == "UniqueV2" else ["x"]
    nodes = [
        const("axis", [0], np.int64),
        node("found", op, *inputs, T=dtype, out_idx=out_idx),
        node("y", "Identity", f"found:{port}", T=out_idx if port else dtype),
    ]
    assert_same(nodes, {"x": some((count,), dtype, seed=count)})


def test_slices_that_are_unique_are_refused():
    y = node("y", "UniqueV2", "x", "axis", T=np.float32)
    nodes = [const("axis", [0], np.int64), y]
    assert_refused(nodes, {"x": some((2, 3))}, "it compares slices of more than one axis")
