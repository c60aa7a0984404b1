import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered, assert_not_lowered

F = np.float32
WHOLE = np.int32


def numbers(dtype, *shape):
    values = np.random.default_rng(0).normal(scale=9, size=shape)
    return values > 0 if dtype == np.bool_ else values.astype(dtype)


def sliced(begin, end, strides, dtype=WHOLE, **masks):
    kinds = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    bounds = [const(k, v, WHOLE) for k, v in (("b", begin), ("e", end), ("s", strides))]
    given = dict.fromkeys(kinds, 0) | masks
    return [*bounds, node("y", "StridedSlice", "x", "b", "e", "s", T=dtype, Index=WHOLE, **given)]


@pytest.mark.parametrize("dtype", [WHOLE, np.bool_])
@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(lambda t: sliced([1, 0], [3, 4], [1, 2], t), id="a step"),
        pytest.param(lambda t: sliced([3, 4], [0, 0], [-1, -2], t), id="backwards"),
        pytest.param(
            lambda t: sliced([0, 0], [0, 0], [1, -1], t, begin_mask=3, end_mask=3), id="turned"
        ),
        pytest.param(lambda t: sliced([9, -9], [-9, 9], [-3, 2], t), id="bounds outside"),
        pytest.param(
            lambda t: sliced([0, 4], [0, 0], [1, -2], t, ellipsis_mask=1), id="behind an ellipsis"
        ),
        pytest.param(
            lambda t: sliced(
                [0, 3, 1], [1, 0, 2], [1, -1, 1], t, new_axis_mask=1, shrink_axis_mask=4
            ),
            id="new and taken axes",
        ),
    ],
)
def test_slices_with_steps(runners, nodes, dtype):
    assert_lowered(runners, nodes(dtype), {"x": numbers(dtype, 4, 5, 2)[..., 0]}, ["StridedSlice"])


def test_a_slice_without_steps_is_refused():
    x = numbers(WHOLE, 4, 5)
    assert_not_lowered(sliced([0, 0], [1, 1], [1, 1]), {"x": x}, ["StridedSlice"], "something else")


def test_bools_in_the_other_direction(runners):
    nodes = [const("a", [0, 2], WHOLE), node("y", "ReverseV2", "x", "a", T=np.bool_, Tidx=WHOLE)]
    assert_lowered(runners, nodes, {"x": numbers(np.bool_, 2, 3, 4)}, ["ReverseV2"])


@pytest.mark.parametrize(
    ("shape", "places", "axis", "batch_dims"),
    [
        ((3, 4, 2), (3, 2), 1, 1),
        ((3, 2, 4), (3, 2), 2, 1),
        ((3, 2, 4), (3, 2), 2, -1),
        ((2, 3, 4), (2, 3), 2, 2),
        ((2, 3, 5, 4), (2, 2, 3), -1, 1),
        ((3, 4), (3,), 1, 1),
    ],
)
def test_gathering_in_batches(runners, shape, places, axis, batch_dims):
    types = {"Tparams": F, "Tindices": np.int64, "Taxis": WHOLE}
    gather = node("y", "GatherV2", "x", "i", "a", batch_dims=batch_dims, **types)
    indices = np.random.default_rng(1).integers(0, shape[axis], places)
    feeds = {"x": numbers(F, *shape), "i": indices}
    assert_lowered(runners, [const("a", axis, WHOLE), gather], feeds, ["GatherV2"])


@pytest.mark.parametrize(("shift", "axis"), [(1, 0), (-2, 1), ([3, -1], [0, -1])])
def test_rolling(runners, shift, axis):
    nodes = [const("s", shift, WHOLE), const("a", axis, WHOLE)]
    roll = node("y", "Roll", "x", "s", "a", T=F, Tshift=WHOLE, Taxis=WHOLE)
    assert_lowered(runners, [*nodes, roll], {"x": numbers(F, 4, 5)}, ["Roll"])


@pytest.mark.parametrize(("along", "batch"), [(1, 0), (0, 1), (2, 0)])
def test_sequences_are_reversed(runners, along, batch):
    turned = node(
        "y", "ReverseSequence", "x", "n", T=F, Tlen=np.int64, seq_dim=along, batch_dim=batch
    )
    feeds = {"x": numbers(F, 3, 3, 3), "n": np.array([3, 1, 2])}
    assert_lowered(runners, [turned], feeds, ["ReverseSequence"])


def test_a_permutation_is_inverted(runners):
    x = np.array([2, 0, 3, 1], WHOLE)
    assert_lowered(
        runners, [node("y", "InvertPermutation", "x", T=WHOLE)], {"x": x}, ["InvertPermutation"]
    )


@pytest.mark.parametrize("op", ["TensorScatterAdd", "TensorScatterSub"])
def test_adding_at_places(runners, op):
    nodes = [const("i", [[0], [2], [0]], WHOLE), node("y", op, "x", "i", "u", T=F, Tindices=WHOLE)]
    assert_lowered(runners, nodes, {"x": numbers(F, 3, 2), "u": numbers(F, 3, 2)}, [op])


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("op", ["Cumsum", "Cumprod"])
@pytest.mark.parametrize("dtype", [F, np.uint8])
def test_the_last_axis_is_counted_from_the_front(runners, op, axis, dtype):
    if dtype == F and axis == 0:
        pytest.skip("right as it is")
    cumulated = node("y", op, "x", "a", T=dtype, Tidx=WHOLE, exclusive=True, reverse=True)
    x = np.abs(numbers(F, 2, 3, 4) * 9).astype(dtype)
    assert_lowered(runners, [const("a", axis, WHOLE), cumulated], {"x": x}, [op])


@pytest.mark.parametrize("sizes", [[1, -1, 2], [-1, 0, 3]])
def test_the_size_that_is_left_is_computed(runners, sizes):
    nodes = [
        const("s", sizes, np.int64),
        const("a", -1, WHOLE),
        node("parts", "SplitV", "x", "s", "a", T=F, Tlen=np.int64, num_split=3),
        node("y", "ConcatV2", "parts:2", "parts", "parts:1", "a", T=F, Tidx=WHOLE, N=3),
    ]
    assert_lowered(runners, nodes, {"x": numbers(F, 2, 6)}, ["SplitV"])


def test_bounds_of_slices_with_steps_may_be_computed(runners):
    nodes = [each for each in sliced([0, 0], [4, 1], [2, -1]) if each.name != "b"]
    feeds = {"x": numbers(WHOLE, 4, 5), "b": np.array([1, 4], WHOLE)}
    assert_lowered(runners, nodes, feeds, ["StridedSlice"])
