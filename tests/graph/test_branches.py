import numpy as np
from support.graphs import const, graph_def, node, placeholder

from dlconv.graph.branches import conditional_nodes
from dlconv.graph.graph import Graph

F = np.float32


def test_what_a_switch_hands_on_is_conditional_until_a_merge():
    nodes = [
        placeholder("x", F, (2,)),
        placeholder("flag", np.bool_, ()),
        node("switch", "Switch", "x", "flag", T=F),
        node("doubled", "Add", "switch:1", "switch:1", T=F),
        node("negated", "Neg", "switch", T=F),
        node("merge", "Merge", "negated", "doubled", T=F, N=2),
        node("out", "Relu", "merge", T=F),
    ]
    assert conditional_nodes(Graph(graph_def(*nodes))) == {"switch", "doubled", "negated"}


def test_what_a_loop_leaves_is_not_conditional():
    nodes = [
        const("start", 0, F),
        const("flag", True),
        node("enter", "Enter", "start", T=F),
        node("merge", "Merge", "enter", "next", T=F, N=2),
        node("switch", "Switch", "merge", "flag", T=F),
        node("body", "Neg", "switch:1", T=F),
        node("next", "NextIteration", "body", T=F),
        node("exit", "Exit", "switch", T=F),
    ]
    assert conditional_nodes(Graph(graph_def(*nodes))) == {"switch", "body", "next"}
