import numpy as np
import pytest
from support.graphs import const, convolution, graph_def, node, placeholder

from dlconv.convert.conformance.traits import traits_of
from dlconv.graph.graph import Graph
from dlconv.graph.shapes import infer_static

F = np.float32


def traits(*nodes, name="y"):
    graph = Graph(graph_def(*nodes))
    return traits_of(infer_static(graph), graph.nodes[name])


def image(*shape):
    return placeholder("x", F, shape or (1, None, None, 4))


def test_attributes_ranks_and_constants_are_told_apart():
    found = traits(
        image(),
        const("axes", [-1, -2], np.int32),
        node("y", "Mean", "x", "axes", T=F, Tidx=np.int32),
    )
    assert found == {
        "T": "float32",
        "Tidx": "int32",
        "keep_dims": "no",
        "rank of input": "4",
        "input": "computed",
        "rank of reduction_indices": "1",
        "reduction_indices": "negative constant",
    }


def test_what_only_a_run_shows_is_not_known():
    unknown = node("x", "Placeholder", dtype=F)
    unknown.attr["shape"].shape.unknown_rank = True
    assert traits(unknown, node("y", "Abs", "x", T=F))["rank of x"] is None


@pytest.mark.parametrize(("taken", "groups"), [(4, "one"), (2, "several")])
def test_a_convolution_has_groups(taken, groups):
    kernel = const("k", np.ones((3, 3, taken, 4)), F)
    assert traits(image(), kernel, convolution("y", "x", "k"))["groups"] == groups


@pytest.mark.parametrize(
    ("steps", "window"),
    [((2, 2), "has none"), ((3, 1), "has gaps on one axis"), ((3, 3), "has gaps")],
)
def test_a_window_may_be_smaller_than_its_step(steps, window):
    kernel = const("k", np.ones((2, 2, 4, 4)), F)
    assert traits(image(), kernel, convolution("y", "x", "k", strides=steps))["window"] == window


def test_an_op_that_tensorflow_lacks_has_no_traits():
    assert traits(image(), node("y", "Unheard", "x", T=F)) == {}


@pytest.mark.parametrize(
    ("equation", "notation"),
    [("ab,bc->ac", "letters"), ("...a,ab->...b", "ellipsis"), ("aa->a", "a letter twice")],
)
def test_an_equation_has_a_notation(equation, notation):
    made = node("y", "Einsum", "x", "x", T=F, equation=equation.encode(), N=2)
    assert traits(image(), made)["notation"] == notation
