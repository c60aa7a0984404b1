"""Drops Assert and what only it needs.

Pattern: Assert (and NoOp), control edges from it, and the nodes that feed nothing else.
Replacement: nothing. Same function: an Assert gives no value; where it would stop a run, the graph
without it goes on.
"""

from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.graph.edit import Edit, applied
from dlconv.graph.graph import Graph

CHECKS = frozenset({"Assert", "NoOp"})


def drop_asserts(graph_def: GraphDef) -> GraphDef:
    """Return the graph without Assert, NoOp, the edges from them and their orphans."""
    graph = Graph(graph_def)
    return applied(graph, Edit({node.name: [] for node in graph_def.node if node.op in CHECKS}))
