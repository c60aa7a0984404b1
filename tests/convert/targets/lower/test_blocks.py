import numpy as np
import pytest
from support.graphs import batch_to_space, const, node, space_to_batch
from support.lowering import assert_lowered

F = np.float32
TYPES = [F, np.int32, np.uint8]


def some(*shape, dtype=F):
    return abs(9 * np.random.default_rng(0).normal(size=shape)).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("block", [2, 3])
def test_channels_become_pixels(runners, dtype, block):
    nodes = [node("y", "DepthToSpace", "x", T=dtype, block_size=block)]
    image = some(2, 3, 4, 2 * block**2, dtype=dtype)
    assert_lowered(runners, nodes, {"x": image}, ["DepthToSpace"], free=False)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("block", [2, 3])
def test_pixels_become_channels(runners, dtype, block):
    nodes = [node("y", "SpaceToDepth", "x", T=dtype, block_size=block)]
    image = some(2, 2 * block, 3 * block, 2, dtype=dtype)
    assert_lowered(runners, nodes, {"x": image}, ["SpaceToDepth"])


def test_pixels_become_images(runners):
    attributes = {"T": F, "block_size": 2}
    nodes = [
        const("pads", [[0, 1], [2, 0]], np.int32),
        node("split", "SpaceToBatch", "x", "pads", Tpaddings=np.int32, **attributes),
        node("y", "BatchToSpace", "split", "pads", Tidx=np.int32, **attributes),
        node("z", "Relu", "split", T=F),
    ]
    ops = ["SpaceToBatch", "BatchToSpace"]
    for output in ("y", "z"):
        assert_lowered(runners, nodes, {"x": some(2, 5, 4, 3)}, ops, output)


@pytest.mark.parametrize(
    ("shape", "blocks", "amounts"),
    [
        ((2, 6, 3), [3], [[2, 1]]),
        ((1, 4, 5, 2), [2], [[0, 0]]),
        ((1, 3, 4, 2), [2, 3], [[1, 0], [1, 1]]),
        ((2, 2, 3, 2, 1), [2, 1, 3], [[0, 0], [0, 1], [2, 2]]),
    ],
)
def test_blocks_of_any_number_of_axes(runners, shape, blocks, amounts):
    nodes = [
        *space_to_batch("images", "x", blocks, amounts),
        node("negative", "Neg", "images", T=F),
        *batch_to_space("y", "negative", blocks, amounts),
    ]
    ops = ["SpaceToBatchND", "BatchToSpaceND"]
    assert_lowered(runners, nodes, {"x": some(*shape)}, ops)
    assert_lowered(runners, nodes, {"x": some(*shape)}, ops, "negative")


def test_no_blocks_at_all(runners):
    nodes = space_to_batch("y", "x", [], np.zeros((0, 2)))
    assert_lowered(runners, nodes, {"x": some(2, 3)}, ["SpaceToBatchND"], free=False)
