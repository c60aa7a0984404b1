import numpy as np
import pytest
from support.branching import traced
from support.graphs import const, copy, graph_def, node, placeholder, tiny_segmenter
from support.running import assert_untouched, ops, rewritten, run

from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.take_branches import take_branches

F = np.float32


def cond(v1, predicate, x):
    return v1.cond(predicate, lambda: v1.square(x) * 2, lambda: x + 1)


def default(v1, value):
    return v1.placeholder_with_default(value, [], name="is_training")


@pytest.mark.parametrize("is_taken", [False, True])
@pytest.mark.parametrize(
    "predicate",
    [
        pytest.param(lambda v1, x, value: v1.constant(value), id="a constant"),
        pytest.param(lambda v1, x, value: default(v1, value), id="a default"),
        pytest.param(
            lambda v1, x, value: v1.logical_not(default(v1, not value)), id="its opposite"
        ),
        pytest.param(
            lambda v1, x, value: v1.logical_and(v1.constant(value), v1.constant(True)), id="both"
        ),
        pytest.param(
            lambda v1, x, value: (v1.logical_or if value else v1.logical_and)(
                v1.reduce_all(x > 0), v1.constant(value)
            ),
            id="one of two that settles it",
        ),
        pytest.param(
            lambda v1, x, value: v1.shape(x)[0] < (3 if value else 2), id="a size that is known"
        ),
    ],
)
def test_the_branch_that_runs_is_taken(predicate, is_taken):
    graph = traced(lambda v1, x: cond(v1, predicate(v1, x, is_taken), x))
    result = rewritten(take_branches, graph)
    assert not {"Switch", "Merge"} & {*ops(result)}
    assert ("Square" in ops(result)) == is_taken
    x = np.array([-3, 5], F)
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


def test_branches_within_branches_are_taken():
    def build(v1, x):
        yes, no = v1.constant(True), v1.constant(False)
        return v1.cond(no, lambda: cond(v1, yes, x), lambda: cond(v1, no, x) * 3)

    graph = traced(build)
    result = rewritten(take_branches, graph)
    assert not {"Switch", "Merge", "Square"} & {*ops(result)}
    x = np.array([-3, 5], F)
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


def test_a_branch_that_depends_on_the_image_stays_within_one_that_is_taken():
    def build(v1, x):
        inner = lambda: cond(v1, v1.reduce_sum(x) > 0, x)  # noqa: E731
        return v1.cond(v1.constant(True), inner, lambda: cond(v1, v1.reduce_min(x) > 0, x))

    graph = traced(build)
    result = rewritten(take_branches, graph)
    assert [ops(graph).count("Merge"), ops(result).count("Merge")] == [3, 1]
    for x in ([-3, 5], [-3, 2]):
        assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


def test_which_input_arrived_is_known_too():
    nodes = [
        placeholder("x", F, (2,)),
        const("no", np.array(False)),
        node("switch", "Switch", "x", "no", T=F),
        node("doubled", "Add", "switch:1", "switch:1", T=F),
        node("merge", "Merge", "doubled", "switch:0", T=F, N=2),
        node("index", "Cast", "merge:1", SrcT=np.int32, DstT=F),
        node("y", "Mul", "merge", "index", T=F),
    ]
    graph = graph_def(*nodes)
    result = rewritten(take_branches, graph)
    assert ops(result) == ["Identity", "Cast", "Mul"]
    x = np.array([-3, 5], F)
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist() == [-3, 5]


def test_all_passes_together_leave_only_what_is_computed():
    graph = traced(lambda v1, x: cond(v1, default(v1, False), x))
    assert ops(rewritten(rewrite, graph)) == ["AddV2", "Identity"]


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(lambda: tiny_segmenter(), id="no branches"),
        pytest.param(
            lambda: traced(lambda v1, x: cond(v1, v1.reduce_sum(x) > 0, x)),
            id="the image decides",
        ),
        pytest.param(
            lambda: traced(lambda v1, x: cond(v1, v1.shape(x)[0] > 2, x), shape=(None,)),
            id="a size that is not known decides",
        ),
        pytest.param(
            lambda: graph_def(
                placeholder("x", F, (2,)),
                const("no", np.array(False)),
                const("yes", np.array(True)),
                node("never", "Switch", "x", "no", T=F),
                node("either", "Switch", "x", "yes", T=F),
                copy("a", "either:1"),
                node("merge", "Merge", "never:1", "a", "x", T=F, N=3),
                copy("y", "merge"),
            ),
            id="a Merge of more that may arrive",
        ),
    ],
)
def test_what_is_left_alone(graph):
    assert_untouched(take_branches, graph())
