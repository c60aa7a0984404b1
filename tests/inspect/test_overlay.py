import json

import numpy as np
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter

from dlconv.graph.graph import Graph
from dlconv.inspect.overlay import node_data, weight_bytes


def test_weights_count_where_they_are_read():
    """The kernel, 1 x 1 x 3 x 3 float32, is behind an Identity."""
    assert weight_bytes(Graph(tiny_segmenter())) == {"scores": 36}


def test_integers_are_no_weights_and_several_weights_add_up():
    graph = graph_def(
        placeholder("x", np.float32, (1, 4)),
        const("half", np.zeros(4, np.float16)),
        const("single", np.zeros(4, np.float32)),
        const("axis", np.array(1, np.int32)),
        node("sum", "AddN", "x", "half", "single"),
        node("best", "ArgMax", "sum", "axis"),
    )
    assert weight_bytes(Graph(graph)) == {"sum": 8 + 16}


def test_values_go_by_the_place_of_the_node():
    graph = Graph(tiny_segmenter())
    data = json.loads(node_data(graph, {"scores": 0.5, "nowhere": 9}))["main"]
    place = [each.name for each in graph.graph_def.node].index("scores")
    assert data["results"] == {str(place): {"value": 0.5}}
    assert [each["stop"] for each in data["gradient"]] == [0, 1]
