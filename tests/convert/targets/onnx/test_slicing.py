import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import assert_refused, assert_same, graph_of, written

TYPES = ["int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64", "bool"]
MASKS = ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"]
shapes = arrays.array_shapes(min_dims=1, max_dims=5, min_side=1, max_side=4)
images = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


def numbered(shape, dtype="float32") -> np.ndarray:
    """No two elements are the same, where the type has room for that."""
    return (np.arange(np.prod(shape)) % 120).reshape(shape).astype(dtype)


@st.composite
def bounds(draw):
    """A shape, and for some of its axes where a part begins and how large it is."""
    shape = draw(shapes | images)
    begin = [draw(st.integers(0, extent)) for extent in shape]
    size = [draw(st.integers(-1, e - b)) for e, b in zip(shape, begin, strict=True)]
    return shape, begin, size


@settings(max_examples=15)
@given(bounds(), st.sampled_from(TYPES))
def test_slice(part, dtype):
    shape, begin, size = part
    constants = [const("begin", begin, np.int32), const("size", size, np.int32)]
    y = node("y", "Slice", "x", "begin", "size", T=dtype, Index=np.int32)
    assert_same([*constants, y], {"x": numbered(shape, dtype)}, moved=True)


@settings(max_examples=10)
@given(bounds())
def test_slice_with_bounds_that_are_computed(part):
    shape, begin, size = part
    given_bounds = {"begin": np.array(begin, np.int64), "size": np.array(size, np.int64)}
    y = node("y", "Slice", "x", "begin", "size", T=np.float32, Index=np.int64)
    assert_same([y], {"x": numbered(shape), **given_bounds}, moved=True)


@st.composite
def strided(draw, shapes=shapes | images):
    """A shape, and what TensorFlow takes of it: bounds and steps of axes, and masks."""
    shape = draw(shapes)
    count = draw(st.integers(0, len(shape) + 1))
    masks = {key: draw(st.just(0) | st.integers(0, 2**count - 1)) for key in MASKS}
    masks["ellipsis_mask"] = draw(st.sampled_from([0, *(2**k for k in range(count))]))
    begin, end, step = ([draw(st.integers(-6, 6)) for _ in range(count)] for _ in range(3))
    step = [each or 1 for each in step]
    named = _named(count, masks)
    if len(named) > len(shape):
        masks["new_axis_mask"] |= 1
        named = _named(count, masks)
    for axis, k in _places(shape, named, masks):
        if masks["shrink_axis_mask"] >> k & 1:
            begin[k], step[k] = draw(st.integers(-shape[axis], shape[axis] - 1)), 1
    return shape, (begin, end, step), masks


def _named(count, masks) -> list[int]:
    """Which specs are for an axis of the input."""
    others = masks["ellipsis_mask"] | masks["new_axis_mask"]
    return [k for k in range(count) if not others >> k & 1]


def _places(shape, named, masks):
    """For which axis each spec is; those behind the ellipsis count from the end."""
    ellipsis = masks["ellipsis_mask"].bit_length() - 1
    before = [k for k in named if k < ellipsis or ellipsis < 0]
    behind = named[len(before) :]
    yield from enumerate(before)
    yield from ((len(shape) - len(behind) + n, k) for n, k in enumerate(behind))


def assert_same_slice(*given, **options):
    """TensorFlow's optimizer takes some that are empty, behind an ellipsis, for all there is."""
    assert_same(*given, **options, is_optimized=False)


def strided_slice(source: str, found, dtype="float32", **masks):
    """The node y with constants for what it takes."""
    names = ("begin", "end", "step")
    types = {"T": dtype, "Index": np.int32}
    y = node("y", "StridedSlice", source, *names, **types, **masks)
    return [*(const(n, each, np.int32) for n, each in zip(names, found, strict=True)), y]


@settings(max_examples=40)
@given(strided(), st.sampled_from(TYPES))
def test_strided_slice(part, dtype):
    shape, found, masks = part
    nodes = strided_slice("x", found, dtype, **masks)
    assert_same_slice(nodes, {"x": numbered(shape, dtype)}, moved=True)


@settings(max_examples=25)
@given(strided())
def test_strided_slice_with_bounds_that_are_computed(part):
    shape, (begin, end, step), masks = part
    feeds = {"x": numbered(shape), "from": np.array(begin, np.int32)}
    nodes = strided_slice("x", (begin, end, step), **masks)
    computed = [
        node("to", "Sub", "from", "less", T=np.int32),
        const("less", np.subtract(begin, end), np.int32),
    ]
    nodes[-1].input[1:3] = ["from", "to"]
    assert_same_slice([*computed, *nodes], feeds, moved=True)


@settings(max_examples=25)
@given(strided(st.just((4,))), images)
def test_strided_slice_of_a_shape(part, image):
    _, found, masks = part
    shape = node("shape", "Shape", "x", T=np.float32, out_type=np.int32)
    nodes = [shape, *strided_slice("shape", found, "int32", **masks)]
    assert_same_slice(nodes, {"x": numbered(image)})
    model = written(graph_of(nodes, {"x": numbered(image)}), "y")
    assert [made.op_type for made in model.skeleton.graph.node] == ["Identity"]


@pytest.mark.parametrize(("bound", "step"), [(2**31 - 1, -1), (-(2**31), -1), (2**31 - 1, 1)])
def test_strided_slice_with_bounds_that_are_far_away(bound, step):
    for found in ([bound], [0], [step]), ([1], [bound], [step]):
        assert_same(strided_slice("x", found), {"x": numbered((3, 2))})


def test_a_step_that_is_computed_is_refused():
    nodes = strided_slice("x", ([0], [1], [1]))
    nodes[-1].input[3] = "s"
    feeds = {"x": numbered((3,)), "s": np.array([1], np.int32)}
    assert_refused(nodes, feeds, "its step is not constant")


def test_more_specs_than_axes_are_refused():
    nodes = strided_slice("x", ([0, 0], [1, 1], [1, 1]))
    assert_refused(nodes, {"x": numbered((3,))}, "it names 2 axes of 1")


@settings(max_examples=15)
@given(shapes | images, st.data(), st.sampled_from(TYPES))
def test_reverse(shape, data, dtype):
    rank = len(shape)
    axes = data.draw(st.lists(st.integers(-rank, rank - 1), unique_by=lambda k: k % rank))
    y = node("y", "ReverseV2", "x", "axes", T=dtype, Tidx=np.int32)
    assert_same([const("axes", axes, np.int32), y], {"x": numbered(shape, dtype)}, moved=True)


@pytest.mark.parametrize("axes", [[True, False, True], [False] * 3])
def test_reverse_by_flags(axes):
    y = node("y", "Reverse", "x", "axes", T=np.float32)
    assert_same([const("axes", axes, np.bool_), y], {"x": numbered((2, 3, 4))}, moved=True)


@st.composite
def sequences(draw):
    """A shape, two of its axes, and how long the sequence of each batch is."""
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=5, max_side=4))
    time, batch = draw(st.permutations(range(len(shape))))[:2]
    lengths = [draw(st.integers(0, shape[time])) for _ in range(shape[batch])]
    return shape, time, batch, lengths


@settings(max_examples=15)
@given(sequences(), st.sampled_from(["int32", "int64"]), st.sampled_from(TYPES))
def test_reverse_sequence(sequence, index, dtype):
    shape, time, batch, lengths = sequence
    types = {"T": dtype, "Tlen": index}
    y = node("y", "ReverseSequence", "x", "n", **types, seq_dim=time, batch_dim=batch)
    assert_same([y], {"x": numbered(shape, dtype), "n": np.array(lengths, index)}, moved=True)


@st.composite
def shifts(draw):
    """A shape, some of its axes, perhaps repeated, and a shift for each, or one of both."""
    shape = draw(arrays.array_shapes(max_dims=5, min_side=0, max_side=4))
    rank = len(shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), max_size=3))
    if len(axes) == 1 and draw(st.booleans()):
        return shape, draw(st.integers(-9, 9)), axes[0]
    return shape, [draw(st.integers(-9, 9)) for _ in axes], axes


@settings(max_examples=20)
@given(shifts(), st.sampled_from(TYPES))
def test_roll(shifted, dtype):
    shape, shift, axis = shifted
    types = {"T": dtype, "Tshift": np.int32, "Taxis": np.int32}
    y = node("y", "Roll", "x", "shift", "axis", **types)
    constants = [const("shift", shift, np.int32), const("axis", axis, np.int32)]
    assert_same([*constants, y], {"x": numbered(shape, dtype)}, moved=True)


def test_roll_by_a_shift_that_is_computed():
    types = {"T": np.float32, "Tshift": np.int32, "Taxis": np.int32}
    y = node("y", "Roll", "x", "shift", "axis", **types)
    feeds = {"x": numbered((2, 5, 3, 2)), "shift": np.array([7, -1], np.int32)}
    assert_same([const("axis", [1, 3], np.int32), y], feeds)


@pytest.mark.parametrize("op", ["ReverseV2", "Roll"])
def test_axes_that_are_computed_are_refused(op):
    inputs = ["x", "axes"] if op == "ReverseV2" else ["x", "shift", "axes"]
    types = {"T": np.float32, "Tidx": np.int32, "Tshift": np.int32, "Taxis": np.int32}
    nodes = [const("shift", [1], np.int32), node("y", op, *inputs, **types)]
    feeds = {"x": numbered((3,)), "axes": np.array([0], np.int32)}
    assert_refused(nodes, feeds, "its axis is not constant")
