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
TFJS, ONNX_RUNTIME, LITERT = "TensorFlow.js", "ONNX Runtime", "LiteRT"
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
    asked: dict[_Kind, tuple[tuple[str, Verdict], ...]] = {}
    for node in graph.nodes.values():
        if node.op in GIVEN:
            continue
        kind = _kind_of(static, node)
        if kind not in asked:
            asked[kind] = tuple(_not_held(table, kind, backends, lowered))
        for backend, verdict in asked[kind]:
            yield Judged(node, backend, verdict)


def judged_node(
    table: Table, static: Static, node: NodeDef, backends: Sequence[str], lowered: bool = False
) -> Iterator[Judged]:
    """Yield the backends that do not compute a node rightly, or what it would be ``lowered`` to.

    It counts what they make of the outputs that are read.
    """
    if node.op in GIVEN:
        return
    for backend, verdict in _not_held(table, _kind_of(static, node), backends, lowered):
        yield Judged(node, backend, verdict)


# What nodes are told apart by: the op, its traits, and which outputs are read.
_Kind = tuple[str, tuple[tuple[str, str | None], ...], frozenset[int]]


def _kind_of(static: Static, node: NodeDef) -> _Kind:
    ports = frozenset(static.graph.ports_read.get(node.name, {0}))
    return node.op, tuple(traits_of(static, node).items()), ports


def _not_held(
    table: Table, kind: _Kind, backends: Sequence[str], lowered: bool
) -> Iterator[tuple[str, Verdict]]:
    op, traits, ports = kind
    ask = table.lowered_verdict if lowered else table.verdict
    of_outputs = [with_port(dict(traits), port) for port in sorted(ports)]
    for backend in backends:
        found = (ask(backend, op, each) for each in of_outputs)
        verdict = max(found, key=lambda each: _ORDER.index(each.status))
        if not verdict.holds:
            yield backend, verdict


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
