"""Cutting out a part of a graph: from the node named as the image to those named as outputs.

Exports are often cut at ``sub_7`` or ``ResizeBilinear_2``, and some graphs take their image from
no placeholder. The part that is cut out has a placeholder in the input's place, of its type, and
is a graph like any other. Names may be given as TensorBoard and sessions show them; the error for
an unknown one suggests the nearest.
"""

import difflib
from collections.abc import Sequence

from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, Setting, element_type, find_all, is_numeric
from dlconv.graph.graph import Graph, source_node
from dlconv.graph.shapes import infer_static, numbers_of
from dlconv.graph.sizes import Numbers, shapes_within_crop
from dlconv.graph.tensors import data_type_name, shape_proto

MOST_SUGGESTED = 3


def cut(graph_def: GraphDef, ends: Ends) -> Graph:
    """Return the part of a graph between the nodes of ``ends``; without them, the graph itself.

    Nodes may read an input that ``graph_def`` does not have, of which no ``Graph`` could be made.
    Raises DlconvError for an input that goes into no output, or of which other outputs than the
    first are read, and for a part of which no ``Graph`` can be made.
    """
    nodes = {node.name: node for node in graph_def.node}
    readers = _readers(graph_def)
    photo, outputs = ends.input, list(ends.outputs)
    roots = outputs or [name for name in nodes if not readers.get(name)]
    kept = _behind(nodes, roots, photo)
    if photo is not None and (photo not in kept or photo not in readers):
        raise DlconvError(f"nothing of {photo} goes into {', '.join(outputs) or 'any output'}")
    part = GraphDef(versions=graph_def.versions, library=graph_def.library)
    part.node.extend(node for name, node in nodes.items() if name in kept and name != photo)
    if photo is not None:
        part.node.append(_placeholder(graph_def, photo, [nodes[name] for name in readers[photo]]))
    return Graph(part)


def resolve_ends(graph_def: GraphDef, given: Ends) -> Ends:
    """Return ends with the nodes' own names. Raises DlconvError for a name that no node has."""
    names = {node.name for node in graph_def.node}
    read = names | {source_node(source) for node in graph_def.node for source in node.input}
    photo = None if given.input is None else _node(given.input, read)
    outputs = tuple(dict.fromkeys(_node(name, names) for name in given.outputs))
    settings = tuple(Setting(_node(each.node, names), each.value) for each in given.settings)
    return Ends(photo, outputs, settings)


def _node(name: str, names: set[str]) -> str:
    """Return the node that a name stands for, with or without its output ``:0``."""
    found = name.strip().removesuffix(":0")
    if found in names:
        return found
    nearest = _nearest(found, names)
    hint = f"did you mean {' or '.join(nearest)}?" if nearest else "dlconv inspect shows its nodes"
    raise DlconvError(f"the graph has no node {name}", hint)


def _nearest(name: str, names: set[str]) -> list[str]:
    """Return the likeliest names; TensorBoard shows a node as ``scope/(node)``."""
    plain = name.replace("(", "").replace(")", "").split(":")[0]
    last = plain.rpartition("/")[2]
    for each in (plain, plain.rpartition("/")[0]):
        if each in names:
            return [each]
    of_same_end = [each for each in names if each.rpartition("/")[2].lower() == last.lower()]
    if of_same_end:
        return sorted(of_same_end, key=len)[:MOST_SUGGESTED]
    return difflib.get_close_matches(plain, sorted(names), MOST_SUGGESTED)


def _readers(graph_def: GraphDef) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for node in graph_def.node:
        for source in node.input:
            table.setdefault(source_node(source), []).append(node.name)
    return table


def _behind(nodes: dict[str, NodeDef], roots: Sequence[str], photo: str | None) -> set[str]:
    """Return what roots depend on, also by control, but not what the photo's node depends on."""
    kept = {*roots}
    queue = list(kept)
    for name in queue:
        if name == photo or name not in nodes:
            continue
        new = {source_node(source) for source in nodes[name].input} - kept
        kept |= new
        queue.extend(new)
    return kept


def _placeholder(graph_def: GraphDef, name: str, readers: list[NodeDef]) -> NodeDef:
    for reader in readers:
        if any(source.startswith(f"{name}:") and source != f"{name}:0" for source in reader.input):
            raise DlconvError(f"{reader.name} reads another output of {name} than its first")
    found = next((node for node in graph_def.node if node.name == name), None)
    made = NodeDef(name=name, op="Placeholder")
    if found is not None and not is_numeric(found):
        raise DlconvError(
            f"{name} ({found.op}) gives {element_type(found)}, not an image",
            f"name what reads it as the input: {', '.join(reader.name for reader in readers)}",
        )
    if found is None:
        made.attr["dtype"].type = DataType.Value("DT_FLOAT")
        return made
    made.attr["dtype"].type = DataType.Value(data_type_name(element_type(found)) or "DT_FLOAT")
    shape = _shape_of(graph_def, name)
    if shape is not None:
        made.attr["shape"].shape.CopyFrom(shape_proto(shape))
    return made


def _shape_of(graph_def: GraphDef, name: str) -> Numbers:
    """Return the shape that the node has for every photo, as far as the whole graph tells."""
    try:
        graph = Graph(graph_def)
        try:
            return shapes_within_crop(graph, find_all(graph))[name]
        except DlconvError:
            return numbers_of(infer_static(graph).shapes[name])
    except DlconvError:
        return None
