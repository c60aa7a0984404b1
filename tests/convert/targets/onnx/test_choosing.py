import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import cast, const, node
from support.onnx_operations import assert_same, graph_of, written

from dlconv.errors import DlconvError

F = np.float32
TYPES = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16")
EVERY_TYPE = (*TYPES, "bool")


def numbers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).integers(0, 3, shape), F)


def yes_or_no(shape: tuple[int, ...], seed: int = 2) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).integers(0, 2, shape), np.bool_)


SHAPES = [(), (3,), (2, 3), (2, 0), (2, 3, 4), (1, 3, 4, 2), (2, 1, 2, 3), (1, 2, 1, 2, 3)]


@settings(max_examples=30)
@given(
    st.sampled_from(EVERY_TYPE), st.sampled_from(SHAPES), st.sampled_from(["whole", "rows", "one"])
)
def test_the_older_select_takes_a_condition_for_all_for_each_or_for_each_row(dtype, shape, kind):
    condition = {"whole": shape, "rows": shape[:1], "one": ()}[kind]
    nodes = [
        cast("one", "a", dtype),
        cast("other", "b", dtype),
        node("y", "Select", "c", "one", "other", T=dtype),
    ]
    feeds = {"a": numbers(shape), "b": numbers(shape, 1), "c": yes_or_no(condition)}
    assert_same(nodes, feeds)


def test_a_condition_from_an_image_behind_a_convolution():
    image = np.random.default_rng(0).normal(size=(1, 3, 4, 2)).astype(F)
    nodes = [
        const("zero", 0, F),
        node("c", "Greater", "x", "zero", T=F),
        node("y", "Select", "c", "x", "b", T=F),
    ]
    assert_same(nodes, {"x": image, "b": numbers((1, 3, 4, 2))})


@st.composite
def broadcast_shapes(draw, count: int):
    shape = draw(st.sampled_from([(1, 3, 4, 2), (2, 3), (2, 3, 4)]))
    parts = [tuple(draw(st.sampled_from([1, extent])) for extent in shape) for _ in range(count)]
    shapes = [draw(st.sampled_from([part[k:] for k in range(len(shape) + 1)])) for part in parts]
    return draw(st.permutations([shape, *shapes[1:]]))


@settings(max_examples=30)
@given(st.sampled_from(EVERY_TYPE), broadcast_shapes(3))
def test_the_newer_select_broadcasts(dtype, shapes):
    nodes = [
        cast("one", "a", dtype),
        cast("other", "b", dtype),
        node("y", "SelectV2", "c", "one", "other", T=dtype),
    ]
    feeds = {"c": yes_or_no(shapes[0]), "a": numbers(shapes[1]), "b": numbers(shapes[2], 1)}
    assert_same(nodes, feeds)


@settings(max_examples=30)
@given(
    st.sampled_from(sorted({*EVERY_TYPE} - {"float16"})),
    st.sampled_from([(4,), (0,), (1,), (2, 3), (2, 0, 1), (1, 3, 4, 2), (1, 2, 1, 2, 3)]),
)
def test_places(dtype, shape):
    assert_same([cast("c", "x", dtype), node("y", "Where", "c", T=dtype)], {"x": numbers(shape)})


def test_the_places_of_what_is_not_zero():
    given = np.array([0.0, -0.0, 1e-30, -1.0, np.nan, np.inf])
    assert_same([node("y", "Where", "x", T=np.float64)], {"x": given})
    assert_same([node("y", "Where", "x", T=np.int16)], {"x": np.array([0, 256, -1], np.int16)})


@settings(max_examples=30)
@given(
    st.sampled_from(EVERY_TYPE),
    st.sampled_from(["uint8", "int8", "int32", "int64"]),
    st.sampled_from([(), (3,), (2, 3), (0,), (1, 2, 3), (1, 2, 2, 3)]),
    st.integers(-1, 4),
    st.sampled_from([0, 1, 5, 200, 300]),
)
def test_one_of_many(dtype, indices, shape, axis, depth):
    if axis > len(shape):
        return
    limits = np.iinfo(indices)
    given = np.random.default_rng(0).integers(max(limits.min, -2), min(limits.max, 301), shape)
    nodes = [
        const("depth", depth, np.int32),
        const("on", 1, dtype),
        const("off", 0, dtype),
        node("y", "OneHot", "x", "depth", "on", "off", T=dtype, TI=indices, axis=axis),
    ]
    assert_same(nodes, {"x": given.astype(indices)})


def switch(name: str, value: str, condition: str, dtype=F):
    return node(name, "Switch", value, condition, T=dtype)


def merge(name: str, *values: str, dtype=F):
    return node(name, "Merge", *values, T=dtype, N=len(values))


def negated(name: str, source: str):
    return node(name, "Neg", source, T=F)


def halved(name: str, source: str):
    """Every other row."""
    bounds = {"begin": [0, 0], "end": [0, 0], "strides": [2, 1]}
    parts = [const(f"{name}/{key}", value, np.int32) for key, value in bounds.items()]
    names = [part.name for part in parts]
    taken = node(
        name, "StridedSlice", source, *names, T=F, Index=np.int32, begin_mask=3, end_mask=3
    )
    return [*parts, taken]


IMAGE = np.random.default_rng(0).normal(size=(1, 4, 6, 2)).astype(F)
MATRIX = IMAGE[0, :, :, 0]
BOTH = [np.array(False), np.array(True)]


@pytest.mark.parametrize("condition", BOTH)
@pytest.mark.parametrize("is_constant", [False, True])
def test_the_branch_that_a_condition_chooses(condition, is_constant):
    nodes = [
        switch("s", "x", "p"),
        negated("taken", "s:1"),
        node("left", "Relu", "s:0", T=F),
        merge("m", "left", "taken"),
        node("y", "Identity", "m", T=F),
    ]
    if is_constant:
        assert_same([const("p", condition), *nodes], {"x": IMAGE})
    else:
        assert_same(nodes, {"x": IMAGE, "p": condition})


@pytest.mark.parametrize("condition", BOTH)
@pytest.mark.parametrize("is_constant", [False, True])
@pytest.mark.parametrize("order", [("s:0", "s:1"), ("s:1", "s:0")])
def test_the_number_of_the_branch(condition, is_constant, order):
    nodes = [
        switch("s", "x", "p"),
        merge("m", *order),
        node("y", "Identity", "m:1", T=np.int32),
    ]
    if is_constant:
        assert_same([const("p", condition), *nodes], {"x": IMAGE})
    else:
        assert_same(nodes, {"x": IMAGE, "p": condition})


@pytest.mark.parametrize("limit", [-1e3, 1e3])
def test_a_condition_that_is_computed(limit):
    nodes = [
        const("axes", [0, 1, 2, 3], np.int32),
        const("limit", limit, F),
        node("sum", "Sum", "x", "axes", T=F, Tidx=np.int32),
        node("p", "Less", "sum", "limit", T=F),
        switch("s", "x", "p"),
        negated("taken", "s:1"),
        merge("m", "s", "taken"),
        node("y", "Relu", "m", T=F),
    ]
    assert_same(nodes, {"x": IMAGE})


@pytest.mark.parametrize("condition", BOTH)
def test_branches_of_different_shapes(condition):
    nodes = [
        switch("s", "x", "p"),
        *halved("taken", "s:1"),
        merge("m", "s", "taken"),
        node("y", "Relu", "m", T=F),
    ]
    assert_same(nodes, {"x": MATRIX, "p": condition})


def of_different_ranks():
    return [
        switch("s", "x", "p"),
        const("axis", 0, np.int32),
        node("taken", "Sum", "s:1", "axis", T=F, Tidx=np.int32),
        merge("m", "s", "taken"),
    ]


@pytest.mark.parametrize("condition", BOTH)
def test_branches_of_different_ranks(condition):
    nodes = [
        *of_different_ranks(),
        node("rectified", "Relu", "m", T=F),
        const("shape", [-1], np.int32),
        node("y", "Reshape", "rectified", "shape", T=F, Tshape=np.int32),
    ]
    assert_same(nodes, {"x": MATRIX, "p": condition})


def test_an_output_of_a_rank_that_depends_on_the_branch_is_refused():
    with pytest.raises(DlconvError, match="ONNX needs to know how many axes m has"):
        written(graph_of(of_different_ranks(), {"x": MATRIX, "p": BOTH[0]}), "m")


@pytest.mark.parametrize("outer", BOTH)
@pytest.mark.parametrize("inner", BOTH)
@pytest.mark.parametrize("is_constant", [False, True])
def test_a_branch_in_a_branch(outer, inner, is_constant):
    nodes = [
        switch("outer", "x", "p"),
        switch("q/switched", "q", "p", np.bool_),
        switch("inner", "outer:1", "q/switched:1"),
        negated("first", "inner:1"),
        node("second", "Softsign", "inner:0", T=F),
        merge("inner/merged", "second", "first"),
        node("third", "Relu", "outer:0", T=F),
        merge("m", "third", "inner/merged"),
        node("y", "Identity", "m", T=F),
    ]
    if is_constant:
        assert_same([const("p", outer), const("q", inner), *nodes], {"x": IMAGE})
    else:
        assert_same(nodes, {"x": IMAGE, "p": outer, "q": inner})


@pytest.mark.parametrize("condition", BOTH)
def test_branches_that_are_equal(condition):
    nodes = [switch("s", "x", "p"), merge("m", "s:0", "s:1"), node("y", "Relu", "m", T=F)]
    assert_same(nodes, {"x": IMAGE, "p": condition})


def pivots(name: str, condition: str):
    """What TensorFlow's cond makes to tie constants to its branches."""
    return [
        switch(f"{name}/Switch", condition, condition, np.bool_),
        node(f"{name}/switch_f", "Identity", f"{name}/Switch", T=np.bool_),
        node(f"{name}/switch_t", "Identity", f"{name}/Switch:1", T=np.bool_),
    ]


def tied(constant, pivot: str):
    constant.input.append(f"^{pivot}")
    return constant


@pytest.mark.parametrize("condition", BOTH)
@pytest.mark.parametrize("is_constant", [False, True])
def test_constants_on_both_branches(condition, is_constant):
    nodes = [
        *pivots("cond", "p"),
        tied(const("one", 1, F), "cond/switch_t"),
        tied(const("half", 0.5, F), "cond/switch_f"),
        merge("m", "half", "one"),
        node("y", "Mul", "x", "m", T=F),
    ]
    if is_constant:
        assert_same([const("p", condition), *nodes], {"x": IMAGE})
    else:
        assert_same(nodes, {"x": IMAGE, "p": condition})


@pytest.mark.parametrize("condition", BOTH)
@pytest.mark.parametrize("branch", [0, 1])
def test_a_constant_without_its_control_edge_is_on_the_opposite_branch(condition, branch):
    """Passes drop control edges; the two values here have different shapes."""
    given = f"s:{1 - branch}"
    nodes = [
        const("c", np.ones((2, 3)), F),
        switch("s", "x", "p"),
        merge("m", given, "c") if branch else merge("m", "c", given),
        node("y", "Relu", "m", T=F),
    ]
    tie = [
        *pivots("cond", "p"),
        tied(const("c", np.ones((2, 3)), F), f"cond/switch_{'ft'[branch]}"),
    ]
    feeds = {"x": MATRIX, "p": condition}
    assert_same([*tie, *nodes[1:]], feeds)
    plain, with_edge = (written(graph_of(each, feeds), "y") for each in (nodes, [*tie, *nodes[1:]]))
    assert plain.skeleton.graph.node == with_edge.skeleton.graph.node


def test_constants_that_nothing_ties_to_a_branch_are_refused():
    nodes = [
        const("one", 1, F),
        const("half", 0.5, F),
        merge("m", "half", "one"),
        node("y", "Mul", "x", "m", T=F),
    ]
    with pytest.raises(DlconvError, match="no condition decides between its branches"):
        written(graph_of(nodes, {"x": IMAGE}), "y")


def test_more_than_two_branches_are_refused():
    nodes = [
        switch("s", "x", "p"),
        switch("t", "s:1", "q"),
        merge("m", "s", "t", "t:1"),
        node("y", "Relu", "m", T=F),
    ]
    with pytest.raises(DlconvError, match="it joins more than two branches"):
        written(graph_of(nodes, {"x": IMAGE, "p": BOTH[0], "q": BOTH[0]}), "y")


def test_a_branch_that_never_runs_is_refused():
    nodes = [const("p", False), switch("s", "x", "p"), node("y", "Relu", "s:1", T=F)]
    with pytest.raises(DlconvError, match="y is on a branch that never runs"):
        written(graph_of(nodes, {"x": IMAGE}), "y")
