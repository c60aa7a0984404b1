"""Judging the nodes of a graph by the measured conformance of a target."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.table import Status, Table, Verdict
from dlconv.convert.conformance.traits import traits_of, with_port
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph
from dlconv.graph.shapes import Static, infer_static

# What every backend has, and what nothing computes.
GIVEN = frozenset({"Const", "NoOp", "Placeholder"})
TFJS, ONNX_RUNTIME = "TensorFlow.js", "ONNX Runtime"
_ORDER = list(Status)


@dataclass(frozen=True)
class Judged:
    """A node that a backend does not compute rightly, and what it makes of it."""

    node: NodeDef
    backend: str
    verdict: Verdict


def judged(
    table: Table, graph: Graph, backends: Sequence[str], lowered: bool = False
) -> Iterator[Judged]:
    """Yield each node of a graph that one of the backends does not compute rightly.

    With ``lowered``, by what was measured of whole conversions of its op.
    """
    static = infer_static(graph)
    for node in graph.nodes.values():
        yield from judged_node(table, static, node, backends, lowered)


def judged_node(
    table: Table, static: Static, node: NodeDef, backends: Sequence[str], lowered: bool = False
) -> Iterator[Judged]:
    """Yield the backends that do not compute a node rightly, or what it would be ``lowered`` to.

    It counts what they make of the outputs that are read.
    """
    if node.op in GIVEN:
        return
    traits = traits_of(static, node)
    ask = table.lowered_verdict if lowered else table.verdict
    ports = [with_port(traits, port) for port in _ports_read(static.graph, node)]
    for backend in backends:
        found = (ask(backend, node.op, each) for each in ports)
        verdict = max(found, key=lambda each: _ORDER.index(each.status))
        if not verdict.holds:
            yield Judged(node, backend, verdict)


def _ports_read(graph: Graph, node: NodeDef) -> set[int]:
    readers = (graph.nodes[name] for name in graph.consumers[node.name])
    ports = {
        source.port
        for reader in readers
        for source in graph.sources(reader)
        if source.node == node.name
    }
    return ports or {0}


def refuse(target: str, found: Iterable[Judged]) -> None:
    """Raise DlconvError for the first node that a backend does not compute rightly, if any."""
    hint = "cut the graph before it" + (", or choose other backends" if target == TFJS else "")
    for each in found:
        words = _WORDS[each.verdict.status].format(backend=each.backend)
        raise DlconvError(
            f"{target} cannot hold {each.node.name} ({each.node.op}): "
            f"{words} {each.verdict.reason}".rstrip(),
            hint,
            code="wrong-in-backend" if target == TFJS else "wrong-in-runtime",
            node=each.node.name,
            backend=each.backend,
        )


_WORDS = {
    Status.WRONG: "its {backend} backend computes something else",
    Status.FAILS: "its {backend} backend fails",
    Status.REFUSED: "dlconv does not write it",
    Status.UNMEASURED: "what its {backend} backend makes of it is not known:",
}
