from support.graphs import tiny_segmenter

from dlconv.graph.graph import Graph
from dlconv.graph.summary import summarize


def test_ops_and_weights_are_counted():
    summary = summarize(Graph(tiny_segmenter(classes=4)))
    assert summary.ops["Const"] == 2
    assert sum(summary.ops.values()) == summary.nodes == 7
    assert (summary.weight_tensors, summary.weight_elements, summary.weight_bytes) == (1, 12, 48)
    assert summary.producer == 26
