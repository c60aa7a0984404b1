"""What prepares a rewritten graph for LiteRT, before it is written.

Nodes that LiteRT has no operator for, or that its kernels do not take or compute rightly as they
are, become others that do, by the lowerings that it shares with TF.js; the rest is refused. Then
convolutions are fused with their bias and activation.
"""

from collections.abc import Container, Iterable, Iterator, Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.judge import LITERT, Judged, judged, judged_node, refuse
from dlconv.convert.conformance.table import Status, Table, conformance
from dlconv.convert.targets.litert.known import is_known_to_be_wrong
from dlconv.convert.targets.litert.write import LACKING, refusal_of
from dlconv.convert.targets.lower.lower_operations import Log, lower_where
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.graph.shapes import Static, infer_static

# LiteRT.js was measured, too. It takes fewer types and no free sizes: no reason to refuse a graph
# that others run.
_BACKENDS = ("xnnpack", "reference")


def lowered(graph: Graph, contract: Contract, kept: Container[str] = ()) -> Graph:
    """Return what an output needs, as ``lowered_for`` gives it by the measured conformance."""
    return lowered_for(prune(graph, contract).graph, conformance("litert"), _BACKENDS, kept)


def lowered_for(
    graph: Graph, table: Table, backends: Sequence[str], kept: Container[str] = ()
) -> Graph:
    """Return a graph of operations that these backends compute rightly, with fused convolutions.

    Nodes that are named in ``kept`` are not judged. Raises DlconvError for a node that has no
    equal.
    """

    def is_lowered(static: Static, node: NodeDef) -> bool:
        if node.name in kept:
            return False
        is_right = not any(_measured(judged_node(table, static, node, backends)))
        if is_right and not is_known_to_be_wrong(node) and refusal_of(static, node) is None:
            return False
        refuse(LITERT, _measured(judged_node(table, static, node, backends, lowered=True)))
        return True

    log = Log()
    lowered_graph = lower_where(graph, is_lowered, LITERT, log).graph
    _refuse_what_is_left(lowered_graph, log)
    fused = fuse_convolutions(lowered_graph).graph
    fused.inferred = lowered_graph.inferred
    found = judged(table, fused, backends)
    refuse(LITERT, _measured(each for each in found if each.node.name not in kept))
    return fused


def _refuse_what_is_left(graph: Graph, log: Log) -> None:
    """Raise DlconvError for the first node that is not written, or known to be wrong.

    Where its lowering and the writer refuse it, the writer's reason counts, if it has one.
    """
    static = infer_static(graph)
    for node in graph.order:
        reason = refusal_of(static, node) if node.name in log.refused else None
        if reason == LACKING:
            reason = log.refused[node.name]
        if is_known_to_be_wrong(node):
            reason = log.refused.get(node.name, "its integers of 8 or 16 bits may wrap")
        if reason is not None:
            text = f"{LITERT} cannot hold {node.name} ({node.op}): {reason}"
            raise DlconvError(text, reason=reason)


def _measured(found: Iterable[Judged]) -> Iterator[Judged]:
    """Yield what was measured to be wrong; the writer itself says what it does not write."""
    return (each for each in found if each.verdict.status is not Status.REFUSED)
