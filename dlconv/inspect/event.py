"""A frozen graph as TensorBoard shows it: an event file, written without TensorFlow.

The stages are scopes at the top level, which can be expanded, and devices, which TensorBoard
colours. The input and the output stay outside the scopes under their own names, so that they are
visible at once; the names of all other nodes get their stage as a prefix. Tensors have the shapes
that all photos within the crop share. Values of weights are left out: a picture of the graph does
not need them.
"""

import math
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import Graph, source_node
from dlconv.graph.sizes import Known, Numbers, shapes_within_crop, static_at, usual_size
from dlconv.graph.tensors import shape_of, shape_proto
from dlconv.inspect.inspection import flow_of
from dlconv.inspect.stages import Stage, find_stages
from dlconv.storage.files import new_file

# TensorBoard knows event files by their name.
FILE_NAME = "events.out.tfevents.dlconv"
FILE_VERSION = "brain.Event:2"
# Constants of up to so many elements keep their values.
MOST_ELEMENTS = 16
TOP_LEVEL = frozenset({Stage.INPUT, Stage.OUTPUT})


def write_event(graph: Graph, found: Known, folder: Path) -> Path:
    """Write the graph's event file into a folder, creating that, and return the file's path.

    It replaces the file of an earlier call. Raises OSError when it cannot be written.
    """
    from tensorboard.summary.writer.record_writer import RecordWriter

    flow = flow_of(graph, found)
    stages = find_stages(flow, static_at(graph, found, usual_size(found)))
    annotated = graph_to_show(graph, stages, shapes_within_crop(graph, found))
    path = folder / FILE_NAME
    now = time.time()
    with new_file(path) as file:
        records = RecordWriter(file)
        for event in (
            Event(wall_time=now, file_version=FILE_VERSION),
            Event(wall_time=now, graph_def=annotated.SerializeToString(deterministic=True)),
        ):
            records.write(event.SerializeToString())
    return path


def graph_to_show(graph: Graph, stages: dict[str, Stage], shapes: dict[str, Numbers]) -> GraphDef:
    """Return the graph with stages as scopes and devices, with shapes, without large constants."""
    names = {name: display_name(name, stage) for name, stage in stages.items()}
    annotated = GraphDef(versions=graph.versions)
    for node in graph.nodes.values():
        copy = annotated.node.add(
            name=names[node.name],
            op=node.op,
            input=[_renamed(source, names) for source in node.input],
            device=f"/stage:{_scope(stages[node.name])}",
        )
        _copy_attributes(node, copy)
        shape = shapes[node.name]
        if shape is not None:
            copy.attr["_output_shapes"].list.shape.add().CopyFrom(shape_proto(shape))
    return annotated


def display_name(name: str, stage: Stage) -> str:
    """Return the name that TensorBoard shows a node under."""
    return name if stage in TOP_LEVEL else f"{_scope(stage)}/{name}"


def _scope(stage: Stage) -> str:
    return stage.value.replace(" ", "_")


def _renamed(source: str, names: dict[str, str]) -> str:
    node = source_node(source)
    before, _, after = source.partition(node)
    return before + names[node] + after


def _copy_attributes(node: NodeDef, copy: NodeDef) -> None:
    for key, value in node.attr.items():
        if node.op == "Const" and key == "value":
            shape = shape_of(value.tensor)
            if math.prod(shape) > MOST_ELEMENTS:
                copy.attr[key].tensor.dtype = value.tensor.dtype
                copy.attr[key].tensor.tensor_shape.CopyFrom(value.tensor.tensor_shape)
                continue
        copy.attr[key].CopyFrom(value)
