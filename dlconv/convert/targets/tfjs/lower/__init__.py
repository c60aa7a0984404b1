"""What prepares a rewritten graph for TF.js, before it is written.

Nodes that a backend does not compute rightly become others that it does, or are refused; then
convolutions are fused. What that gives may have ops that TF.js runs and TensorFlow does not; all
before it still computes the same in TensorFlow.
"""

from collections.abc import Container, Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.judge import TFJS, judged, judged_node, refuse
from dlconv.convert.conformance.table import Table, conformance
from dlconv.convert.targets.lower.lower_operations import Log, lower_where
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.convert.targets.tfjs.lower.known import is_known_to_be_wrong
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.operations import FUSED_CONVOLUTIONS
from dlconv.graph.prune import prune
from dlconv.graph.shapes import Static, infer_static


def lowered(graph: Graph, contract: Contract, backends: Sequence[str], fuses: bool = True) -> Graph:
    """Return what an output needs, as ``lowered_for`` gives it by the measured conformance."""
    needed = prune(graph, contract).graph
    return lowered_for(needed, conformance("tfjs"), backends, fuses=fuses)


def right_backends(graph: Graph) -> tuple[str, ...]:
    """Return the backends that compute a lowered graph rightly."""
    table = conformance("tfjs")
    wrong = {each.backend for each in judged(table, graph, table.backends)}
    return tuple(each for each in table.backends if each not in wrong)


def lowered_for(
    graph: Graph,
    table: Table,
    backends: Sequence[str],
    log: Log | None = None,
    fuses: bool = True,
) -> Graph:
    """Return a graph that all of these backends compute rightly, with fused convolutions.

    Without ``fuses``, what is right stays as it is. Raises DlconvError for the first node that one
    of them does not; with a ``log`` it stays.
    """

    def is_lowered(static: Static, node: NodeDef) -> bool:
        is_right = not any(judged_node(table, static, node, backends))
        if is_right and not is_known_to_be_wrong(static, node):
            return False
        remaining = list(judged_node(table, static, node, backends, lowered=True))
        if remaining and log is not None:
            log.refused[node.name] = remaining[0].verdict.reason
            return False
        refuse(TFJS, remaining)
        return True

    lowered_graph = lower_where(graph, is_lowered, TFJS, log).graph
    fused = _fused(lowered_graph) if fuses else lowered_graph
    wrong = list(judged(table, fused, backends))
    apart = {each.node.name for each in wrong if each.node.op in FUSED_CONVOLUTIONS}
    if apart:
        fused = _fused(lowered_graph, apart)
        wrong = list(judged(table, fused, backends))
    if log is None:
        refuse(TFJS, wrong)
        refuse(TFJS, judged(table, fused, backends, lowered=True))
    return fused


def _fused(graph: Graph, without: Container[str] = ()) -> Graph:
    """Fuse convolutions; a fused one has the shape of its last part, whose name it has."""
    fused = fuse_convolutions(graph, without).graph
    infer_static(graph)
    fused.inferred = graph.inferred
    return fused
