import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered

F = np.float32
SAME, VALID = b"SAME", b"VALID"


def some(*shape, dtype=F):
    values = np.random.default_rng(0).normal(scale=40, size=shape) - 50
    return (abs(values) if np.dtype(dtype).kind == "u" else values).astype(dtype)


def pool(op="MaxPool", size=(3, 2), strides=(2, 1), dtype=F, name="y", **attributes):
    window = {"ksize": [1, *size, 1], "strides": [1, *strides, 1]}
    return node(name, op, "x", **{"T": dtype, "padding": SAME, **window, **attributes})


def test_a_border_of_its_own(runners):
    border = {"padding": b"EXPLICIT", "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]}
    assert_lowered(runners, [pool(**border)], {"x": some(2, 7, 6, 3)}, ["MaxPool"])


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("padding", [SAME, VALID])
def test_integers(runners, dtype, padding):
    nodes = [pool(dtype=dtype, padding=padding, strides=(2, 3))]
    assert_lowered(runners, nodes, {"x": some(2, 7, 6, 3, dtype=dtype)}, ["MaxPool"])


def test_large_integers(runners):
    image = np.arange(2**30, 2**30 + 42, dtype=np.int32).reshape(1, 7, 6, 1)
    assert_lowered(runners, [pool(dtype=np.int32)], {"x": image}, ["MaxPool"])


def test_over_channels(runners):
    window = {"ksize": [1, 1, 1, 3], "strides": [1, 1, 1, 3]}
    nodes = [node("y", "MaxPool", "x", T=F, padding=VALID, **window)]
    assert_lowered(runners, nodes, {"x": some(2, 4, 3, 6)}, ["MaxPool"])


def test_windows_in_tensors(runners):
    sizes = [const("size", [1, 2, 3, 1], np.int32), const("strides", [1, 2, 2, 1], np.int32)]
    nodes = [*sizes, node("y", "MaxPoolV2", "x", "size", "strides", T=F, padding=SAME)]
    assert_lowered(runners, nodes, {"x": some(2, 7, 6, 3)}, ["MaxPoolV2"])


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_means_of_what_lies_in_the_image(runners, padding, size):
    """Some windows are larger than it."""
    image = np.random.default_rng(0).normal(size=(1, 4, 5, 2)).astype(np.float32)
    if padding == VALID and size == 5:
        return
    moves = {"ksize": [1, size, size, 1], "strides": [1, 2, 2, 1], "padding": padding}
    nodes = [node("y", "AvgPool", "x", T=np.float32, **moves)]
    assert_lowered(runners, nodes, {"x": image}, ["AvgPool"])


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("op", ["MaxPool3D", "AvgPool3D"])
def test_volumes(runners, padding, size, op):
    window = {"ksize": [1, size, 2, size, 1], "strides": [1, 2, 1, 3, 1]}
    nodes = [node("y", op, "x", T=F, padding=padding, **window)]
    assert_lowered(runners, nodes, {"x": some(1, 5, 4, 6, 2)}, [op])


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("target", [np.int32, np.int64])
def test_where_the_greatest_is(runners, padding, whole, target):
    attributes = {"Targmax": target, "include_batch_in_index": whole, "padding": padding}
    image = np.round(some(2, 5, 6, 2) / 40)  # several are equal
    nodes = [
        pool("MaxPoolWithArgmax", (2, 3), (2, 2), name="pool", **attributes),
        node("y", "Identity", "pool:1", T=target),
        node("z", "Identity", "pool", T=F),
    ]
    for output in ("y", "z"):
        assert_lowered(runners, nodes, {"x": image}, ["MaxPoolWithArgmax"], output)


def test_the_greatest_alone_needs_no_places(runners):
    nodes = [pool("MaxPoolWithArgmax", Targmax=np.int64)]
    made = assert_lowered(runners, nodes, {"x": some(2, 5, 6, 2)}, ["MaxPoolWithArgmax"])
    assert "SelectV2" not in {each.op for each in made.nodes.values()}
