"""Drops Assert and what only it needs.

Pattern: Assert (and NoOp and PrintV2), control edges from it, and the nodes that feed nothing
else. Replacement: nothing. Same function: these give no value; where an Assert would stop a run,
the graph without it goes on.

Requires nothing. Ensures that none of these is left, and no control edge from one.
"""

from dlconv.graph.edit import Edit, Result, applied
from dlconv.graph.graph import Graph

CHECKS = frozenset({"Assert", "NoOp", "PrintV2"})


def drop_asserts(graph: Graph) -> Result:
    """Return the graph without Assert, NoOp, PrintV2, the edges from them and their orphans."""
    checks = [name for name, node in graph.nodes.items() if node.op in CHECKS]
    return applied(graph, Edit({name: [] for name in checks}))
