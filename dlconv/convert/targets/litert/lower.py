"""What prepares a rewritten graph for LiteRT, before it is written.

Nodes that LiteRT has no operator for, or that its kernels do not take or compute rightly as they
are, become others that do, by the lowerings that it shares with TF.js; the rest is refused. Then
convolutions are fused with their bias and activation.
"""

from collections.abc import Iterable, Iterator, Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.judge import LITERT, Judged, judged, judged_node, refuse
from dlconv.convert.conformance.table import Status, Table, conformance
from dlconv.convert.targets.litert.write import refusal_of
from dlconv.convert.targets.lower.lower_operations import lower_where
from dlconv.convert.targets.lower.narrow import wraps
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.graph.shapes import Static, infer_static

# LiteRT.js was measured, too. It takes fewer types and no free sizes: no reason to refuse a graph
# that others run.
_BACKENDS = ("xnnpack", "reference")


def lowered(graph: Graph, contract: Contract) -> Graph:
    """Return what an output needs, as ``lowered_for`` gives it by the measured conformance."""
    return lowered_for(prune(graph, contract).graph, conformance("litert"), _BACKENDS)


def lowered_for(graph: Graph, table: Table, backends: Sequence[str]) -> Graph:
    """Return a graph of operations that these backends compute rightly, with fused convolutions.

    Raises DlconvError for a node that has no equal.
    """

    def is_lowered(static: Static, node: NodeDef) -> bool:
        is_right = not any(_measured(judged_node(table, static, node, backends)))
        if is_right and not wraps(node) and refusal_of(static, node) is None:
            return False
        refuse(LITERT, _measured(judged_node(table, static, node, backends, lowered=True)))
        return True

    lowered_graph = lower_where(graph, is_lowered, LITERT).graph
    infer_static(lowered_graph)
    fused = fuse_convolutions(lowered_graph).graph
    fused.inferred = lowered_graph.inferred
    refuse(LITERT, _measured(judged(table, fused, backends)))
    return fused


def _measured(found: Iterable[Judged]) -> Iterator[Judged]:
    """Yield what was measured to be wrong; the writer itself says what it does not write."""
    return (each for each in found if each.verdict.status is not Status.REFUSED)
