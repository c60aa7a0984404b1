from support.sample import sample_graph

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.inspect.inspection import cost_at, inspect_graph


def test_shapes_are_inferred_once_for_each_size(tmp_path):
    graph = Graph(read_graph(sample_graph(tmp_path).path))
    cost = inspect_graph(graph).cost
    inputs = {dict(given).get("ImageTensor") for given in graph.inferred}
    assert inputs == {None, (1, 129, 129, 3), (1, 64, 64, 3)}
    assert cost_at(graph, (129, 129)) == cost
    assert len(graph.inferred) == 3
