import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, written

from dlconv.errors import DlconvError

F, I, L = np.float32, np.int32, np.int64  # noqa: E741
TYPES = st.one_of(
    st.just(F),
    st.sampled_from(
        [np.bool_, np.uint8, np.int8, np.int16, np.uint16, I, L, np.float16, F, np.float64]
    ),
)
WHOLE = st.sampled_from([I, L])
# What goes through a convolution is float32 of four axes, so that is half of all.
IMAGES = array_shapes(min_dims=4, max_dims=4, min_side=1, max_side=3)
SHAPES = st.one_of(IMAGES, array_shapes(min_dims=1, max_dims=5, min_side=1, max_side=4))
ANY_SHAPES = st.one_of(IMAGES, array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
SOME, FEW = settings(max_examples=30), settings(max_examples=15)


def numbers(shape, dtype=F):
    return np.arange(np.prod(shape, dtype=L)).reshape(shape).astype(dtype)


def ops_of(nodes, feeds, **ways):
    graph = graph_of(nodes, feeds, **ways)
    return [each.op_type for each in written(graph, "y").skeleton.graph.node]


# Shapes as values


@SOME
@given(st.sampled_from(["Shape", "Size"]), ANY_SHAPES, TYPES, WHOLE)
def test_what_a_shape_is(op, shape, dtype, out_type):
    assert_same([node("y", op, "x", T=dtype, out_type=out_type)], {"x": numbers(shape, dtype)})


@pytest.mark.parametrize("rank", range(6))
def test_what_a_rank_is(rank):
    assert_same([node("y", "Rank", "x", T=F)], {"x": numbers(range(1, rank + 1))})


def test_attributes_that_are_left_at_their_default_are_absent():
    image = {"x": numbers((2, 3, 4, 5))}
    for op in ("Shape", "Size"):
        assert_same([node("y", op, "x", T=F)], image)


def test_shapes_of_several():
    feeds = {"x": numbers((2, 3, 4, 5)), "other": numbers((7,))}
    shapes = node("shapes", "ShapeN", "x", "other", T=F, N=2, out_type=I)
    for port in ("shapes", "shapes:1"):
        assert_same([shapes, copy_of(port, I)], feeds)


def copy_of(source, dtype):
    return node("y", "Identity", source, T=dtype)


@FEW
@given(array_shapes(min_dims=0, max_dims=4, min_side=0), array_shapes(min_dims=0, max_dims=4))
def test_shapes_that_are_broadcast(first, second):
    try:
        np.broadcast_shapes(first, second)
    except ValueError:
        assume(False)
    feeds = {"first": np.array(first, I), "second": np.array(second, I)}
    y = node("y", "BroadcastArgs", "first", "second", T=I)
    assert_same([y], feeds, fixed=["first", "second"])


def test_shapes_of_unknown_rank_are_not_broadcast():
    feeds = {"first": np.array([2], I), "second": np.array([3, 1], I)}
    nodes = [node("y", "BroadcastArgs", "first", "second", T=I)]
    with pytest.raises(DlconvError, match="how many axes a shape has is not known"):
        written(graph_of(nodes, feeds, free=True), "y")


@FEW
@given(st.permutations(range(5)), WHOLE, st.booleans())
def test_inverse_permutations(perm, dtype, is_constant):
    given = np.array(perm, dtype)
    constants = [const("p", given)] if is_constant else []
    feeds = {"x": numbers(1), **({} if is_constant else {"p": given})}
    y = [node("inverse", "InvertPermutation", "p", T=dtype), cast("inverse", dtype)]
    assert_same([*constants, *y, node("y", "AddV2", "cast", "x", T=F)], feeds)


def cast(source, dtype, target=F):
    return node("cast", "Cast", source, SrcT=dtype, DstT=target)


# Tensors in another shape


@st.composite
def reshaped(draw):
    """A shape and another of as many elements."""
    factors = draw(st.one_of(IMAGES, st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    others = draw(st.permutations(factors))
    joined = draw(st.integers(1, len(factors)))
    return tuple(factors), (int(np.prod(others[:joined])), *others[joined:])


def reshape(dtype, target=L):
    return node("y", "Reshape", "x", "target", T=dtype, Tshape=target)


@SOME
@given(reshaped(), TYPES, WHOLE, st.booleans(), st.integers(0, 4))
def test_reshape(shapes, dtype, target_type, is_constant, unknown):
    shape, target = shapes
    target = np.array([-1 if k == unknown else extent for k, extent in enumerate(target)])
    feeds = {"x": numbers(shape, dtype)}
    if is_constant:
        nodes = [const("target", target, target_type), reshape(dtype, target_type)]
        assert_same(nodes, feeds)
    else:
        feeds["target"] = target.astype(target_type)
        assert_same([reshape(dtype, target_type)], feeds, fixed=["target"])


@pytest.mark.parametrize(
    ("shape", "target"),
    [((4, 0), (0, 4)), ((0, 3), (3, 0)), ((2, 0), (0,)), ((0, 4), (-1, 2)), ((1,), ()), ((), (1,))],
)
def test_reshape_of_nothing_and_of_scalars(shape, target):
    image = {"x": numbers(shape)}
    assert_same([const("target", target, I), reshape(F, I)], image)
    assert_same([reshape(F, I)], {**image, "target": np.array(target, I)}, fixed=["target"])


@pytest.mark.parametrize("op", ["Reshape", "BroadcastTo"])
def test_an_output_of_unknown_rank_is_refused(op):
    feeds = {"x": numbers((2, 3)), "target": np.array([2, 3], I)}
    graph = graph_of([node("y", op, "x", "target", T=F, Tshape=I, Tidx=I)], feeds, free=True)
    with pytest.raises(DlconvError) as caught:
        written(graph, "y")
    assert caught.value.code == "no-rank"


def test_what_is_reshaped_by_a_shape_that_is_computed_has_its_known_rank():
    """The last node is refused if the rank of what it reads is not known."""
    nodes = [
        node("shape", "Shape", "x", T=F, out_type=I),
        *part("batch", "shape", 0),
        const("channels", 5, I),
        const("rest", -1, I),
        node("target", "Pack", "batch", "rest", "channels", T=I, N=3, axis=0),
        node("flat", "Reshape", "x", "target", T=F, Tshape=I),
        const("axis", -1, I),
        node("y", "ExpandDims", "flat", "axis", T=F, Tdim=I),
    ]
    assert_same(nodes, {"x": numbers((2, 3, 4, 5))})


def part(name, source, index):
    """One element of a vector."""
    bounds = [const(f"{name}/{k}", [v], I) for k, v in (("a", index), ("b", index + 1), ("c", 1))]
    names = [bound.name for bound in bounds]
    cut = node(name, "StridedSlice", source, *names, T=I, Index=I, shrink_axis_mask=1)
    return [*bounds, cut]


@SOME
@given(st.one_of(IMAGES, array_shapes(min_dims=1, max_dims=5, max_side=2)), st.data())
def test_squeeze(shape, data):
    ones = [axis for axis, extent in enumerate(shape) if extent == 1]
    assume(ones)
    axes = data.draw(st.lists(st.sampled_from(ones), unique=True, min_size=1))
    axes = [axis - data.draw(st.sampled_from([0, len(shape)])) for axis in axes]
    assert_same([node("y", "Squeeze", "x", T=F, squeeze_dims=axes)], {"x": numbers(shape)})


@FEW
@given(array_shapes(min_dims=0, max_dims=5, max_side=2), TYPES)
def test_squeeze_of_all_axes_of_1(shape, dtype):
    nodes = [node("y", "Squeeze", "x", T=dtype)]
    assert_same(nodes, {"x": numbers(shape, dtype)}, free=False)


def test_squeeze_of_all_axes_of_1_is_refused_where_sizes_vary():
    graph = graph_of([node("y", "Squeeze", "x", T=F)], {"x": numbers((1, 2))}, free=True)
    with pytest.raises(DlconvError, match="which of its axes are 1 is not known"):
        written(graph, "y")


@SOME
@given(ANY_SHAPES, TYPES, st.data())
def test_expand_dims(shape, dtype, data):
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    nodes = [const("axis", axis, I), node("y", "ExpandDims", "x", "axis", T=dtype, Tdim=I)]
    assert_same(nodes, {"x": numbers(shape, dtype)})


def test_axes_of_images_come_and_go():
    nodes = [
        const("axis", 2, I),
        node("wide", "ExpandDims", "x", "axis", T=F, Tdim=I),
        node("relu", "Relu", "wide", T=F),
        node("y", "Squeeze", "relu", T=F, squeeze_dims=[2]),
    ]
    assert_same(nodes, {"x": numbers((2, 3, 4, 5))})
    ops = ops_of(nodes, {"x": numbers((2, 3, 4, 5))}, behind=True)
    assert ops.count("Transpose") == 2


def test_an_axis_that_is_computed_is_refused():
    feeds = {"x": numbers((2, 3)), "axis": np.array(1, I)}
    nodes = [node("y", "ExpandDims", "x", "axis", T=F, Tdim=I)]
    with pytest.raises(DlconvError, match="its axis is not constant"):
        written(graph_of(nodes, feeds), "y")


# Tensors in another order


@pytest.mark.parametrize("rank", [2, 3, 4, 5])
def test_every_order_of_axes(rank):
    """Rank 4 also with channels first: then one node less or more moves them all at once."""
    feeds = {"x": numbers(range(2, rank + 2))}
    perms = list(itertools.permutations(range(rank)))
    for perm in perms if rank < 5 else perms[::7]:
        nodes = [const("perm", perm, I), node("y", "Transpose", "x", "perm", T=F, Tperm=I)]
        assert_same(nodes, feeds)


@FEW
@given(st.permutations(range(3)), TYPES, WHOLE)
def test_orders_may_be_negative_and_of_any_type(perm, dtype, perm_type):
    negative = [axis - 3 for axis in perm]
    nodes = [
        const("perm", negative, perm_type),
        node("y", "Transpose", "x", "perm", T=dtype, Tperm=perm_type),
    ]
    assert_same(nodes, {"x": numbers((2, 3, 4), dtype)})


def test_an_order_may_be_computed_from_constants():
    """As tf.transpose does without one: from the rank down to 0."""
    nodes = [
        node("rank", "Rank", "x", T=F),
        *[const(name, value, I) for name, value in (("zero", 0), ("one", 1))],
        node("last", "Sub", "rank", "one", T=I),
        node("axes", "Range", "zero", "rank", "one", Tidx=I),
        node("perm", "Sub", "last", "axes", T=I),
        node("y", "Transpose", "x", "perm", T=F, Tperm=I),
    ]
    assert_same(nodes, {"x": numbers((2, 3, 4, 5))})


def test_an_order_that_is_not_known_is_refused():
    feeds = {"x": numbers((2, 3)), "perm": np.array([1, 0], I)}
    nodes = [node("y", "Transpose", "x", "perm", T=F, Tperm=I)]
    with pytest.raises(DlconvError, match="the order of its axes is not constant"):
        written(graph_of(nodes, feeds), "y")


# Tensors that are repeated


@SOME
@given(array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3), TYPES, WHOLE, st.booleans())
def test_fill(shape, dtype, index, is_constant):
    dims = np.array(shape, index)
    constants, more = ([const("dims", dims)], {}) if is_constant else ([], {"dims": dims})
    nodes = [*constants, node("y", "Fill", "dims", "x", T=dtype, index_type=index)]
    assert_same(nodes, {"x": np.array(1, dtype), **more}, fixed=["dims"])


@SOME
@given(mutually_broadcastable_shapes(num_shapes=1, min_dims=0, max_dims=4), TYPES, st.booleans())
def test_broadcast_to(shapes, dtype, is_constant):
    (shape,), target = shapes.input_shapes, np.array(shapes.result_shape, I)
    target = np.array([2, *target], I) if len(target) < 4 else target
    constants, more = ([const("to", target)], {}) if is_constant else ([], {"to": target})
    nodes = [*constants, node("y", "BroadcastTo", "x", "to", T=dtype, Tidx=I)]
    assert_same(nodes, {"x": numbers(shape, dtype), **more}, fixed=["to"])


@SOME
@given(SHAPES, st.sampled_from([np.bool_, np.uint8, I, L, np.float16, F]), st.booleans(), st.data())
def test_tile(shape, dtype, is_constant, data):
    times = [data.draw(st.integers(0, 3)) for _ in shape]
    times = np.array(times, I)
    constants, more = ([const("times", times)], {}) if is_constant else ([], {"times": times})
    nodes = [*constants, node("y", "Tile", "x", "times", T=dtype, Tmultiples=I)]
    assert_same(nodes, {"x": numbers(shape, dtype), **more})


# Numbers in a row


def inputs(names, values, dtypes, is_constant):
    arrays = [np.array(v, t) for v, t in zip(values, dtypes, strict=True)]
    pairs = list(zip(names, arrays, strict=True))
    return ([const(*pair) for pair in pairs], {}) if is_constant else ([], dict(pairs))


@SOME
@given(
    st.integers(-30, 30),
    st.integers(0, 30),
    st.integers(1, 12),
    st.sampled_from([1, -1]),
    st.sampled_from([I, L, F, np.float64]),
    st.booleans(),
)
def test_range(start, length, step, sign, dtype, is_constant):
    """Floats in tenths, which no float holds: how many there are depends on the rounding."""
    values = [start, start + sign * length, sign * step]
    if np.dtype(dtype).kind == "f":
        values = [value / 10 for value in values]
    names = ["start", "limit", "step"]
    constants, more = inputs(names, values, [dtype] * 3, is_constant)
    row = node("row", "Range", *names, Tidx=dtype)
    add = node("y", "AddV2", "row", "x", T=dtype)
    assert_same([*constants, row, add], {"x": np.array(0, dtype), **more})


@SOME
@given(
    st.floats(-9, 9, width=32),
    st.floats(-9, 9, width=32),
    st.integers(1, 20),
    st.sampled_from([F, np.float64]),
    st.booleans(),
)
def test_lin_space(start, stop, count, dtype, is_constant):
    names, types = ["start", "stop", "count"], [dtype, dtype, I]
    constants, more = inputs(names, [start, stop, count], types, is_constant)
    row = node("row", "LinSpace", *names, T=dtype, Tidx=I)
    add = node("y", "AddV2", "row", "x", T=dtype)
    assert_same([*constants, row, add], {"x": np.array(0, dtype), **more})


# Tensors put together and taken apart


@SOME
@given(SHAPES, TYPES, st.integers(2, 4), st.sampled_from(["ConcatV2", "Concat"]), st.data())
def test_concatenation(shape, dtype, count, op, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    feeds = {}
    for name in "xabc"[:count]:
        extent = data.draw(st.integers(0, 3))
        feeds[name] = numbers([*shape[:axis], extent, *shape[axis + 1 :]], dtype)
    if op == "Concat":
        y = node("y", op, "axis", *feeds, T=dtype, N=count)
    else:
        axis -= data.draw(st.sampled_from([0, len(shape)]))
        y = node("y", op, *feeds, "axis", T=dtype, Tidx=I, N=count)
    assert_same([const("axis", axis, I), y], feeds)


@FEW
@given(st.integers(-4, 3), st.permutations(["x", "same"]))
def test_concatenation_of_one_branch_with_channels_first(axis, order):
    """The other branch never had them first."""
    nodes = [
        const("zeros", np.zeros((2, 3, 4, 5)), F),
        node("same", "Maximum", "flat", "zeros", T=F),
        const("axis", axis, I),
        node("y", "ConcatV2", *order, "axis", T=F, Tidx=I, N=2),
    ]
    assert_same(nodes, {"x": numbers((2, 3, 4, 5)), "flat": numbers((4, 5))})


def test_concatenation_of_one():
    nodes = [const("axis", 3, I), node("y", "ConcatV2", "x", "axis", T=F, Tidx=I, N=1)]
    ops = ops_of(nodes, {"x": numbers((2, 3, 4, 5))}, behind=True)
    assert ops == ["Transpose", "Conv", "Transpose"]


@SOME
@given(ANY_SHAPES, TYPES, st.integers(1, 3), st.data())
def test_pack(shape, dtype, count, data):
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    names = ["x", "a", "x"][:count]
    feeds = {name: numbers(shape, dtype) for name in names}
    assert_same([node("y", "Pack", *names, T=dtype, N=count, axis=axis)], feeds)


@SOME
@given(SHAPES, TYPES, st.data())
def test_unpack(shape, dtype, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = shape[axis]
    parts = [f"parts:{k}" if k else "parts" for k in range(count)]
    nodes = [
        node("parts", "Unpack", "x", T=dtype, num=count, axis=axis),
        node("y", "Pack", *reversed(parts), T=dtype, N=count, axis=0),
    ]
    assert_same(nodes, {"x": numbers(shape, dtype)})


def joined_again(names, axis, dtype):
    """The parts in the opposite order."""
    y = node("y", "ConcatV2", *reversed(names), "axis", T=dtype, Tidx=I, N=len(names))
    return copy_of(names[0], dtype) if len(names) == 1 else y


@SOME
@given(SHAPES, TYPES, st.integers(1, 4), st.data())
def test_split(shape, dtype, count, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    whole = list(shape)
    whole[axis] *= count
    names = [f"parts:{k}" if k else "parts" for k in range(count)]
    nodes = [
        const("axis", axis, I),
        node("parts", "Split", "axis", "x", T=dtype, num_split=count),
        joined_again(names, axis, dtype),
    ]
    assert_same(nodes, {"x": numbers(whole, dtype)})


@SOME
@given(
    SHAPES,
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    WHOLE,
    st.booleans(),
    st.data(),
)
def test_split_into_uneven_parts(shape, lengths, length_type, is_constant, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    whole = list(shape)
    whole[axis] = sum(lengths)
    assume(whole[axis])
    asked = np.array(lengths, length_type)
    asked[data.draw(st.integers(0, len(lengths) - 1))] = data.draw(st.sampled_from([-1, asked[0]]))
    assume(-1 in asked or asked.sum() == whole[axis])
    constants, more = ([const("lengths", asked)], {}) if is_constant else ([], {"lengths": asked})
    names = [f"parts:{k}" if k else "parts" for k in range(len(lengths))]
    attributes = {"T": F, "Tlen": length_type, "num_split": len(lengths)}
    nodes = [
        *constants,
        const("axis", axis, I),
        node("parts", "SplitV", "x", "lengths", "axis", **attributes),
        joined_again(names, axis, F),
    ]
    assert_same(nodes, {"x": numbers(whole), **more})


def test_a_split_that_does_not_say_into_how_many_is_refused():
    nodes = [const("axis", 1, I), node("parts", "Split", "axis", "x", T=F)]
    with pytest.raises(DlconvError, match=r"parts \(Split\): its attribute num_split is missing"):
        written(graph_of(nodes, {"x": numbers((2, 4))}), "parts")


# What is known of shapes


def test_shapes_that_are_fixed_leave_no_node():
    nodes = size_arithmetic()
    ops = ops_of(nodes, {"x": numbers((2, 3, 4, 5))})
    assert ops == ["Relu", "Reshape"]
    assert_same(nodes, {"x": numbers((2, 3, 4, 5))})


def size_arithmetic():
    """[batch, rows * columns, channels] of an image, as exports compute it."""
    return [
        node("relu", "Relu", "x", T=F),
        node("shape", "Shape", "relu", T=F, out_type=I),
        node("extents", "Unpack", "shape", T=I, num=4, axis=0),
        node("pixels", "Mul", "extents:1", "extents:2", T=I),
        node("target", "Pack", "extents", "pixels", "extents:3", T=I, N=3, axis=0),
        node("y", "Reshape", "relu", "target", T=F, Tshape=I),
    ]


@pytest.mark.parametrize("behind", [False, True])
def test_extents_that_are_fixed_are_known_where_others_vary(behind):
    assert known_extents(size_arithmetic(), behind) == [2, 0, 5]


def known_extents(nodes, behind):
    """The extents of the output for images of any height and width; 0 for those not known."""
    graph = graph_of(nodes, {"x": numbers((2, 3, 4, 5))}, behind=behind)
    for axis in (1, 2):
        graph.nodes["x/given" if behind else "x"].attr["shape"].shape.dim[axis].size = -1
    (output,) = written(graph, "y").skeleton.graph.output
    return [extent.dim_value for extent in output.type.tensor_type.shape.dim]


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("times", [[1, 2, 2, 1], [1, 2, 2, 3]])
def test_extents_that_are_fixed_go_through_arithmetic(times, behind):
    nodes = [
        node("shape", "Shape", "x", T=F, out_type=I),
        const("times", times, I),
        node("target", "Mul", "shape", "times", T=I),
        const("one", 1, F),
        node("y", "Fill", "target", "one", T=F, index_type=I),
    ]
    assert known_extents(nodes, behind) == [2, 0, 0, 5 * times[3]]
    assert_same(nodes, {"x": numbers((2, 3, 4, 5))})


def test_sizes_that_shapes_decide_are_constants():
    """A Range, a Tile and a Split whose inputs are the extents of an image."""
    nodes = [
        node("shape", "Shape", "x", T=F, out_type=I),
        *part("columns", "shape", 2),
        *[const(name, value, I) for name, value in (("zero", 0), ("one", 1), ("two", 2))],
        node("row", "Range", "zero", "columns", "one", Tidx=I),
        node("twice", "Mul", "row", "two", T=I),
        cast("twice", I),
        const("shape_of_row", [1, 1, -1, 1], I),
        node("wide", "Reshape", "cast", "shape_of_row", T=F, Tshape=I),
        node("y", "AddV2", "x", "wide", T=F),
    ]
    feeds = {"x": numbers((2, 3, 4, 5))}
    assert ops_of(nodes, feeds) == ["Add"]
    assert_same(nodes, feeds)
