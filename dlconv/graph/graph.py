"""Walking a graph, without importing TensorFlow.

``Graph`` is the one view of a GraphDef that the other rooms use: nodes by name, and edges with
control dependencies separate from data. It never changes, so inferred shapes are stored with it; a
pass makes another one, which shares the nodes that stay. The protocol buffers come with
TensorBoard's wheel.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.versions_pb2 import VersionDef

from dlconv.errors import DlconvError
from dlconv.graph.definitions import default_of
from dlconv.graph.inferred import Given, Inferred
from dlconv.graph.tensors import array_of

# The most dimensions of an array in numpy 1.
MAX_RANK = 32

LOOP_BACK_OPS = frozenset({"NextIteration", "RefNextIteration"})


@dataclass(frozen=True)
class NodeOutput:
    """Where a data input comes from: an output port of a node."""

    node: str
    port: int = 0


class Graph:
    """The nodes of a GraphDef by name, in its order, and their data edges in both directions.

    ``nodes`` take the place of the GraphDef's own; the nodes of a graph are not to be changed.
    ``inferred`` is filled by ``shapes.infer_static``, by the shapes that are given to it. Raises
    DlconvError when two nodes share a name, an input names no output of a node, or nodes wait for
    each other in a circle (but for the back edges of while loops).
    """

    def __init__(self, graph_def: GraphDef, nodes: Sequence[NodeDef] | None = None) -> None:
        self._message = graph_def
        self._is_message = nodes is None
        self.inferred: dict[Given, Inferred] = {}
        own = graph_def.node if nodes is None else nodes
        self.nodes: dict[str, NodeDef] = {node.name: node for node in own}
        if len(self.nodes) != len(own):
            raise DlconvError("the graph has two nodes of the same name")
        for node in self.nodes.values():
            for name in node.input:
                if source_node(name) not in self.nodes:
                    raise DlconvError(
                        f"node {node.name} reads {name}, which is not in the graph",
                        f"if the image goes in there, name {source_node(name)} as the input",
                        code="not-in-graph",
                        node=source_node(name),
                    )
        self._sources = {name: _sources(node) for name, node in self.nodes.items()}
        self.order = self._topological_order()

    def with_nodes(self, nodes: Iterable[NodeDef]) -> "Graph":
        """Return a graph of other nodes, with the versions and functions of this one.

        It shares the nodes that both have, and nothing is inferred of it yet. Raises what ``Graph``
        does.
        """
        frame = GraphDef(versions=self.versions, library=self._message.library)
        return Graph(frame, list(nodes))

    def apart_from(self, other: "Graph") -> "Graph":
        """Return the same graph, inferred shapes included, with copies of what it shares.

        The nodes of a GraphDef that was read are one block of memory, which stays as long as any of
        them. Once a graph has lost most of the weights of ``other``, this frees them.
        """
        graph = self.with_nodes(
            copy_of(node) if other.nodes.get(name) is node else node
            for name, node in self.nodes.items()
        )
        graph.inferred = self.inferred
        return graph

    @property
    def graph_def(self) -> GraphDef:
        """The GraphDef that the graph was made of, or a new one with copies of the nodes."""
        if self._is_message:
            return self._message
        made = GraphDef(node=self.nodes.values())
        made.MergeFrom(self._message)
        return made

    @property
    def versions(self) -> VersionDef:
        """Which versions of TensorFlow wrote the graph and can read it."""
        return self._message.versions

    def serialized(self) -> Iterator[bytes]:
        """Yield the file of a frozen graph in parts; equal graphs give equal bytes.

        A changed graph gives a part for each node, so that its weights are not copied all at once.
        """
        for node in () if self._is_message else self.nodes.values():
            yield GraphDef(node=[node]).SerializeToString(deterministic=True)
        yield self._message.SerializeToString(deterministic=True)

    def _topological_order(self) -> tuple[NodeDef, ...]:
        waits_for = {
            node.name: [
                before
                for before in map(source_node, node.input)
                if self.nodes[before].op not in LOOP_BACK_OPS
            ]
            for node in self.nodes.values()
        }
        try:
            return tuple(self.nodes[name] for name in TopologicalSorter(waits_for).static_order())
        except CycleError as error:
            raise DlconvError(f"the graph has a cycle through {error.args[1][0]}") from error

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Names of the nodes that read any data output of each node."""
        table: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in self.nodes.values():
            for source in self.sources(node):
                table[source.node].append(node.name)
        return table

    @cached_property
    def ports_read(self) -> dict[str, set[int]]:
        """Which outputs of each node others read; nodes that nobody reads are not in it."""
        table: dict[str, set[int]] = {}
        for node in self.nodes.values():
            for source in self.sources(node):
                table.setdefault(source.node, set()).add(source.port)
        return table

    def sources(self, node: NodeDef) -> Sequence[NodeOutput]:
        """Return the data inputs of ``node``, control dependencies left out."""
        return self._sources[node.name]

    def producer(self, node: NodeDef, index: int) -> NodeDef:
        """Return the node behind the data input ``index``; DlconvError when there is none."""
        sources = self.sources(node)
        if not 0 <= index < len(sources):
            raise DlconvError(f"node {node.name} ({node.op}) has no input {index}")
        return self.nodes[sources[index].node]

    def ancestors(self, *names: str, without: frozenset[str] = frozenset()) -> Iterator[NodeDef]:
        """Yield nodes and every node their values depend on through data, nearest first.

        What goes into the ops ``without`` is left out.
        """
        return self._walk(
            names,
            lambda node: [source.node for source in self.sources(node) if node.op not in without],
        )

    def descendants(self, *names: str, without: frozenset[str] = frozenset()) -> Iterator[NodeDef]:
        """Yield nodes and every node whose value depends on them through data, nearest first.

        The ops ``without``, and what depends on them alone, are left out.
        """
        return self._walk(
            names,
            lambda node: [
                name for name in self.consumers[node.name] if self.nodes[name].op not in without
            ],
        )

    def constants_read(self, node: NodeDef) -> Iterator[NodeDef]:
        """Yield the Const nodes that are inputs of ``node``, also behind Identity nodes."""
        for source in self.sources(node):
            constant = self.constant_node(self.nodes[source.node])
            if constant is not None:
                yield constant

    def constant(self, node: NodeDef) -> np.ndarray | None:
        """Return the value of a Const, also behind Identity nodes; None for anything else."""
        origin = self.constant_node(node)
        return None if origin is None else array_of(attribute(origin, "value").tensor)

    def constant_node(self, node: NodeDef) -> NodeDef | None:
        """Return the Const that a node is, also behind Identity nodes; None for anything else."""
        name = self._behind_identities.get(node.name)
        origin = node if name is None else self.nodes[name]
        return origin if origin.op == "Const" else None

    @cached_property
    def _behind_identities(self) -> dict[str, str]:
        """What each Identity passes on, in the end."""
        table: dict[str, str] = {}
        for node in self.order:
            if node.op == "Identity" and self.sources(node):
                before = self.producer(node, 0).name
                table[node.name] = table.get(before, before)
        return table

    def _walk(
        self, starts: Sequence[str], neighbours: Callable[[NodeDef], list[str]]
    ) -> Iterator[NodeDef]:
        queue = list(starts)
        seen = {*starts}
        for name in queue:
            node = self.nodes[name]
            yield node
            for neighbour in neighbours(node):
                if neighbour not in seen:
                    seen.add(neighbour)
                    queue.append(neighbour)


def copy_of(node: NodeDef, *, name: str = "", inputs: Iterable[str] | None = None) -> NodeDef:
    """Return a copy of a node, to be changed, with another name or other inputs."""
    copy = NodeDef()
    copy.CopyFrom(node)
    copy.name = name or node.name
    if inputs is not None:
        del copy.input[:]
        copy.input.extend(inputs)
    return copy


def attribute(node: NodeDef, key: str) -> AttrValue:
    """Return an attribute of a node, not to be changed; TensorFlow's default if the node lacks it.

    It is an empty one if there is no default either.
    """
    if key in node.attr:
        return node.attr[key]
    default = default_of(node.op, key)
    return AttrValue() if default is None else default


def is_nhwc(node: NodeDef) -> bool:
    """Tell whether a node's images have their channels last, which is TensorFlow's default."""
    return attribute(node, "data_format").s in (b"", b"NHWC")


def source_node(input_name: str) -> str:
    """Return the node that an input string of a NodeDef names (``^a``, ``a`` or ``a:1``)."""
    return input_name.removeprefix("^").split(":")[0]


def _sources(node: NodeDef) -> tuple[NodeOutput, ...]:
    found = []
    for name in node.input:
        before, _, port = name.partition(":")
        if name.startswith("^"):
            continue
        if port and not (port.isascii() and port.isdecimal() and len(port) < 10):
            raise DlconvError(f"node {node.name} reads {name}, which is no output of a node")
        found.append(NodeOutput(before, int(port or 0)))
    return tuple(found)
