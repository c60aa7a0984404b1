import numpy as np
from support.graphs import const, graph_def, node, placeholder

from dlconv.convert.targets.pivots import with_switched_constants
from dlconv.graph.graph import Graph


def graph_with_constant(tie: str, *others) -> Graph:
    constant = const("one", 1, np.float32)
    constant.input.append(f"^{tie}")
    return Graph(
        graph_def(
            placeholder("p", np.bool_, ()),
            node("cond/Switch", "Switch", "p", "p", T=np.bool_),
            node("cond/switch_t", "Identity", "cond/Switch:1", T=np.bool_),
            constant,
            node("reader", "Neg", "one:0", T=np.float32),
            *others,
        )
    )


def test_a_constant_that_is_tied_to_a_branch_gets_a_switch():
    graph = with_switched_constants(graph_with_constant("cond/switch_t"))
    assert list(graph.nodes["one/switch"].input) == ["one", "p"]
    assert list(graph.nodes["reader"].input) == ["one/switch:1"]


def test_a_longer_way_to_the_switch_is_followed():
    further = node("further", "Identity", "cond/switch_t", T=np.bool_)
    graph = with_switched_constants(graph_with_constant("further", further))
    assert list(graph.nodes["reader"].input) == ["one/switch:1"]


def test_a_switch_whose_output_is_not_named_ties_to_no_branch():
    graph = graph_with_constant("cond/Switch")
    assert with_switched_constants(graph) is graph


def test_a_graph_without_branches_is_left_alone():
    graph = Graph(graph_def(const("one", 1, np.float32)))
    assert with_switched_constants(graph) is graph
