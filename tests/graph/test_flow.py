import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder

from dlconv.errors import DlconvError
from dlconv.graph.flow import Flow
from dlconv.graph.graph import Graph

F = np.float32


def test_the_flow_goes_through_the_back_edge_of_a_loop():
    """As in map_fn, whose loop collects what it computes from the image."""
    nodes = [
        placeholder("image", F, (2,)),
        const("start", [0, 0], F),
        const("limit", 9, F),
        node("sum", "Enter", "start", T=F),
        node("each", "Enter", "image", T=F, is_constant=True),
        node("merge", "Merge", "sum", "next", T=F, N=2),
        node("cond", "LoopCond", "limit"),
        node("switch", "Switch", "merge", "cond", T=F),
        node("body", "Add", "switch:1", "each", T=F),
        node("next", "NextIteration", "body", T=F),
        node("exit", "Exit", "switch", T=F),
    ]
    flow = Flow(Graph(graph_def(*nodes)), "image", "exit")
    passed = {"image", "each", "body", "next", "merge", "switch", "exit"}
    assert {each.name for each in flow.order} == passed
    assert flow.consumers["next"] == {"merge"}


def test_a_flow_that_reaches_no_output_is_refused():
    nodes = [
        placeholder("image", F, (2,)),
        node("size", "Shape", "image", T=F),
        node("out", "Identity", "size", T=np.int32),
    ]
    with pytest.raises(DlconvError, match="none of the values of image goes into an output"):
        Flow(Graph(graph_def(*nodes)), "image", "out")
