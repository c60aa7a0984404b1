"""A canonical form for ONNX graphs, so that the same conversion gives the same bytes.

tf2onnx numbers what it makes in the order it happens to make it, and of equal nodes and constants
keeps the one its hash order meets first (onnx/tensorflow-onnx#1789). Here nodes come in the order
in which a walk from the outputs first needs them, initializers in the order of their first use. A
node or constant keeps the name it has in the frozen graph if nothing there equals it; all others
are named after their kind and place.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import Graph

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from onnx import GraphProto, ModelProto, NodeProto


def canonicalize(model: "ModelProto", graph: Graph) -> None:
    """Reorder and rename the graph of ``model`` in place; ``graph`` is what it was made from.

    Inputs and outputs keep their names. A model with subgraphs is left as it is.
    """
    if _has_subgraphs(model):
        return
    put_in_order(model)
    names = _names(model, _unequalled_names(graph))
    rename(model.graph.node, names)
    for node in model.graph.node:
        node.name = node.output[0]
    for tensor in model.graph.initializer:
        tensor.name = names[tensor.name]
    del model.graph.value_info[:]


def rename(nodes: "Iterable[NodeProto]", names: Mapping[str, str]) -> None:
    """Rename what nodes read and give, also in the graphs in their attributes, in place."""
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for body in bodies_of(node):
            rename(body.node, names)
            for value in (*body.input, *body.output):
                value.name = names.get(value.name, value.name)


def bodies_of(node: "NodeProto") -> "list[GraphProto]":
    """Return the graphs in a node's attributes."""
    return [
        graph
        for item in node.attribute
        for graph in ([item.g] if item.HasField("g") else item.graphs)
    ]


def put_in_order(model: "ModelProto") -> None:
    """Sort nodes and initializers by first use, in place, and remove unused ones.

    A model with subgraphs is left as it is.
    """
    if _has_subgraphs(model):
        return
    nodes = _in_order_of_need(model)
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    used = [name for node in nodes for name in node.input if name in initializers]
    replace_items(model.graph.node, nodes)
    replace_items(model.graph.initializer, [initializers[name] for name in dict.fromkeys(used)])


def _has_subgraphs(model: "ModelProto") -> bool:
    return any(bodies_of(node) for node in model.graph.node)


def replace_items(field: Any, items: "Sequence[Message]") -> None:
    """Replace the messages of a repeated field; the new ones may be among the old."""
    copies = [type(item).FromString(item.SerializeToString()) for item in items]
    del field[:]
    field.extend(copies)


def _in_order_of_need(model: "ModelProto") -> "list[NodeProto]":
    producers = {name: node for node in model.graph.node for name in node.output if name}
    ordered: dict[int, NodeProto] = {}
    pending = [(producers[value.name], False) for value in reversed(model.graph.output)]
    while pending:
        node, inputs_are_done = pending.pop()
        if id(node) in ordered:
            continue
        if inputs_are_done:
            ordered[id(node)] = node
            continue
        pending.append((node, True))
        needed = [producers[name] for name in node.input if name in producers]
        pending.extend((producer, False) for producer in reversed(needed))
    return list(ordered.values())


def _names(model: "ModelProto", kept: set[str]) -> dict[str, str]:
    fixed = {value.name for value in [*model.graph.input, *model.graph.output]}
    names = {name: name for name in fixed}
    taken = set(fixed)

    def choose(own: str, kind: str) -> str:
        is_free = own in kept and own not in taken
        name = own if is_free else next(n for n in _numbered(kind) if n not in taken | kept)
        taken.add(name)
        return name

    for tensor in model.graph.initializer:
        names[tensor.name] = choose(tensor.name.removesuffix(":0"), "const")
    for node in model.graph.node:
        outputs = [name for name in node.output if name and name not in fixed]
        for name in outputs:
            names[name] = choose(name.removesuffix(":0"), node.op_type)
    return names


def _numbered(kind: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{kind}_{number}"


def _unequalled_names(graph: Graph) -> set[str]:
    """Return the names of the nodes that no other node of the graph computes the same as."""
    kinds: dict[tuple[object, ...], int] = {}
    kind_of: dict[str, int] = {}
    for node in graph.order:
        inputs = [(kind_of.get(source.node), source.port) for source in graph.sources(node)]
        signature = (node.op, *inputs, *_attributes(node))
        kind_of[node.name] = kinds.setdefault(signature, len(kinds))
    count = Counter(kind_of.values())
    return {name for name, kind in kind_of.items() if count[kind] == 1}


def _attributes(node: NodeDef) -> Iterator[tuple[str, bytes]]:
    for key in sorted(node.attr):
        yield key, node.attr[key].SerializeToString(deterministic=True)
