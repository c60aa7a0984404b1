import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import graph_of

from dlconv.convert.targets.tfjs.lower.known import is_known_to_be_wrong
from dlconv.graph.shapes import infer_static

F = np.float32


def is_wrong(nodes, *shapes, free=False):
    feeds = {name: np.zeros(shape, F) for name, shape in zip("abc", shapes, strict=False)}
    graph = graph_of(nodes, feeds, free)
    return is_known_to_be_wrong(infer_static(graph), graph.nodes["y"])


def sliced(steps, dtype):
    bounds = [const(name, [0, 0], np.int32) for name in ("begin", "end")]
    steps = const("steps", steps, np.int32)
    y = node("y", "StridedSlice", "a", "begin", "end", "steps", T=dtype, Index=np.int32)
    return [*bounds, steps, y]


@pytest.mark.parametrize(
    ("op", "dtype", "expected"),
    [
        ("Neg", np.int8, True),
        ("Neg", np.int32, True),
        ("Neg", F, False),
        ("Sub", np.int32, False),
        ("AddV2", np.uint8, True),
        ("AddV2", F, False),
        ("Mod", np.int32, True),
        ("Mod", F, False),
        ("Relu", np.int8, False),
    ],
)
def test_types_that_wrap_or_round(op, dtype, expected):
    assert is_wrong([node("y", op, "a", T=dtype)], (2,)) == expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (np.int32, np.uint8, True),
        (np.uint8, np.int8, True),
        (np.uint8, np.int16, False),
        (F, np.uint8, True),
        (np.uint8, np.int32, False),
    ],
)
def test_casts_that_wrap(source, target, expected):
    assert is_wrong([node("y", "Cast", "a", SrcT=source, DstT=target)], (2,)) == expected


@pytest.mark.parametrize(
    ("steps", "dtype", "expected"),
    [([1, 2], np.int32, True), ([1, 2], F, False), ([1, 1], np.int32, False)],
)
def test_integers_that_are_taken_in_steps(steps, dtype, expected):
    assert is_wrong(sliced(steps, dtype), (3, 3)) == expected


@pytest.mark.parametrize(
    ("nodes", "shapes", "expected"),
    [
        ([node("y", "OneHot", "a", axis=0)], [(2, 3)], True),
        ([node("y", "Select", "a", "b", "c", T=F)], [(2,), (2, 2), (2, 2)], True),
        ([node("y", "Select", "a", "b", "c", T=F)], [(2,), (2,), (2,)], False),
        ([node("y", "BatchMatMulV2", "a", "b", T=F)], [(2, 1, 3, 4), (3, 4, 5)], True),
        ([node("y", "BatchMatMulV2", "a", "b", T=F)], [(3, 3, 4), (4, 5)], False),
        ([node("y", "BatchMatMulV2", "a", "b", T=F)], [(3, 3, 4), (3, 4, 5)], False),
    ],
)
def test_shapes_that_are_taken_for_others(nodes, shapes, expected):
    assert is_wrong(nodes, *shapes) == expected
