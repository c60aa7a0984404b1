import pytest
from support.deeplab import detector, exported
from support.graphs import graph_def, node, tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends
from dlconv.graph.cut import cut, resolve_ends
from dlconv.graph.graph import Graph
from dlconv.inspect.inspection import inspect_graph


def part(graph_def, input_name=None, *outputs):
    return cut(graph_def, Ends(input_name, outputs))


def test_a_part_has_what_its_outputs_need_and_no_more():
    graph = part(exported(), "sub_7", "logits")
    assert graph.nodes["sub_7"].op == "Placeholder"
    assert {"ImageTensor", "mul_1", "sub_7/y", "ArgMax", "axis"}.isdisjoint(graph.nodes)
    assert {"low/kernel", "pool_up", "logits"} < graph.nodes.keys()


def test_stages_and_cost_of_a_part_are_those_of_the_whole():
    whole = inspect_graph(Graph(exported()))
    found = inspect_graph(part(exported(), "sub_7", "ResizeBilinear_2"))
    assert found.cost.size == whole.cost.size == (33, 33)
    costs = [
        {row.stage: row.multiply_adds for row in each.cost.stages if row.multiply_adds}
        for each in (whole, found)
    ]
    assert costs[0] == costs[1]
    assert costs[0].keys() == {"backbone", "image pooling", "ASPP", "decoder"}


def test_outputs_may_be_several_and_inner_ones():
    ends = resolve_ends(detector(), Ends(None, ("detection_scores", "low:0", "low")))
    assert ends.outputs == ("detection_scores", "low")
    inspection = inspect_graph(cut(detector(), ends), ends)
    assert [spec.node for spec in inspection.findings.outputs] == ["detection_scores", "low"]
    assert inspection.contract is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("SemanticPredictions/(SemanticPredictions)", "mean SemanticPredictions\\?"),
        ("SemanticPredictions:0/", "mean SemanticPredictions"),
        ("semanticpredictions", "mean SemanticPredictions\\?"),
        ("ResizeBilinear3", "ResizeBilinear_3 or"),
        ("import/ArgMax", "mean ArgMax\\?"),
        ("xyzzy", "dlconv inspect shows"),
    ],
)
def test_a_wrong_name_is_answered_by_the_nearest(name, answer):
    with pytest.raises(DlconvError, match=f"has no node .*{answer}"):
        resolve_ends(exported(), Ends(None, (name,)))


def test_an_input_has_to_go_into_an_output():
    with pytest.raises(DlconvError, match="nothing of ArgMax goes into logits"):
        part(exported(), "ArgMax", "logits")


def test_an_input_is_the_first_output_of_its_node():
    nodes = [node("parts", "Split", "axis", "scores"), node("rest", "Relu", "parts:1")]
    graph = graph_def(*tiny_segmenter().node, *nodes)
    with pytest.raises(DlconvError, match="rest reads another output of parts"):
        part(graph, "parts", "rest")
