import struct

import numpy as np
import pytest
from support.deeplab import deeplab, detector
from support.graphs import const, graph_def, node, tiny_segmenter
from support.running import node_of
from support.sample import sample_graph
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_all, find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.tensors import array_of, shape_of
from dlconv.inspect.event import write_event


def shown(graph_def, folder):
    """The nodes of the graph in an event file, by name."""
    graph = Graph(graph_def)
    path = write_event(graph, find_contract(graph), folder)
    version, event = map(Event.FromString, records(path.read_bytes()))
    assert version.file_version == "brain.Event:2"
    return Graph(GraphDef.FromString(event.graph_def)).nodes


def records(content):
    """The records of a file: each stands between its length and a checksum, and another one."""
    while content:
        (length,) = struct.unpack_from("<Q", content)
        yield content[12 : 12 + length]
        content = content[16 + length :]


@pytest.fixture
def sample(tmp_path):
    return read_graph(sample_graph(tmp_path).path)


def shape_at(node):
    (shape,) = node.attr["_output_shapes"].list.shape
    return [dim.size for dim in shape.dim]


def test_stages_are_scopes_and_input_and_output_stand_beside_them(sample, tmp_path):
    nodes = shown(sample, tmp_path)
    assert len(nodes) == len(sample.node)
    top = {name for name in nodes if "/" not in name}
    assert top == {"ImageTensor", "SemanticPredictions"}
    scopes = {name.split("/")[0] for name in nodes} - top
    assert scopes == {
        "preprocessing",
        "backbone",
        "image_pooling",
        "ASPP",
        "decoder",
        "postprocessing",
    }
    assert "backbone/MobilenetV2/Conv/Conv2D" in nodes


def test_all_outputs_of_a_detector_stand_beside_the_scopes(tmp_path):
    graph = Graph(detector())
    path = write_event(graph, find_all(graph), tmp_path)
    _, event = map(Event.FromString, records(path.read_bytes()))
    nodes = GraphDef.FromString(event.graph_def).node
    outputs = [node.name for node in nodes if node.device == "/stage:output"]
    assert outputs == ["detection_boxes", "num_detections"]


def test_stages_are_devices_too(sample, tmp_path):
    nodes = shown(sample, tmp_path)
    assert nodes["ASPP/concat"].device == "/stage:ASPP"
    assert nodes["image_pooling/AvgPool2D/AvgPool"].device == "/stage:image_pooling"
    assert nodes["ImageTensor"].device == "/stage:input"
    assert all(node.device for node in nodes.values())


def test_edges_lead_where_they_led(sample, tmp_path):
    nodes = shown(sample, tmp_path)
    assert list(nodes["SemanticPredictions"].input) == [
        "postprocessing/ArgMax",
        "postprocessing/SemanticPredictions/begin",
        "postprocessing/stack_4",
    ]
    assert nodes["preprocessing/sub_2"].input[2] == "^preprocessing/Assert/Assert/Assert"


def test_an_edge_from_another_output_stays_one(tmp_path):
    parts = [
        node("parts", "Split", "axis", "scores", T=np.float32, num_split=2),
        node("rest", "Relu", "parts:1", T=np.float32),
        node("labels", "ArgMax", "rest", "axis", T=np.float32, Tidx=np.int32),
    ]
    before = [n for n in tiny_segmenter().node if n.name != "SemanticPredictions"]
    nodes = shown(graph_def(*before, *parts), tmp_path)
    assert list(nodes["postprocessing/rest"].input) == ["postprocessing/parts:1"]


def test_edges_have_the_shapes_that_photos_share(sample, tmp_path):
    nodes = shown(sample, tmp_path)
    assert shape_at(nodes["ImageTensor"]) == [1, -1, -1, 3]
    assert shape_at(nodes["preprocessing/sub_7"]) == [1, 129, 129, 3]
    assert shape_at(nodes["decoder/logits/semantic/BiasAdd"]) == [1, 17, 17, 5]
    assert shape_at(nodes["preprocessing/Shape_1"]) == [3]


def test_an_edge_of_unknown_shape_has_none(tmp_path):
    graph = tiny_segmenter()
    node_of(graph, "ToFloat").op = "NoSuchOp"
    (odd,) = (each for each in shown(graph, tmp_path).values() if each.op == "NoSuchOp")
    assert "_output_shapes" not in odd.attr


def test_weights_are_left_out_and_small_constants_stay(tmp_path):
    large = const("large", np.ones(17), np.float32)
    unused = node("unused", "NoOp", "^large")
    nodes = shown(graph_def(*deeplab().node, large, unused), tmp_path)
    kernel = nodes["backbone/low/kernel"].attr["value"].tensor
    assert shape_of(kernel) == (3, 3, 3, 4)
    assert kernel.dtype == large.attr["value"].tensor.dtype
    assert not kernel.tensor_content
    assert array_of(nodes["preprocessing/mean"].attr["value"].tensor).tolist() == [120, 115, 100]


def test_the_file_is_small_and_replaces_an_earlier_one(sample, tmp_path):
    graph = Graph(sample)
    for _ in range(2):
        path = write_event(graph, find_contract(graph), tmp_path / "log")
    assert list((tmp_path / "log").iterdir()) == [path]
    assert path.stat().st_size < 200_000 < sample.ByteSize()
