"""Pruning a graph to its contract.

Keeps the nodes that the output's value depends on, in the order of the file, and drops control
edges and the nodes that only they needed: Assert and the arithmetic that feeds it.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.contract import Contract
from dlconv.graph.edit import Result
from dlconv.graph.graph import Graph, copy_of


def prune(graph: Graph, contract: Contract) -> Result:
    """Return the graph of the nodes behind the output, without control edges."""
    return pruned_to(graph, contract.output.node)


def pruned_to(graph: Graph, *names: str) -> Result:
    """Return the graph of nodes and what is behind them, without control edges."""
    needed = {node.name for node in graph.ancestors(*names)}
    nodes = [_without_controls(node) for name, node in graph.nodes.items() if name in needed]
    if len(nodes) == len(graph.nodes) and all(graph.nodes[node.name] is node for node in nodes):
        return Result(graph, changed=False)
    pruned = graph.with_nodes(nodes)
    # What is inferred of the whole holds for its parts.
    pruned.inferred = dict(graph.inferred)
    return Result(pruned, changed=True)


def _without_controls(node: NodeDef) -> NodeDef:
    data = [name for name in node.input if not name.startswith("^")]
    return node if len(data) == len(node.input) else copy_of(node, inputs=data)
