import numpy as np
import pytest
from support.deeplab import detector, exported
from support.graphs import const, data_type, graph_def, node, tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, element_type
from dlconv.graph.cut import cut, resolve_ends
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.tensors import extents_of, shape_proto
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


def shape_at(photo, *others):
    """The shape and type of the image, where a graph is cut behind what reads it from a file."""
    nodes = [*others, photo, node("out", "Identity", photo.name, T=np.uint8)]
    made = part(graph_def(*nodes), photo.name, "out").nodes[photo.name]
    return element_type(made), extents_of(attribute(made, "shape").shape)


FILE = node("file", "Placeholder")


@pytest.mark.parametrize(
    ("op", "attributes", "shape"),
    [
        ("DecodeJpeg", {"channels": 3}, (None, None, 3)),
        ("DecodeJpeg", {}, (None, None, None)),
        ("DecodePng", {"channels": 4}, (None, None, 4)),
        ("DecodeBmp", {"channels": 3}, (None, None, 3)),
        ("DecodeGif", {}, (None, None, None, 3)),
        ("DecodeImage", {"channels": 3, "expand_animations": False}, (None, None, 3)),
        ("DecodeImage", {"channels": 3}, None),
    ],
)
def test_a_decoded_image_has_the_axes_and_channels_that_its_node_says(op, attributes, shape):
    assert shape_at(node("photo", op, "file", **attributes), FILE) == ("uint8", shape)


@pytest.mark.parametrize(
    ("op", "count", "shape"),
    [
        ("QueueDequeueV2", [], (8, 9, 3)),
        ("QueueDequeueManyV2", [const("count", 4, np.int32)], (4, 8, 9, 3)),
        ("QueueDequeueUpToV2", [const("count", 4, np.int32)], (None, 8, 9, 3)),
    ],
)
def test_an_image_from_a_queue_has_the_shape_that_the_queue_holds(op, count, shape):
    queue = node("queue", "FIFOQueueV2")
    queue.attr["shapes"].list.shape.append(shape_proto((8, 9, 3)))
    photo = node("photo", op, "queue", *[each.name for each in count])
    photo.attr["component_types"].list.type.append(data_type(np.uint8))
    assert shape_at(photo, queue, *count) == ("uint8", shape)


def test_a_queue_is_no_image_and_what_reads_it_is_named():
    dequeue = node("dequeue", "QueueDequeueV2", "queue")
    dequeue.attr["component_types"].list.type.append(data_type(np.uint8))
    graph = graph_def(node("queue", "FIFOQueueV2"), dequeue, node("out", "Relu", "dequeue"))
    with pytest.raises(DlconvError, match="gives resource, not an image.*: dequeue"):
        part(graph, "queue", "out")
