import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, convolution, graph_def, node, placeholder, resize, tiny_segmenter
from support.running import assert_untouched, node_of, ops, result_of, rewritten, run

from dlconv.convert.rewrite.fold_constants import fold_constants
from dlconv.graph.graph import Graph

F, I = np.float32, np.int32  # noqa: E741
MEAN = np.full((1, 1, 3), 127.5, F)


def folded(*nodes):
    return rewritten(fold_constants, graph_def(*nodes))


def photo(shape=(1, 5, 4, 3), dtype=F):
    return placeholder("x", dtype, shape)


def pixels(shape=(1, 5, 4, 3)):
    return np.random.default_rng(0).integers(0, 256, shape).astype(F)


def last(name="y", source="before"):
    return node(name, "Identity", source, T=F)


def value(graph, name):
    return Graph(graph).constant(node_of(graph, name))


# Known values


def shape_arithmetic(out_type=I):
    """The size of a photo and a half, as a Shape, a StridedSlice, a Mul and a Pack give it."""
    bounds = [const(f"at{i}", [i], I) for i in (1, 2)]
    types = {"T": out_type, "Index": I, "shrink_axis_mask": 1}
    return [
        photo(),
        node("shape", "Shape", "x", T=F, out_type=out_type),
        *bounds,
        node("rows", "StridedSlice", "shape", "at1", "at2", "at1", **types),
        const("two", 2, out_type),
        node("twice", "Mul", "rows", "two", T=out_type),
        node("pair", "Pack", "twice", "rows", T=out_type, N=2, axis=0),
    ]


@pytest.mark.parametrize(
    ("shape", "left"), [((1, 5, 4, 3), 0), ((1, None, None, 3), 1)], ids=["all", "in part"]
)
def test_all_outputs_of_a_node_become_constants_or_none_does(shape, left):
    graph = graph_def(
        photo(shape),
        node("shape", "Shape", "x", T=F, out_type=I),
        node("extents", "Unpack", "shape", T=I, num=4),
        node("to", "Pack", "extents", "extents:2", "extents:1", "extents:3", T=I, N=4),
        node("turned", "Reshape", "x", "to", T=F, Tshape=I),
        node("y", "TopKV2", "turned", "extents:3", T=F),
    )
    after = rewritten(fold_constants, graph)
    assert ops(after).count("Unpack") == left
    image = pixels()
    assert np.array_equal(run(after, "y", x=image), run(graph, "y", x=image))


@pytest.mark.parametrize("is_on", [False, True])
def test_what_runs_on_one_branch_only_stays_there(is_on):
    graph = graph_def(
        placeholder("on", np.bool_, ()),
        const("some", [3], I),
        const("more", [4], I),
        node("switch", "Switch", "some", "on", T=I),
        node("off", "Identity", "switch", T=I),
        node("more_switch", "Switch", "more", "on", T=I),
        node("sum", "AddV2", "more_switch:1", "more_switch:1", T=I),
        node("merge", "Merge", "off", "sum", T=I, N=2),
        node("y", "Identity", "merge", T=I),
    )
    after = rewritten(fold_constants, graph)
    assert run(after, "y", on=is_on) == run(graph, "y", on=is_on) == (8 if is_on else 3)


@pytest.mark.parametrize("out_type", [I, np.int64])
def test_shape_arithmetic_becomes_a_constant_of_its_type(out_type):
    size = node("size", "Cast", "pair", SrcT=out_type, DstT=out_type)
    graph = folded(*shape_arithmetic(out_type), size, node("y", "Identity", "size", T=out_type))
    assert ops(graph) == ["Identity"]
    assert value(graph, "size").dtype == out_type
    assert value(graph, "size").tolist() == [10, 5]


def test_the_folded_graph_gives_the_same():
    nodes = [*shape_arithmetic(), resize("r", "x", "pair"), last(source="r")]
    image = pixels()
    before, after = (run(graph, "y", x=image) for graph in (graph_def(*nodes), folded(*nodes)))
    assert np.array_equal(before, after)


def test_an_output_that_is_known_stays_an_op():
    assert ops(folded(*shape_arithmetic())) == ["Pack"]


def test_integers_that_wrap_are_left_to_the_runtime():
    assert_untouched(
        fold_constants,
        graph_def(
            const("most", 2**31 - 1, I),
            const("one", 1, I),
            node("sum", "Add", "most", "one", T=I),
            node("y", "Identity", "sum", T=I),
        ),
    )


@settings(max_examples=15)
@given(st.sampled_from(["Add", "Sub", "Mul", "Maximum"]), st.data())
def test_floats_are_rounded_as_tensorflow_rounds_them(op, data):
    sevenths = st.integers(-(10**7), 10**7).map(lambda number: number / 7)
    numbers = st.lists(sevenths, min_size=3, max_size=3)
    a, b, c = (np.array(data.draw(numbers), F) for _ in range(3))
    nodes = [
        *(const(name, array, F) for name, array in (("a", a), ("b", b), ("c", c))),
        node("ab", op, "a", "b", T=F),
        node("abc", op, "ab", "c", T=F),
        last(source="abc"),
    ]
    graph = folded(*nodes)
    assert ops(graph) == ["Identity"]
    assert np.array_equal(value(graph, "abc"), run(graph_def(*nodes), "y"))


def test_the_shape_of_another_output_is_known():
    split = node("split", "Split", "axis", "x", T=F, num_split=2)
    shape = node("shape", "Shape", "split:1", T=F, out_type=I)
    y = node("y", "Identity", "shape", T=I)
    graph = folded(photo(), const("axis", 2, I), split, shape, y)
    assert value(graph, "shape").tolist() == [1, 5, 2, 3]


def test_nodes_with_control_edges_are_left_alone():
    held = node("sum", "Add", "one", "one", "^x", T=I)
    y = node("y", "Identity", "sum", T=I)
    assert_untouched(fold_constants, graph_def(photo(), const("one", 1, I), held, y))


# Ops that do nothing


def cut(begin, size, *after, shape=(1, 5, 4, 3)):
    ends = [const("begin", begin, I), const("size", size, I)]
    return [photo(shape), *ends, node("s", "Slice", "x", "begin", "size", T=F, Index=I), *after]


@pytest.mark.parametrize("size", [[1, 5, 4, 3], [-1, -1, -1, -1], [1, -1, 4, -1]])
def test_a_slice_that_takes_all_is_dropped(size):
    graph = folded(*cut([0, 0, 0, 0], size, last(source="s")))
    assert ops(graph) == ["Identity"]
    assert np.array_equal(run(graph, "y", x=pixels()), pixels())


@pytest.mark.parametrize(
    ("begin", "size", "shape"),
    [
        ([0, 0, 0, 0], [1, 5, 3, 3], (1, 5, 4, 3)),
        ([0, 1, 0, 0], [1, -1, 4, 3], (1, 5, 4, 3)),
        ([0, 0, 0, 0], [1, 5, 4, 3], (1, None, 4, 3)),
    ],
)
def test_a_slice_that_may_cut_stays(begin, size, shape):
    assert_untouched(fold_constants, graph_def(*cut(begin, size, last(source="s"), shape=shape)))


def test_a_slice_at_the_end_gives_its_name_to_the_node_before():
    double = node("double", "Add", "x", "x", T=F)
    ends = [const("begin", [0] * 4, I), const("size", [1, 5, 4, 3], I)]
    y = node("y", "Slice", "double", "begin", "size", T=F, Index=I)
    graph = folded(photo(), double, *ends, y)
    assert ops(graph) == ["Add"]
    assert np.array_equal(run(graph, "y", x=pixels()), pixels() * 2)


def test_a_slice_at_the_end_stays_if_the_node_before_is_read_elsewhere():
    double = node("double", "Add", "x", "x", T=F)
    ends = [const("begin", [0] * 4, I), const("size", [1, 5, 4, 3], I)]
    y = node("y", "Slice", "double", "begin", "size", T=F, Index=I)
    other = last("z", "double")
    assert_untouched(fold_constants, graph_def(photo(), double, *ends, y, other))


@pytest.mark.parametrize("dtype", [F, I, np.uint8])
def test_nearest_neighbours_at_the_same_size_are_dropped(dtype):
    size = const("size", [5, 4], I)
    same = resize("r", "x", "size", "ResizeNearestNeighbor", T=dtype, align_corners=True)
    y = node("y", "Identity", "r", T=dtype)
    assert ops(folded(photo(dtype=dtype), size, same, y)) == ["Identity"]


# Padding by nothing, and the shift around it


def padded(amounts, mean=MEAN, added=MEAN, shape=(5, 4, 3)):
    return [
        photo(shape),
        const("mean", mean, F),
        const("added", added, F),
        const("amounts", amounts, I),
        node("down", "Sub", "x", "mean", T=F),
        node("pad", "Pad", "down", "amounts", T=F, Tpaddings=I),
        node("up", "Add", "pad", "added", T=F),
        last(source="up"),
    ]


NOTHING = [[0, 0]] * 3


def test_padding_by_nothing_goes_and_takes_the_shift_with_it():
    graph = folded(*padded(NOTHING))
    assert ops(graph) == ["Identity"]
    image = pixels((5, 4, 3))
    assert np.array_equal(run(graph, "y", x=image), run(graph_def(*padded(NOTHING)), "y", x=image))


@pytest.mark.parametrize(
    ("mean", "added"),
    [
        (MEAN, MEAN + 1),
        (np.full((1, 1, 3), 0.1, F), np.full((1, 1, 3), 0.1, F)),
        (np.full((1, 1, 3), 1e6, F), np.full((1, 1, 3), 1e6, F)),
        (np.zeros((2, 1, 1, 1), F), np.zeros((2, 1, 1, 1), F)),
    ],
)
def test_a_shift_that_may_round_or_broadcast_stays(mean, added):
    amounts = [[0, 0]] * max(3, mean.ndim)
    assert ops(folded(*padded(amounts, mean, added))) == ["Sub", "Add", "Identity"]


def test_padding_by_something_stays():
    assert_untouched(fold_constants, graph_def(*padded([[0, 1], [0, 0], [0, 0]])))


def test_a_shift_without_padding_is_no_business_of_this_pass():
    nodes = [n for n in padded(NOTHING) if n.name not in ("pad", "amounts")]
    nodes[-2].input[0] = "down"
    assert_untouched(fold_constants, graph_def(*nodes))


# Axes that come and go


def test_an_axis_that_goes_and_comes_back_is_left_where_it_is():
    nodes = [
        photo(dtype=np.uint8),
        node("thin", "Squeeze", "x", T=np.uint8, squeeze_dims=[0]),
        node("float", "Cast", "thin", SrcT=np.uint8, DstT=F),
        const("axis", 0, I),
        node("thick", "ExpandDims", "float", "axis", T=F, Tdim=I),
        last(source="thick"),
    ]
    graph = folded(*nodes)
    assert ops(graph) == ["Cast", "Identity"]
    image = pixels().astype(np.uint8)
    assert np.array_equal(run(graph, "y", x=image), run(graph_def(*nodes), "y", x=image))


@pytest.mark.parametrize("axis", [-1, 2])
def test_an_axis_that_comes_and_goes_does_not_come(axis):
    graph = folded(
        photo((5, 4)),
        const("axis", axis, I),
        node("thick", "ExpandDims", "x", "axis", T=F, Tdim=I),
        node("thin", "Squeeze", "thick", T=F, squeeze_dims=[axis]),
        last(source="thin"),
    )
    assert ops(graph) == ["Identity"]


@pytest.mark.parametrize("axis", [1, 3])
def test_another_axis_stays(axis):
    assert_untouched(
        fold_constants,
        graph_def(
            photo(),
            node("thin", "Squeeze", "x", T=F, squeeze_dims=[0]),
            const("axis", axis, I),
            node("thick", "ExpandDims", "thin", "axis", T=F, Tdim=I),
            last(source="thick"),
        ),
    )


def test_an_axis_that_is_missed_in_between_stays():
    thin = node("thin", "Squeeze", "x", T=F, squeeze_dims=[0])
    thick = node("thick", "ExpandDims", "thin", "axis", T=F, Tdim=I)
    nodes = [photo(), thin, const("axis", 0, I), thick, last(source="thick"), last("z", "thin")]
    assert_untouched(fold_constants, graph_def(*nodes))


# Graphs it has nothing to do with


def test_a_graph_without_a_pattern_is_the_very_same():
    kernel = const("kernel", np.ones((1, 1, 3, 3)), F)
    assert_untouched(fold_constants, graph_def(photo(), kernel, convolution("y", "x", "kernel")))


def test_small_weights_lose_their_copy():
    graph = result_of(fold_constants, tiny_segmenter())
    assert "Identity" not in ops(graph)
    assert sum(n.op == "Const" for n in graph.node) == 2


@pytest.mark.parametrize("op", ["Slice", "Pad", "Squeeze", "ExpandDims", "ResizeNearestNeighbor"])
def test_ops_without_their_inputs_are_left_alone(op):
    for inputs in ((), ("x",), ("x", "x"), ("x", "x", "x")):
        graph = graph_def(photo(), node("y", op, *inputs, T=F), last("z", "y"))
        assert_untouched(fold_constants, graph)
