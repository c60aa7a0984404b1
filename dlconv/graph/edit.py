"""Changing a graph: what every pass needs.

A pass collects an ``Edit``: nodes that others take the place of, and nodes whose readers are sent
elsewhere. ``applied`` makes a new graph of it and leaves the old one alone. Nodes that were read
before and are read by nobody any more go with the edit, and so do control edges from nodes that
are gone; without an edit the very same graph comes back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.contract import OUTPUT_NAME
from dlconv.graph.graph import Graph, copy_of, source_node

DATA_TYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "int64": "DT_INT64", "uint8": "DT_UINT8"}


@dataclass(frozen=True)
class Result:
    """What a pass gives: the very same graph where it changed nothing, with all inferred of it."""

    graph: Graph
    changed: bool


Pass = Callable[[Graph], Result]


@dataclass
class Edit:
    """Replacements by name (none: the node goes) and inputs by the input to read instead."""

    replaced: dict[str, list[NodeDef]] = field(default_factory=dict)
    redirected: dict[str, str] = field(default_factory=dict)

    def redirect(self, name: str, instead: str) -> None:
        """Remove a node and let the readers of its first output read ``instead``."""
        self.replaced[name] = []
        self.redirected[name] = instead

    def resolved(self, name: str) -> str:
        """Return the input to read in place of ``name``, however often it is redirected.

        What is found is kept for all on the way, so that chains are walked once.
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
        """Tell whether a node goes and no other stands for it."""
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
    """Return a node that reads what it is to read and waits for no node that is gone."""
    inputs = [
        edit.resolved(name)
        for name in node.input
        if not (name.startswith("^") and edit.removes(source_node(name)))
    ]
    return node if inputs == list(node.input) else copy_of(node, inputs=inputs)


def _orphans(nodes: list[NodeDef], before: Graph) -> set[str]:
    """Return the names of the nodes that only nodes now gone had read."""
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
    """Return a Const of a float32, int32, int64 or uint8 array."""
    data_type = DataType.Value(DATA_TYPES[array.dtype.name])
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
    """Tell whether a node is no output: others read it, and it is not named as an output is."""
    return bool(graph.consumers[name]) and name != OUTPUT_NAME


def reads_once(graph: Graph, name: str) -> NodeDef | None:
    """Return the only reader of a node, if it reads only the first output, once."""
    readers = graph.consumers[name]
    if len(readers) != 1:
        return None
    reader = graph.nodes[readers[0]]
    ports = [source.port for source in graph.sources(reader) if source.node == name]
    return reader if ports == [0] else None
