"""Drops nodes that only copy their input.

Pattern: Identity, StopGradient, PreventGradient or Snapshot without control inputs, such as the
``/read`` of a frozen variable or a dropout at inference. Replacement: their readers read their
input. Same function: at inference they copy.

Requires nothing. Ensures that of these nodes only outputs and those with control inputs are left;
an output keeps its name.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, may_go
from dlconv.graph.graph import Graph

COPIES = frozenset({"Identity", "StopGradient", "PreventGradient", "Snapshot"})


def drop_identities(graph: Graph) -> Result:
    """Return the graph without nodes that copy."""
    edit = Edit()
    for node in graph.nodes.values():
        if _only_copies(node) and may_go(graph, node.name):
            edit.redirect(node.name, node.input[0])
    return applied(graph, edit)


def _only_copies(node: NodeDef) -> bool:
    return node.op in COPIES and len(node.input) == 1 and not node.input[0].startswith("^")
