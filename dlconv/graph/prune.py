"""Pruning a graph to its contract.

Keeps the nodes that the output's value depends on, in the order of the file, and drops control
edges and with them what only they held: Assert and the arithmetic that feeds it.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph


def needed_nodes(graph: Graph, contract: Contract) -> list[NodeDef]:
    """Return copies of the nodes behind the output, without control edges."""
    needed = {node.name for node in graph.ancestors(contract.output.node)}
    return [_without_control_edges(node) for node in graph.graph_def.node if node.name in needed]


def _without_control_edges(node: NodeDef) -> NodeDef:
    if not any(name.startswith("^") for name in node.input):
        return node
    copy = NodeDef()
    copy.CopyFrom(node)
    del copy.input[:]
    copy.input.extend(name for name in node.input if not name.startswith("^"))
    return copy
