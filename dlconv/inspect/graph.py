"""Reading a frozen graph and walking it, without importing TensorFlow.

A frozen graph is a serialized GraphDef whose variables are constants. The protocol buffers come
with TensorBoard's wheel. ``Graph`` is the one view of a GraphDef that the other rooms use: nodes
by name, and edges with their control dependencies told apart from their data.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.inspect.tensors import array_of

# Protocol buffers cannot be larger.
MAX_GRAPH_BYTES = 2**31 - 1

LOOP_BACK_OPS = frozenset({"NextIteration", "RefNextIteration"})
VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp"})


def read_graph(path: Path) -> GraphDef:
    """Parse a frozen graph (.pb).

    Raises DlconvError when the file cannot be read, is not a GraphDef, is empty or is not frozen.
    """
    graph = parse_graph(_read_bytes(path), str(path))
    variables = [node.name for node in graph.node if node.op in VARIABLE_OPS]
    if variables:
        raise DlconvError(
            f"{path} is not frozen: {len(variables)} variables, the first is {variables[0]}",
            "export it with constants in place of variables (freeze_graph)",
        )
    return graph


def parse_graph(content: bytes, name: str) -> GraphDef:
    """Parse a serialized GraphDef; ``name`` is what errors call it."""
    graph = GraphDef()
    hint = "dlconv reads frozen graphs: a *frozen_inference_graph.pb"
    try:
        graph.ParseFromString(content)
    except (DecodeError, RuntimeError) as error:
        raise DlconvError(f"{name} is not a GraphDef, or it is truncated", hint) from error
    if not graph.node or not all(node.name and node.op for node in graph.node):
        raise DlconvError(f"{name} holds no graph", hint)
    return graph


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_GRAPH_BYTES:
            raise DlconvError(f"{path} is larger than a GraphDef can be (2 GiB)")
        return path.read_bytes()
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error


@dataclass(frozen=True)
class Source:
    """Where a data input comes from: an output port of a node."""

    node: str
    port: int = 0


class Graph:
    """A GraphDef with its nodes by name and its data edges in both directions.

    Raises DlconvError when two nodes share a name, an input names no node, or nodes wait for each
    other in a circle (but for the back edges of while loops).
    """

    def __init__(self, graph_def: GraphDef) -> None:
        self.graph_def = graph_def
        self.nodes: dict[str, NodeDef] = {node.name: node for node in graph_def.node}
        if len(self.nodes) != len(graph_def.node):
            raise DlconvError("the graph has two nodes of the same name")
        for node in graph_def.node:
            for name in node.input:
                if source_node(name) not in self.nodes:
                    raise DlconvError(f"node {node.name} reads {name}, which is not in the graph")
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

    def sources(self, node: NodeDef) -> list[Source]:
        """Return the data inputs of ``node``, control dependencies left out."""
        return [_source(name) for name in node.input if not name.startswith("^")]

    def producer(self, node: NodeDef, index: int) -> NodeDef:
        """Return the node behind the data input ``index``; DlconvError when there is none."""
        sources = self.sources(node)
        if index >= len(sources):
            raise DlconvError(f"node {node.name} ({node.op}) has no input {index}")
        return self.nodes[sources[index].node]

    def ancestors(self, name: str) -> Iterator[NodeDef]:
        """Yield ``name`` and every node its value depends on through data, nearest first."""
        return self._walk(name, lambda node: [source.node for source in self.sources(node)])

    def descendants(self, name: str) -> Iterator[NodeDef]:
        """Yield ``name`` and every node whose value depends on it through data, nearest first."""
        return self._walk(name, lambda node: self.consumers[node.name])

    def constants_read(self, node: NodeDef) -> Iterator[NodeDef]:
        """Yield the Const nodes that are inputs of ``node``, also behind Identity nodes."""
        for source in self.sources(node):
            behind = self.nodes[source.node]
            while behind.op == "Identity":
                behind = self.producer(behind, 0)
            if behind.op == "Const":
                yield behind

    def constant(self, node: NodeDef) -> np.ndarray | None:
        """Return the value of a Const, also behind Identity nodes; None for anything else."""
        while node.op == "Identity":
            node = self.producer(node, 0)
        return array_of(node.attr["value"].tensor) if node.op == "Const" else None

    def _walk(self, start: str, neighbours: Callable[[NodeDef], list[str]]) -> Iterator[NodeDef]:
        seen = {start}
        queue = [start]
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


def _source(input_name: str) -> Source:
    node, _, port = input_name.partition(":")
    return Source(node, int(port or 0))
