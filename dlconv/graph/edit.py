"""Changing a graph: what every pass needs.

A pass collects an ``Edit``: replacements of nodes, and nodes whose readers get another input.
``applied`` makes a new graph of it and leaves the old one alone. It also removes nodes that no
longer have a reader, and control edges from removed nodes; with an empty edit it returns the same
graph object.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.contract import OUTPUT_NAME
from dlconv.graph.graph import Graph, copy_of, source_node
from dlconv.graph.tensors import data_type_of


@dataclass(frozen=True)
class Result:
    """The result of a pass: the same graph object, with its inferred shapes, if nothing changed."""

    graph: Graph
    changed: bool


Pass = Callable[[Graph], Result]


@dataclass
class Edit:
    """Replacements by node (none: it is removed), and the input to read in place of another."""

    replaced: dict[str, list[NodeDef]] = field(default_factory=dict)
    redirected: dict[str, str] = field(default_factory=dict)

    def redirect(self, name: str, instead: str) -> None:
        """Remove a node and let the readers of its first output read ``instead``."""
        self.replaced[name] = []
        self.redirected[name] = instead

    def resolved(self, name: str) -> str:
        """Return the input to read in place of ``name``, however often it is redirected.

        The result is stored for the whole chain, so that it is walked once.
        """
        mark = "^" if name.startswith("^") else ""
        plain = name.removeprefix("^").removesuffix(":0")
        passed = []
        while plain in self.redirected:
            passed.append(plain)
            plain = self.redirected[plain].removesuffix(":0")
        self.redirected.update(dict.fromkeys(passed, plain))
        return mark + source_node(plain) if mark else plain

    def removes(self, name: str) -> bool:
        """Tell whether a node is removed without a replacement."""
        is_kept = any(node.name == name for node in self.replaced.get(name, ()))
        return name in self.replaced and name not in self.redirected and not is_kept


def applied(graph: Graph, edit: Edit) -> Result:
    """Return the graph with an edit applied, or the graph itself if there is nothing to do."""
    if not edit.replaced:
        return Result(graph, changed=False)
    nodes = [
        _rewired(new, edit)
        for node in graph.nodes.values()
        for new in edit.replaced.get(node.name, [node])
    ]
    orphans = _orphans(nodes, graph)
    kept = (node for node in nodes if node.name not in orphans)
    return Result(graph.with_nodes(kept), changed=True)


def in_turn(graph: Graph, passes: Iterable[Pass]) -> Result:
    """Run passes one after another, each on what the last one gives."""
    result = Result(graph, changed=False)
    for each in passes:
        after = each(result.graph)
        result = Result(after.graph, result.changed or after.changed)
    return result


def _rewired(node: NodeDef, edit: Edit) -> NodeDef:
    """Return a node with its new inputs, without control edges from removed nodes."""
    inputs = [
        edit.resolved(name)
        for name in node.input
        if not (name.startswith("^") and edit.removes(source_node(name)))
    ]
    return node if inputs == list(node.input) else copy_of(node, inputs=inputs)


def _orphans(nodes: list[NodeDef], before: Graph) -> set[str]:
    """Return the names of the nodes whose readers were all removed."""
    read_before = {name for name, readers in before.consumers.items() if readers}
    removable = read_before | ({node.name for node in nodes} - before.nodes.keys())
    readers: dict[str, int] = {}
    for node in nodes:
        for name in node.input:
            readers[source_node(name)] = readers.get(source_node(name), 0) + 1
    by_name = {node.name: node for node in nodes}
    pending = [node.name for node in nodes if not readers.get(node.name)]
    gone: set[str] = set()
    for name in pending:
        if name == OUTPUT_NAME or name not in removable:
            continue
        gone.add(name)
        for source in map(source_node, by_name[name].input):
            readers[source] -= 1
            if not readers[source]:
                pending.append(source)
    return gone


def const(name: str, array: np.ndarray) -> NodeDef:
    """Return a Const of an array of numbers or truth values."""
    data_type = data_type_of(array.dtype.name)
    node = NodeDef(name=name, op="Const")
    node.attr["dtype"].type = data_type
    tensor = node.attr["value"].tensor
    tensor.dtype = data_type
    for extent in array.shape:
        tensor.tensor_shape.dim.add(size=extent)
    tensor.tensor_content = np.ascontiguousarray(array).tobytes()
    return node


def free_name(graph: Graph, wanted: str) -> str:
    """Return ``wanted``, or with a number if the graph has a node of that name."""
    name, number = wanted, 1
    while name in graph.nodes:
        name, number = f"{wanted}_{number}", number + 1
    return name


def may_go(graph: Graph, name: str) -> bool:
    """Tell whether a node is not an output: others read it, and its name is not an output's."""
    return bool(graph.consumers[name]) and name != OUTPUT_NAME


def reads_once(graph: Graph, name: str) -> NodeDef | None:
    """Return the only reader of a node, if it reads only the first output, once."""
    readers = graph.consumers[name]
    if len(readers) != 1:
        return None
    reader = graph.nodes[readers[0]]
    ports = [source.port for source in graph.sources(reader) if source.node == name]
    return reader if ports == [0] else None
