"""Walking a graph, without importing TensorFlow.

``Graph`` is the one view of a GraphDef that the other rooms use: nodes by name, and edges with
their control dependencies told apart from their data. The protocol buffers come with TensorBoard's
wheel.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.tensors import array_of

# numpy's arrays had no more in its version 1.
MAX_RANK = 32

LOOP_BACK_OPS = frozenset({"NextIteration", "RefNextIteration"})


@dataclass(frozen=True)
class NodeOutput:
    """Where a data input comes from: an output port of a node."""

    node: str
    port: int = 0


class Graph:
    """A GraphDef with its nodes by name and its data edges in both directions.

    The nodes are not to be changed. Raises DlconvError when two nodes share a name, an input names
    no output of a node, or nodes wait for each other in a circle (but for the back edges of while
    loops).
    """

    def __init__(self, graph_def: GraphDef) -> None:
        self.graph_def = graph_def
        self.nodes: dict[str, NodeDef] = {node.name: node for node in graph_def.node}
        if len(self.nodes) != len(graph_def.node):
            raise DlconvError("the graph has two nodes of the same name")
        for node in graph_def.node:
            for name in node.input:
                if source_node(name) not in self.nodes:
                    raise DlconvError(
                        f"node {node.name} reads {name}, which is not in the graph",
                        f"if the image goes in there: --inputs {source_node(name)}",
                    )
        self._sources = {node.name: _sources(node) for node in graph_def.node}
        self.order = self._topological_order()

    def _topological_order(self) -> tuple[NodeDef, ...]:
        waits_for = {
            node.name: [
                before
                for before in map(source_node, node.input)
                if self.nodes[before].op not in LOOP_BACK_OPS
            ]
            for node in self.graph_def.node
        }
        try:
            return tuple(self.nodes[name] for name in TopologicalSorter(waits_for).static_order())
        except CycleError as error:
            raise DlconvError(f"the graph has a cycle through {error.args[1][0]}") from error

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Names of the nodes that read any data output of each node."""
        table: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in self.graph_def.node:
            for source in self.sources(node):
                table[source.node].append(node.name)
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


def attribute(node: NodeDef, key: str) -> AttrValue:
    """Return an attribute of a node, an empty one if it has none; reading leaves the node alone."""
    return node.attr[key] if key in node.attr else AttrValue()


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
