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
from dlconv.runtimes.litert import BACKENDS


def lowered(graph: Graph, contract: Contract, kept: Container[str] = ()) -> Graph:
    """Return what an output needs, as ``lowered_for`` gives it by the measured conformance.

    That is of the native backends: LiteRT.js, measured as well, takes fewer types and no free
    sizes, which is no reason to refuse a graph that others run.
    """
    return lowered_for(prune(graph, contract).graph, conformance("litert"), BACKENDS, kept)


def lowered_for(
    graph: Graph,
    table: Table,
    backends: Sequence[str],
    kept: Container[str] = (),
    log: Log | None = None,
) -> Graph:
    """Return a graph of operations that these backends compute rightly, with fused convolutions.

    Nodes that are named in ``kept`` are not judged. Raises DlconvError for a node that has no
    equal; with a ``log`` its lowering's reason is kept there, and the node stays.
    """

    def is_lowered(static: Static, node: NodeDef) -> bool:
        if node.name in kept:
            return False
        is_right = not any(measured(judged_node(table, static, node, backends)))
        if is_right and not is_known_to_be_wrong(node) and refusal_of(static, node) is None:
            return False
        wrong = [*measured(judged_node(table, static, node, backends, lowered=True))]
        if log is None:
            refuse(LITERT, wrong)
        elif wrong:
            log.refused[node.name] = wrong[0].verdict.words
        return not wrong

    tried = Log() if log is None else log
    lowered_graph = lower_where(graph, is_lowered, LITERT, tried).graph
    if log is None:
        _refuse_what_is_left(lowered_graph, tried)
    fused = fuse_convolutions(lowered_graph).graph
    fused.inferred = lowered_graph.inferred
    if log is not None:
        return fused
    found = judged(table, fused, backends)
    refuse(LITERT, measured(each for each in found if each.node.name not in kept))
    return fused


def _refuse_what_is_left(graph: Graph, log: Log) -> None:
    """Raise DlconvError for the first node that was to be lowered and is not written."""
    for node, reason in left_by(graph, log):
        if node.name in log.refused or is_known_to_be_wrong(node):
            text = f"{LITERT} cannot hold {node.name} ({node.op}): {reason}"
            raise DlconvError(text, reason=reason)


def left_by(graph: Graph, log: Log) -> Iterator[tuple[NodeDef, str]]:
    """Yield the nodes of a lowered graph that are not written or known to be wrong, and why.

    Where its lowering and the writer refuse a node, the writer's reason counts, if it has one.
    """
    static = infer_static(graph)
    for node in graph.order:
        reason = refusal_of(static, node)
        if reason == LACKING:
            reason = log.refused.get(node.name, LACKING)
        if is_known_to_be_wrong(node):
            reason = log.refused.get(node.name, "its integers of 8 or 16 bits may wrap")
        if reason is not None:
            yield node, reason


def measured(found: Iterable[Judged]) -> Iterator[Judged]:
    """Yield what was measured to be wrong; the writer itself says what it does not write."""
    return (each for each in found if each.verdict.status is not Status.REFUSED)
