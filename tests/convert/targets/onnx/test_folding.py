"""What is computed beforehand is what ONNX Runtime would compute."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, mutually_broadcastable_shapes
from onnx import helper

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.folding import MOST_COMPUTED, combined_by, fold

F, L = np.float32, np.int64
OPSET = 17
NUMBERS = st.sampled_from([np.int32, L, F, np.float64])
FLOATS = st.sampled_from([F, np.float64])
SOME = settings(max_examples=60)


def in_onnxruntime(kind, inputs, **attributes):
    names = [f"x{k}" for k in range(len(inputs))]
    given = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in zip(names, inputs, strict=True)
    ]
    node = helper.make_node(kind, names, ["y"], **attributes)
    graph = helper.make_graph([node], "g", given, [helper.make_empty_tensor_value_info("y")])
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


def assert_folds(kind, *inputs, **attributes):
    expected = in_onnxruntime(kind, inputs, **attributes)
    found = fold(kind, inputs, attributes)
    assert found is not None
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


def values(dtype, shape, least=-9, most=9):
    if np.dtype(dtype).kind == "f":
        special = [0.0, -0.0, 0.5, -1.5, 2.5, np.inf, -np.inf, np.nan]
        return arrays(dtype, shape, elements=st.sampled_from([*special, 1.25, -7.75, 1e30]))
    return arrays(dtype, shape, elements=st.integers(least, most))


@st.composite
def operands(draw, count, dtypes=NUMBERS):
    dtype = draw(dtypes)
    shapes = draw(mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=3))
    return [draw(values(dtype, shape)) for shape in shapes.input_shapes]


@SOME
@given(st.sampled_from(["Add", "Sub", "Mul", "Max", "Min"]), operands(2))
def test_arithmetic(kind, pair):
    assert_folds(kind, *pair)


@SOME
@given(operands(2))
def test_division_of_integers_rounds_to_zero(pair):
    assume(pair[0].dtype.kind == "f" or pair[1].all())
    assert_folds("Div", *pair)


@SOME
@given(operands(2), st.booleans())
def test_modulo(pair, like_division):
    is_float = pair[0].dtype.kind == "f"
    assume(is_float or pair[1].all())
    assert_folds("Mod", *pair, fmod=int(like_division or is_float))


@pytest.mark.parametrize("kind", ["Div", "Mod"])
def test_division_by_zero_is_left_to_the_runtime(kind):
    assert fold(kind, [np.array([1, 2]), np.array([1, 0])], {}) is None


@settings(max_examples=20)
@given(st.sampled_from(["Max", "Min"]), st.integers(1, 4), st.data())
def test_the_largest_of_any_number(kind, count, data):
    assert_folds(kind, *data.draw(operands(count)))


COMPARISONS = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]


@SOME
@given(st.sampled_from(COMPARISONS), operands(2))
def test_comparisons(kind, pair):
    assert_folds(kind, *pair)


@settings(max_examples=20)
@given(st.sampled_from(["And", "Or", "Xor"]), arrays(bool, (2, 3)), arrays(bool, (3,)))
def test_logic(kind, a, b):
    assert_folds(kind, a, b)
    assert_folds("Not", a)


@settings(max_examples=30)
@given(st.sampled_from(["Abs", "Neg"]), st.data())
def test_signs(kind, data):
    assert_folds(kind, data.draw(operands(1))[0])


@settings(max_examples=30)
@given(st.sampled_from(["Ceil", "Floor", "Round", "Sqrt"]), st.data())
def test_functions_of_floats(kind, data):
    assert_folds(kind, data.draw(operands(1, FLOATS))[0])


@SOME
@given(arrays(bool, (3,)), st.data())
def test_choices(condition, data):
    dtype = data.draw(NUMBERS)
    pair = [data.draw(values(dtype, shape)) for shape in [(2, 3), (2, 1)]]
    assert_folds("Where", condition, *pair)


CASTS = st.sampled_from([np.uint8, np.int32, L, np.float16, F, np.float64, np.bool_])


@SOME
@given(CASTS, CASTS, st.data())
def test_casts(source, target, data):
    elements = st.integers(0, 1) if source is np.bool_ else st.integers(0, 255)
    array = data.draw(arrays(source, (4,), elements=elements))
    if array.dtype.kind == "f":
        array = array / array.dtype.type(4)
    assert_folds("Cast", array, to=helper.np_dtype_to_tensor_dtype(np.dtype(target)))


@pytest.mark.parametrize(
    ("value", "target", "is_folded"),
    [
        (300.0, np.uint8, False),
        (-1.0, np.uint8, False),
        (-0.5, np.uint8, True),
        (255.5, np.uint8, True),
        (np.nan, np.int32, False),
        (2.0**31, np.int32, False),
        (-(2.0**31), np.int32, True),
        (2.0**63, L, False),
        (1e30, F, True),
    ],
)
def test_casts_of_floats_that_no_integer_holds_are_left_to_the_runtime(value, target, is_folded):
    to = helper.np_dtype_to_tensor_dtype(np.dtype(target))
    assert (fold("Cast", [np.array([value])], {"to": to}) is not None) == is_folded


@SOME
@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-4, 4), st.sampled_from([np.int32, L]))
def test_ranges(start, limit, step, dtype):
    assume(step)
    assert_folds("Range", *(np.array(value, dtype) for value in (start, limit, step)))


def test_ranges_of_floats_are_left_to_the_runtime():
    assert fold("Range", [np.array(value, F) for value in (0, 1, 0.25)], {}) is None


REDUCTIONS = ["ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum"]


@SOME
@given(
    st.sampled_from(REDUCTIONS),
    arrays(st.sampled_from([np.int32, L, F]), (2, 3, 2), elements=st.integers(-5, 5)),
    st.one_of(st.none(), st.lists(st.integers(-3, 2), unique_by=lambda axis: axis % 3)),
    st.integers(0, 1),
)
def test_reductions(kind, array, axes, keeps):
    if axes is None:
        assert_folds(kind, array, keepdims=keeps)
    elif kind == "ReduceSum":
        assert_folds(kind, array, np.array(axes, L), keepdims=keeps)
    elif axes:
        assert_folds(kind, array, axes=axes, keepdims=keeps)


@pytest.mark.parametrize("kind", REDUCTIONS)
def test_only_sums_and_products_of_nothing_are_known(kind):
    nothing = np.zeros(0, L)
    if kind in ("ReduceProd", "ReduceSum"):
        assert_folds(kind, nothing)
    else:
        assert fold(kind, [nothing], {}) is None


BOUNDS = st.one_of(st.integers(-6, 6), st.sampled_from([2**63 - 1, -(2**63) + 1]))


@SOME
@given(BOUNDS, BOUNDS, st.sampled_from([-3, -2, -1, 1, 2, 3]), st.sampled_from([-2, -1, 0, 1]))
@example(-100, -100, -1, 0)
@example(3, -(2**63) + 1, -1, 1)
def test_slices(start, end, step, axis):
    # ONNX Runtime takes this end, going down, for the start of the axis.
    assume(step > 0 or end < 2**63 - 1)
    array = np.arange(20).reshape(4, 5)
    assert_folds("Slice", array, *(np.array([k]) for k in (start, end, axis, step)))


@SOME
@given(BOUNDS, BOUNDS)
def test_slices_that_name_no_axis(start, end):
    assert_folds("Slice", np.arange(5), np.array([start]), np.array([end]))


@SOME
@given(st.lists(st.integers(-3, 2)), st.integers(-2, 1))
def test_gathers(indices, axis):
    assert_folds("Gather", np.arange(9).reshape(3, 3), np.array(indices, L), axis=axis)


@settings(max_examples=30)
@given(st.permutations(range(3)))
def test_transpositions(perm):
    array = np.arange(12).reshape(2, 3, 2)
    assert_folds("Transpose", array, perm=list(perm))
    assert_folds("Transpose", array)


@settings(max_examples=30)
@given(st.lists(st.integers(-3, 2), unique_by=lambda axis: axis % 3, min_size=1, max_size=3))
def test_axes_come_and_go(axes):
    shape = [1 if axis - 3 in axes or axis in axes else 2 for axis in range(3)]
    assert_folds("Squeeze", np.zeros(shape, F), np.array(axes))
    assert_folds("Squeeze", np.zeros(shape, F))
    lead = np.zeros([extent for extent in shape if extent > 1], F)
    assert_folds("Unsqueeze", lead, np.array(axes))


@pytest.mark.parametrize(
    ("shape", "target", "attributes"),
    [
        ((2, 6), (4, -1), {}),
        ((2, 6), (0, 3, 2), {}),
        ((2, 6), (12,), {}),
        ((0, 3), (3, 0), {"allowzero": 1}),
    ],
)
def test_shapes(shape, target, attributes):
    array = np.arange(np.prod(shape)).reshape(shape)
    assert_folds("Reshape", array, np.array(target), **attributes)


@settings(max_examples=30)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_expansions(shapes):
    array = np.arange(np.prod(shapes.input_shapes[0], dtype=L)).reshape(shapes.input_shapes[0])
    assert_folds("Expand", array, np.array(shapes.input_shapes[1], L))


@settings(max_examples=20)
@given(st.integers(-2, 1), st.integers(1, 3))
def test_concatenations(axis, count):
    assert_folds("Concat", *(np.full((2, 2), k) for k in range(count)), axis=axis)


def test_what_is_large_is_left_to_the_runtime():
    row = np.zeros(MOST_COMPUTED // 2, F)
    assert fold("Add", [row, row], {}) is not None
    assert fold("Add", [row, np.zeros(row.size + 1, F)[:, None]], {}) is None
    assert fold("Add", [row[:1000], row[:1000, None]], {}) is None
    assert fold("Expand", [row[:1], np.array([MOST_COMPUTED + 1])], {}) is None
    assert fold("Conv", [row], {}) is None


EXTENTS = st.lists(st.one_of(st.integers(-9, 9), st.none()), min_size=1, max_size=4)


@SOME
@given(st.sampled_from(["Add", "Sub", "Mul", "Div", "Max", "Min", "Mod"]), EXTENTS, st.data())
def test_arithmetic_keeps_the_extents_that_are_known(kind, extents, data):
    others = data.draw(st.lists(st.integers(1, 9), min_size=len(extents), max_size=len(extents)))
    found = combined_by(kind, [np.array(e, object) for e in (extents, others)], {})
    assert found is not None
    known = [k for k, extent in enumerate(extents) if extent is not None]
    assert [k for k, extent in enumerate(found) if extent is not None] == known
    expected = fold(kind, [np.array([e[k] for k in known], L) for e in (extents, others)], {})
    assert found[known].tolist() == np.asarray(expected).tolist()


def of_shape(*extents):
    """A builder with an input of a shape, and that shape as a tensor of the model."""
    builder = Builder(OPSET)
    return builder, builder.node("Shape", builder.input("float32", extents))


def test_a_shape_that_is_known_is_a_constant():
    builder, shape = of_shape(2, 3, 4)
    assert shape.value is not None
    assert shape.value.tolist() == [2, 3, 4]
    assert not builder.nodes


def test_extents_that_are_known_go_through_the_nodes_that_move_them():
    builder, shape = of_shape(2, None, 4)
    first, second = (builder.node("Gather", shape, builder.integers(k), axis=0) for k in (0, 1))
    assert first.value is not None
    assert first.value.tolist() == [2]
    assert second.value is None
    rows = builder.node("Mul", second, builder.integers(2))
    target = builder.node("Concat", first, rows, builder.integers(-1, 7), axis=0)
    assert target.partial is not None
    assert target.partial.tolist() == [2, None, -1, 7]
    doubled = builder.node(
        "Mul", builder.cast(shape, "int32"), builder.constant(np.int32([1, 2, 3]))
    )
    assert doubled.partial is not None
    assert doubled.partial.tolist() == [2, None, 12]


def test_what_is_reshaped_has_the_extents_that_are_known():
    builder, shape = of_shape(2, None, 4)
    free = builder.node("Gather", shape, builder.integers(1), axis=0)
    target = builder.node("Concat", builder.integers(-1), free, builder.integers(8), axis=0)
    assert builder.node("Reshape", builder.inputs[0], target).shape == (None, None, 8)


@pytest.mark.parametrize(
    ("given", "target", "result"),
    [
        ((None, 3), (1, 3), (None, 3)),
        ((None, 3), (5, 1), (5, 3)),
        ((3,), (2, 1), (2, 3)),
        ((2, 1, None), (3, 1), (2, 3, None)),
    ],
)
def test_what_is_expanded_keeps_extents_where_it_is_told_1(given, target, result):
    builder = Builder(OPSET)
    tensor = builder.input("float32", given)
    assert builder.node("Expand", tensor, builder.integers(*target)).shape == result
