import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, in_onnxruntime, in_tensorflow, written

from dlconv.errors import DlconvError

F, I = np.float32, np.int32  # noqa: E741
TYPES = st.sampled_from([np.uint8, np.int16, I, np.int64, np.float16, F, np.float64])
ANY = st.integers(0, 3)


def numbers(shape, dtype=F):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@st.composite
def split_axes(draw, most=3):
    """Up to three axes: for each its extent, its block, and pads that make it divisible."""
    axes = []
    for _ in range(draw(st.integers(1, most))):
        block, before, extent = draw(st.integers(1, 3)), draw(ANY), draw(st.integers(1, 5))
        behind = -(extent + before) % block + block * draw(st.integers(0, 1))
        axes.append((extent, block, before, behind))
    return axes


@st.composite
def joined_axes(draw, most=3):
    """Up to three axes: for each its extent, its block, and crops of what it becomes."""
    axes = []
    for _ in range(draw(st.integers(1, most))):
        block, extent = draw(st.integers(1, 3)), draw(st.integers(1, 4))
        before = draw(st.integers(0, block * extent - 1))
        axes.append((extent, block, before, draw(st.integers(0, block * extent - before - 1))))
    return axes


def by_blocks(op, axes, dtype, computed=False):
    """A SpaceToBatchND or BatchToSpaceND; its pads or crops are ``amounts``, perhaps an input."""
    extra = "Tcrops" if op == "BatchToSpaceND" else "Tpaddings"
    amounts = np.array([axis[2:] for axis in axes], I)
    types = {"T": dtype, "Tblock_shape": I, extra: I}
    nodes = [
        const("blocks", [block for _, block, _, _ in axes], I),
        *([] if computed else [const("amounts", amounts)]),
        node("y", op, "x", "blocks", "amounts", **types),
    ]
    return nodes, {"amounts": amounts} if computed else {}


@settings(max_examples=25)
@given(split_axes(), st.integers(0, 2), TYPES, st.booleans())
@example([(4, 2, 0, 0), (6, 2, 0, 0)], 1, F, False)
def test_space_to_batch(axes, others, dtype, computed):
    shape = [2, *(extent for extent, *_ in axes), *[3, 2][:others]]
    nodes, more = by_blocks("SpaceToBatchND", axes, dtype, computed)
    assert_same(nodes, {"x": numbers(shape, dtype), **more})


@settings(max_examples=25)
@given(joined_axes(), st.integers(0, 2), TYPES, st.booleans())
@example([(4, 2, 0, 0), (6, 2, 0, 0)], 1, F, False)
def test_batch_to_space(axes, others, dtype, computed):
    batch = 2 * int(np.prod([block for _, block, _, _ in axes]))
    shape = [batch, *(extent for extent, *_ in axes), *[3, 2][:others]]
    nodes, more = by_blocks("BatchToSpaceND", axes, dtype, computed)
    assert_same(nodes, {"x": numbers(shape, dtype), **more})


@settings(max_examples=15)
@given(st.integers(2, 3), st.integers(1, 3), st.integers(1, 3), TYPES, st.data())
def test_the_older_operations_have_one_block_for_rows_and_columns(block, tall, wide, dtype, data):
    pad = data.draw(st.integers(0, block))
    types = {"T": dtype, "block_size": block}
    pads = const("pads", [[pad, block - pad], [block, 0]], I)
    split = node("y", "SpaceToBatch", "x", "pads", Tpaddings=I, **types)
    assert_same([pads, split], {"x": numbers((2, tall * block, wide * block, 3), dtype)})
    crops = const("crops", [[0, 1], [1, 0]], I)
    joined = node("y", "BatchToSpace", "x", "crops", Tidx=I, **types)
    assert_same([crops, joined], {"x": numbers((2 * block**2, tall, wide, 3), dtype)})


def test_what_is_split_and_joined_is_the_same():
    image = numbers((1, 7, 9, 4))
    nodes = [
        const("blocks", [2, 2], I),
        const("amounts", [[2, 3], [2, 1]], I),
        node("split", "SpaceToBatchND", "x", "blocks", "amounts", T=F, Tblock_shape=I, Tpaddings=I),
        node("relu", "Relu", "split", T=F),
        node("y", "BatchToSpaceND", "relu", "blocks", "amounts", T=F, Tblock_shape=I, Tcrops=I),
    ]
    assert_same(nodes, {"x": image})


def test_a_block_that_is_computed_is_refused():
    nodes, _ = by_blocks("SpaceToBatchND", [(4, 2, 0, 0)], F)
    graph = graph_of(nodes[1:], {"x": numbers((2, 4)), "blocks": np.array([2], I)})
    with pytest.raises(DlconvError, match="its block is not constant"):
        written(graph, "y")


def depth(op, block, dtype, **attributes):
    return node("y", op, "x", T=dtype, block_size=block, **attributes)


@settings(max_examples=25)
@given(st.integers(2, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), TYPES)
def test_depth_to_space_and_back(block, tall, wide, channels, dtype):
    deep = numbers((2, tall, wide, channels * block**2), dtype)
    assert_same([depth("DepthToSpace", block, dtype)], {"x": deep})
    large = numbers((2, tall * block, wide * block, channels), dtype)
    assert_same([depth("SpaceToDepth", block, dtype)], {"x": large})


@settings(max_examples=15)
@given(st.sampled_from(["DepthToSpace", "SpaceToDepth"]), TYPES, st.booleans())
def test_depth_with_channels_first_is_that_with_channels_last_moved(op, dtype, is_free):
    """TensorFlow's kernels for the CPU have channels last only."""
    image = numbers((2, 4, 6, 12), dtype)
    last = graph_of([depth(op, 2, dtype, data_format=b"NHWC")], {"x": image})
    expected = np.moveaxis(in_tensorflow(last, {"x": image}, "y"), 3, 1)
    moved = np.moveaxis(image, 3, 1)
    first = graph_of([depth(op, 2, dtype, data_format=b"NCHW")], {"x": moved}, free=is_free)
    np.testing.assert_array_equal(in_onnxruntime(written(first, "y"), {"x": moved}), expected)


@pytest.mark.parametrize("op", ["DepthToSpace", "SpaceToDepth"])
def test_channels_in_vectors_are_refused(op):
    image = numbers((1, 2, 2, 2, 4), np.int8)
    graph = graph_of([depth(op, 2, np.int8, data_format=b"NCHW_VECT_C")], {"x": image})
    with pytest.raises(DlconvError, match="its channels are NCHW_VECT_C"):
        written(graph, "y")


@pytest.mark.parametrize("op", ["DepthToSpace", "SpaceToDepth"])
def test_no_image_of_a_batch_is_needed(op):
    assert_same([depth(op, 2, F)], {"x": numbers((0, 4, 6, 12))})
    assert_same([depth(op, 2, I)], {"x": numbers((0, 4, 6, 12), I)})
