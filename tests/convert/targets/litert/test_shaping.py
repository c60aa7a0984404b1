import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_written

F = np.float32
TYPES = ("float32", "int32", "uint8", "int64", "bool")
SHAPE = (2, 3, 4, 5)


def some(shape, dtype="float32"):
    return (np.random.default_rng(0).normal(size=shape) * 9).astype(np.int64).astype(dtype)


@settings(max_examples=15)
@given(st.sampled_from(TYPES), st.integers(1, 6), st.randoms(use_true_random=False))
def test_axes_in_any_order(litert, dtype, rank, random):
    order = list(range(rank))
    random.shuffle(order)
    x = some([2, 3, 1, 4, 2, 3][:rank], dtype)
    turned = node("y", "Transpose", "x", "order", T=x.dtype, Tperm=np.int32)
    assert_written(litert, [const("order", order, np.int32), turned], {"x": x})


@settings(max_examples=25)
@given(
    st.sampled_from(["Pad", "PadV2", "MirrorPad"]),
    st.sampled_from(TYPES[:3]),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=4, max_size=4),
)
def test_borders(litert, op, dtype, amounts):
    if op == "MirrorPad":
        amounts[0] = (0, 1)
    x = some(SHAPE, dtype)
    attributes = {"T": x.dtype, "Tpaddings": np.int32}
    inputs = ["x", "amounts", *(["value"] if op == "PadV2" else [])]
    mode = {"mode": b"REFLECT"} if op == "MirrorPad" else {}
    nodes = [
        const("amounts", amounts, np.int32),
        const("value", 7, x.dtype),
        node("y", op, *inputs, **attributes, **mode),
    ]
    assert_written(litert, nodes, {"x": x})


@settings(max_examples=20)
@given(
    st.sampled_from(TYPES), st.integers(-4, 3), st.sampled_from([[1, -1], [-1, 1], [0, -1], [1, 1]])
)
def test_parts_and_joints(litert, dtype, axis, sizes):
    """One size is what the others leave, whether the sizes of the image are known or not."""
    x = some((2, 2, 2, 2), dtype)
    names = [f"part:{k}" if k else "part" for k in range(len(sizes))]
    types = {"T": x.dtype, "num_split": len(sizes), "Tlen": np.int32}
    nodes = [
        const("sizes", sizes, np.int32),
        const("axis", axis, np.int32),
        node("part", "SplitV", "x", "sizes", "axis", **types),
        node("y", "ConcatV2", *names[::-1], "axis", T=x.dtype, N=len(sizes), Tidx=np.int32),
    ]
    assert_written(litert, nodes, {"x": x})


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_stack_is_taken_apart(litert, dtype, axis):
    x = some(SHAPE, dtype)
    nodes = [
        node("rows", "Unpack", "x", T=x.dtype, num=x.shape[axis], axis=axis),
        node("y", "Pack", "rows:1", "rows", T=x.dtype, N=2, axis=axis),
    ]
    assert_written(litert, nodes, {"x": x})


@pytest.mark.parametrize("dtype", TYPES)
def test_turned_and_repeated(litert, dtype):
    x = some(SHAPE, dtype)
    nodes = [
        const("times", [1, 2, 1, 2], np.int32),
        const("axes", [1, -1], np.int32),
        node("many", "Tile", "x", "times", T=x.dtype, Tmultiples=np.int32),
        node("y", "ReverseV2", "many", "axes", T=x.dtype, Tidx=np.int32),
    ]
    assert_written(litert, nodes, {"x": x})


@pytest.mark.parametrize("value", [2.5, True, 3])
def test_a_value_in_a_computed_shape(litert, value):
    x = np.zeros((2, 3), F)
    filled = np.asarray(value, F if isinstance(value, float) else None)
    filled = filled.astype(np.int32) if filled.dtype == np.int64 else filled
    nodes = [
        const("value", filled),
        node("shape", "Shape", "x", T=F, out_type=np.int32),
        node("y", "Fill", "shape", "value", T=filled.dtype, index_type=np.int32),
    ]
    assert_written(litert, nodes, {"x": x})


def test_what_changes_nothing(litert):
    ensured = node("y", "EnsureShape", "x", T=F)
    for extent in (-1, 3):
        ensured.attr["shape"].shape.dim.add(size=extent)
    assert_written(litert, [ensured], {"x": some((2, 3))})
    several = node("several", "IdentityN", "x", "x")
    several.attr["T"].list.type.extend([1, 1])
    nodes = [several, node("y", "Neg", "several:1", T=F)]
    assert_written(litert, nodes, {"x": some((2, 3))})


@settings(max_examples=15)
@given(st.sampled_from([([2], [[0, 0]]), ([3], [[1, 1]]), ([2, 1], [[1, 0], [0, 0]])]), st.data())
def test_blocks_become_images_and_back(litert, blocks_and_pads, data):
    blocks, pads = blocks_and_pads
    shape = data.draw(st.sampled_from([(2, 4, 3), (1, 4, 2, 3)]))
    shape = tuple(
        4 if axis == 1 and blocks[0] != 3 else extent for axis, extent in enumerate(shape)
    )
    pads = [[2, 0], *pads[1:]] if blocks[0] == 3 else [[1, 1], *pads[1:]]
    x = some(shape)
    types = {"T": F, "Tblock_shape": np.int32}
    nodes = [
        const("blocks", blocks, np.int32),
        const("amounts", pads, np.int32),
        node("images", "SpaceToBatchND", "x", "blocks", "amounts", Tpaddings=np.int32, **types),
        node("more", "Neg", "images", T=F),
        node("y", "BatchToSpaceND", "more", "blocks", "amounts", Tcrops=np.int32, **types),
    ]
    assert_written(litert, nodes, {"x": x})
