"""What prepares a rewritten graph for TF.js, before it is written.

Nodes that a backend does not compute rightly become others that it does, or are refused; then
convolutions are fused. What that gives may have ops that TF.js runs and TensorFlow does not; all
before it still computes the same in TensorFlow.
"""

from collections.abc import Sequence

from dlconv.convert.conformance.judge import judged, refuse, verdict_of
from dlconv.convert.conformance.table import Table
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.convert.targets.tfjs.lower.lower_operations import lower_where
from dlconv.graph.graph import Graph


def lowered_for(graph: Graph, table: Table, backends: Sequence[str]) -> Graph:
    """Return a graph that all of these backends compute rightly, with fused convolutions.

    Raises DlconvError for the first node that one of them does not.
    """
    lowered = lower_where(
        graph,
        lambda static, node: any(
            not verdict_of(table, static, node, backend).holds for backend in backends
        ),
    ).graph
    fused = fuse_convolutions(lowered).graph
    refuse("TensorFlow.js", judged(table, fused, backends))
    return fused
