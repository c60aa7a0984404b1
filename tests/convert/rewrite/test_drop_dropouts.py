import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder
from support.running import assert_untouched, node_of, ops, rewritten, run

from dlconv.convert.rewrite.drop_dropouts import drop_dropouts

F, B = np.float32, np.bool_


def random(name="random", shape_of="x"):
    """Random numbers of the shape of a node, as tf.nn.dropout asks for them."""
    return [
        node("size", "Shape", shape_of, T=F),
        node(name, "RandomUniform", "size", dtype=F, T=np.int32, seed=7),
    ]


def selected(rate):
    """Dropout of TensorFlow 2: numbers of at least the rate are kept."""
    return [
        *random(),
        const("rate", rate, F),
        node("mask", "GreaterEqual", "random", "rate", T=F),
        const("zero", 0, F),
        node("kept", "SelectV2", "mask", "x", "zero", T=F),
    ]


def multiplied(rate):
    """Dropout of TensorFlow 1.13 to 2.9."""
    return [
        *random(),
        const("rate", rate, F),
        node("mask", "GreaterEqual", "random", "rate", T=F),
        node("ones", "Cast", "mask", SrcT=B, DstT=F),
        node("kept", "Mul", "x", "ones", T=F),
    ]


def rounded_down(rate):
    """Dropout of TensorFlow 1 before, whose numbers are scaled to a range first."""
    return [
        *random("plain"),
        const("least", 0, F),
        const("most", 1, F),
        node("range", "Sub", "most", "least", T=F),
        node("scaled", "Mul", "plain", "range", T=F),
        node("random", "Add", "scaled", "least", T=F),
        const("keep_prob", 1 - rate, F),
        node("sum", "Add", "keep_prob", "random", T=F),
        node("ones", "Floor", "sum", T=F),
        node("kept", "Mul", "x", "ones", T=F),
    ]


def network(dropout, shape=(None, 4)):
    return graph_def(placeholder("x", F, shape), *dropout, node("y", "Neg", "kept", T=F))


WAYS = pytest.mark.parametrize("way", [selected, multiplied, rounded_down])


@WAYS
def test_a_dropout_that_keeps_everything_goes(way):
    graph = network(way(0))
    result = rewritten(drop_dropouts, graph)
    assert ops(result) == ["Neg"]
    x = np.array([[1, -2, np.inf, 0]], F)
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


@WAYS
def test_a_dropout_that_drops_stays(way):
    assert_untouched(drop_dropouts, network(way(0.25)))


def test_a_mask_that_has_more_axes_than_the_values_stays():
    wide = [placeholder("z", F, (2, 3, 4)), *selected(0)]
    next(each for each in wide if each.name == "size").input[0] = "z"
    assert_untouched(drop_dropouts, network(wide))


def test_a_graph_without_random_numbers_is_left_alone():
    least = [const("zero", 0, F), node("mask", "GreaterEqual", "x", "zero", T=F)]
    graph = network([*least, node("kept", "SelectV2", "mask", "x", "zero", T=F)])
    assert_untouched(drop_dropouts, graph)
    assert node_of(graph, "kept").op == "SelectV2"
