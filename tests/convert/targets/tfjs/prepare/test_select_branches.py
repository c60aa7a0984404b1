import numpy as np
import pytest
from support.branching import traced
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter
from support.lowering import in_tfjs
from support.running import assert_untouched, ops, result_of, run

from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.tfjs.prepare.select_branches import select_branches
from dlconv.graph.graph import Graph

F = np.float32
IMAGE = (1, None, None, 2)


def is_bright(v1, x):
    return v1.reduce_mean(x) > 0


def on_scalars(v1, x):
    return v1.cond(is_bright(v1, x), lambda: v1.reduce_mean(x), lambda: v1.constant(7.0)) * x


def on_images(v1, x):
    return v1.cond(is_bright(v1, x), lambda: v1.nn.relu(x) * 2, lambda: v1.negative(x))


def of_two_values(v1, x):
    one, other = v1.cond(is_bright(v1, x), lambda: (x, x * 2), lambda: (x + 1, -x))
    return one - other


def within_each_other(v1, x):
    inner = lambda: v1.cond(v1.reduce_max(x) > 1, lambda: x * 2, lambda: x * 3)  # noqa: E731
    return v1.cond(is_bright(v1, x), inner, lambda: v1.negative(x))


def that_divide(v1, x):
    total = v1.reduce_sum(v1.nn.relu(x))
    return v1.cond(total > 0, lambda: x / total, lambda: x)


def of_fixed_size(v1, x):
    return v1.cond(is_bright(v1, x), lambda: x[:, ::-1, :2], lambda: v1.zeros([1, 2, 2, 2]))


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (on_scalars, IMAGE),
        (on_images, IMAGE),
        (of_two_values, IMAGE),
        (within_each_other, IMAGE),
        (that_divide, IMAGE),
        (of_fixed_size, (1, 2, 3, 2)),
    ],
)
def test_a_select_is_what_the_branch_that_runs_computes(runners, build, shape):
    graph = traced(build, shape)
    result = rewrite(Graph(result_of(select_branches, graph))).graph
    assert "SelectV2" in ops(result.graph_def)
    assert not {"Switch", "Merge"} & {*ops(result.graph_def)}
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 2)).astype(F)
    for image in (np.abs(x) / 9, np.abs(x), -np.abs(x)):
        expected = run(graph, "y", x=image)
        assert np.allclose(run(result.graph_def, "y", x=image), expected, rtol=0, atol=1e-6)
        for runner in runners.values():
            found = in_tfjs(runner, result, {"x": image})
            assert np.allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("is_first", [False, True])
def test_which_input_arrived_is_selected_too(is_first):
    graph = graph_def(
        placeholder("x", F, ()),
        placeholder("p", np.bool_, ()),
        node("switch", "Switch", "x", "p", T=F),
        node("doubled", "Neg", "switch:1", T=F),
        node("merge", "Merge", *["doubled", "switch"][:: 1 if is_first else -1], T=F, N=2),
        node("index", "Cast", "merge:1", SrcT=np.int32, DstT=F),
        const("hundred", 100, F),
        node("hundreds", "Mul", "index", "hundred", T=F),
        node("y", "Add", "merge", "hundreds", T=F),
    )
    result = result_of(select_branches, graph)
    assert "Merge" not in ops(result)
    for p in (False, True):
        value, index = (-2 if p else 2), int(p != is_first)
        assert run(graph, "y", x=2, p=p) == run(result, "y", x=2, p=p) == value + 100 * index


def of_different_shapes(v1, x):
    return v1.cond(is_bright(v1, x), lambda: x, lambda: v1.reduce_mean(x, [1, 2], keepdims=True))


def that_pad(v1, x):
    return v1.cond(
        v1.shape(x)[1] < 3,
        lambda: v1.reduce_mean(v1.pad(x, [[0, 0], [0, 3 - v1.shape(x)[1]], [0, 0], [0, 0]])),
        lambda: v1.reduce_mean(x),
    )


def that_divide_integers(v1, x):
    count = v1.cast(v1.reduce_max(x), v1.int32)
    divided = v1.cond(count > 0, lambda: v1.constant(100) // count, lambda: count)
    return v1.cast(divided, v1.float32)


def that_are_random(v1, x):
    return v1.cond(is_bright(v1, x), lambda: v1.random.uniform([]), lambda: v1.constant(1.0))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(lambda: tiny_segmenter(), id="no branches"),
        *(
            pytest.param(lambda build=build: traced(build, IMAGE), id=build.__name__)
            for build in (
                of_different_shapes,
                that_pad,
                that_divide_integers,
                that_are_random,
            )
        ),
        pytest.param(
            lambda: graph_def(
                placeholder("x", F, ()), const("o", 1, F), node("y", "Merge", "x", "o", T=F, N=2)
            ),
            id="nothing decides",
        ),
    ],
)
def test_what_cannot_be_a_select_stays(graph):
    assert_untouched(select_branches, graph())
