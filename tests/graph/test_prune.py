import numpy as np
from support.graphs import const, node, tiny_segmenter

from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune, pruned_to


def test_only_what_the_output_needs_stays_in_the_order_of_the_file():
    graph = tiny_segmenter()
    names = [n.name for n in graph.node]
    graph.node.extend([const("unused", 1.5), node("dead", "Relu", "scores", T=np.float32)])
    graph.node.append(node("check", "Assert", "unused"))
    graph.node[4].input.append("^check")
    view = Graph(graph)
    assert list(prune(view, find_contract(view)).graph.nodes) == names


def test_the_graph_itself_is_not_changed():
    graph = tiny_segmenter()
    graph.node.append(node("noop", "NoOp"))
    graph.node[4].input.append("^noop")
    view = Graph(graph)
    before = graph.SerializeToString(deterministic=True)
    pruned = prune(view, find_contract(view)).graph
    assert not any("^noop" in n.input for n in pruned.nodes.values())
    assert graph.SerializeToString(deterministic=True) == before


def test_a_graph_can_be_pruned_to_any_nodes():
    graph = tiny_segmenter()
    graph.node.extend([const("unused", 1.5), node("dead", "Relu", "scores", T=np.float32)])
    view = Graph(graph)
    to_scores = {n.name for n in view.ancestors("scores")}
    assert set(pruned_to(view, "scores", "unused").graph.nodes) == {*to_scores, "unused"}
