"""Which nodes have a value in one branch of a condition only.

A Switch hands its input to one of its outputs and nothing to the other, and what reads nothing is
not computed either; a Merge takes whichever of its inputs is there. What a while loop leaves is
there in the end (tensorflow/core/ops/control_flow_ops.cc).
"""

from dlconv.graph.graph import Graph

SWITCHES = frozenset({"RefSwitch", "Switch"})
REJOINING = frozenset({"Exit", "Merge", "RefExit", "RefMerge"})


def conditional_nodes(graph: Graph) -> set[str]:
    """Return the nodes that are computed only if a Switch before them hands on its input."""
    found: set[str] = set()
    if not any(node.op in SWITCHES for node in graph.order):
        return found
    for node in graph.order:
        reads_one = any(source.node in found for source in graph.sources(node))
        if node.op in SWITCHES or (reads_one and node.op not in REJOINING):
            found.add(node.name)
    return found
