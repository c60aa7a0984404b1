"""Which ops of a graph the targets compute rightly, found before anything is converted.

The targets are TF.js in each of its backends, ONNX, and LiteRT with XNNPACK and without. What has
to be covered is the graph that each converter takes: what the output needs, after the rewriting,
and for TF.js and LiteRT with fused ops and with what is lowered. The frozen graph's own ops are
counted beside it, which shows what the rewriting changes, and what is covered only because of it.

An op is covered when each of its nodes, as it stands, was measured to compute what TensorFlow
computes (``conformance``); for ONNX, when the writer has it and it was not measured to be wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from dlconv.convert.conformance.judge import judged
from dlconv.convert.conformance.table import Table, conformance
from dlconv.convert.litert_coverage import (
    TARGETS,
    InLitert,
    LitertOperator,
    find_in_litert,
    unwritten_in_litert,
)
from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.lower.lower_operations import Log
from dlconv.convert.targets.onnx.conformance import wrong_in_onnx
from dlconv.convert.targets.onnx.kernels import operators_without_kernel
from dlconv.convert.targets.onnx.opset import check_opset
from dlconv.convert.targets.onnx.write import can_write
from dlconv.convert.targets.tf2onnx_operations import may_convert
from dlconv.convert.targets.tfjs.lower import lowered_for
from dlconv.convert.targets.tfjs.prepare import complete, prepare, prepare_and_rewrite
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.recipe import DEFAULT_OPSET

# Graphs of more bytes are not written for LiteRT, which takes several times their size in memory.
MOST_WRITTEN = 2**26
ONNX = "onnx"
LITERT = (*TARGETS.values(),)


@dataclass(frozen=True)
class OpCoverage:
    """An op: its numbers of nodes in the frozen graph and in the three that are converted.

    ``node`` is the first of them, in a converted graph if it is in one. ``missing`` says why a
    target does not compute the op of a converted graph or of the frozen one, ``gaps`` of a
    converted one alone. ``lowered`` are the ops that nodes of this one become for TF.js.
    """

    op: str
    frozen: int
    onnx: int
    tfjs: int
    litert: int
    node: str
    missing: Mapping[str, str]
    gaps: Mapping[str, str]
    lowered: tuple[str, ...] = ()

    def nodes(self, target: str) -> int:
        """Return how many nodes of this op a target gets."""
        if target == ONNX:
            return self.onnx
        return self.litert if target in LITERT else self.tfjs


@dataclass(frozen=True)
class Coverage:
    """All ops by name, the targets, and the versions of the libraries.

    ``litert`` are the operators of the file that is written for LiteRT, none where some op is not
    covered there or the graph is large. ``operators_without_kernel`` are those of ONNX at ``opset``
    that ONNX Runtime cannot run; None when it does not say.
    """

    opset: int
    targets: tuple[str, ...]
    versions: Mapping[str, str]
    operators_without_kernel: tuple[str, ...] | None
    litert: tuple[LitertOperator, ...]
    ops: tuple[OpCoverage, ...]

    @property
    def uncovered(self) -> tuple[OpCoverage, ...]:
        """Return the ops that some target cannot run, though its graph has them."""
        return tuple(row for row in self.ops if row.gaps)

    @property
    def rewritten(self) -> tuple[OpCoverage, ...]:
        """Return the ops that some target could not run, were it not for the rewriting."""
        return tuple(row for row in self.ops if row.missing and not row.gaps)

    def covers(self, target: str) -> bool:
        """Tell whether a target can run every op of the graph that is converted for it."""
        return not any(target in row.gaps for row in self.ops)


def find_coverage(path: Path, opset: int = DEFAULT_OPSET) -> Coverage:
    """Return the coverage of a frozen graph. TensorFlow is not imported.

    Raises UsageError for an opset out of range, DlconvError when the graph cannot be read or
    rewritten.
    """
    check_opset(opset)
    read = Graph(read_graph(path))
    frozen = prune(read, find_contract(read)).graph
    rewritten = rewrite(read).graph
    onnx = prune(rewritten, find_contract(rewritten)).graph
    tfjs = _prepared_for_tfjs(read, onnx)
    litert = _in_litert(tfjs, path.stat().st_size <= MOST_WRITTEN)
    table = conformance("tfjs")
    lowered = [_lowered(tfjs, table, backends) for backends in _alike(table, tfjs)]
    usual = lowered[0]
    reasons = [
        *(_lack_in_tfjs(each.graph, each.backends, each.log) for each in lowered),
        _lack_in_onnx(onnx),
        litert.lacks,
    ]
    of_frozen = [
        _lack_in_tfjs(frozen, table.backends, Log()),
        _lack_in_onnx(frozen),
        unwritten_in_litert(frozen),
    ]
    counted = tuple(_operations(graph) for graph in (frozen, onnx, usual.graph))
    targets = (*(f"tfjs-{backend}" for backend in table.backends), ONNX, *LITERT)
    gaps = _missing(targets, counted[1:], reasons)
    missing = _missing(targets, counted, [*reasons, *of_frozen])
    without_kernel = operators_without_kernel(opset)
    return Coverage(
        opset=opset,
        targets=targets,
        versions={
            "tfjs": table.versions["tfjs"],
            "ai-edge-litert": conformance("litert").versions["ai-edge-litert"],
        }
        | _versions("onnx", "onnxruntime"),
        litert=litert.operators,
        operators_without_kernel=None if without_kernel is None else tuple(sorted(without_kernel)),
        ops=tuple(
            OpCoverage(
                op=op,
                frozen=len(counted[0].get(op, _ABSENT).nodes),
                onnx=len(counted[1].get(op, _ABSENT).nodes),
                tfjs=len(counted[2].get(op, _ABSENT).nodes),
                litert=len(litert.nodes.get(op, ())),
                node=_first_node(op, counted, litert),
                missing=missing.get(op, {}),
                gaps=gaps.get(op, {}),
                lowered=_made_of(usual, counted[1].get(op, _ABSENT)),
            )
            for op in sorted({op for each in (*counted, litert.nodes) for op in each})
        ),
    )


def _in_litert(rewritten: Graph, is_written: bool) -> InLitert:
    """Return what LiteRT makes of a graph; what cannot be fixed at the crop lacks an input."""
    try:
        return find_in_litert(rewritten, is_written)
    except DlconvError as error:
        return InLitert({}, {"Placeholder": dict.fromkeys(LITERT, error.message)})


def _first_node(op: str, counted: Sequence[Mapping[str, "_Found"]], litert: InLitert) -> str:
    found = [each[op].nodes for each in reversed(counted) if op in each]
    return (*found, litert.nodes.get(op, ()))[0][0]


def _prepared_for_tfjs(read: Graph, onnx: Graph) -> Graph:
    """Return the graph that is lowered for TF.js; of most networks it is ONNX's."""
    if not prepare(read).changed:
        return complete(onnx).graph
    rewritten = prepare_and_rewrite(read).graph
    return prune(rewritten, find_contract(rewritten)).graph


def _versions(*libraries: str) -> dict[str, str]:
    return {name: version(name) for name in libraries}


class _Found(NamedTuple):
    nodes: tuple[str, ...]
    calls: bool


# Why targets lack ops, by op.
_Reasons = Mapping[str, Mapping[str, str]]
_ABSENT = _Found((), False)


def _operations(graph: Graph) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for node in graph.nodes.values():
        before, calls = found.get(node.op, _ABSENT)
        calls = calls or any(value.HasField("func") for value in node.attr.values())
        found[node.op] = _Found((*before, node.name), calls)
    return found


@dataclass(frozen=True)
class _Lowered:
    """What backends get of a graph, and what became of its nodes."""

    backends: tuple[str, ...]
    graph: Graph
    log: Log


def _lowered(graph: Graph, table: Table, backends: tuple[str, ...]) -> _Lowered:
    log = Log()
    return _Lowered(backends, lowered_for(graph, table, backends, log), log)


def _alike(table: Table, graph: Graph) -> list[tuple[str, ...]]:
    """Return the backends in groups that get the same graph: those that compute it as it is."""
    wrong = {each.backend for each in judged(table, graph, table.backends)}
    right = tuple(each for each in table.backends if each not in wrong)
    groups = [right] if right else []
    groups += [(each,) for each in table.backends if each in wrong]
    return sorted(groups, key=lambda group: table.backends.index(group[0]))


def _lack_in_tfjs(graph: Graph, backends: Sequence[str], log: Log) -> _Reasons:
    found: dict[str, dict[str, str]] = {}
    for name in log.refused.keys() & graph.nodes.keys():
        reasons = {f"tfjs-{backend}": log.refused[name] for backend in backends}
        found.setdefault(graph.nodes[name].op, {}).update(reasons)
    for each in judged(conformance("tfjs"), graph, backends):
        found.setdefault(each.node.op, {}).setdefault(f"tfjs-{each.backend}", each.verdict.words)
    return found


def _lack_in_onnx(graph: Graph) -> _Reasons:
    found: dict[str, dict[str, str]] = {}
    for each in wrong_in_onnx(graph):
        found.setdefault(each.node.op, {}).setdefault(ONNX, each.verdict.words)
    for node in graph.nodes.values():
        if not can_write(node.op):
            hint = ", tf2onnx may" if may_convert(node.op) else ""
            found[node.op] = {ONNX: f"dlconv does not write it{hint}"}
    return found


def _missing(
    targets: tuple[str, ...], counted: Iterable[Mapping[str, _Found]], reasons: Iterable[_Reasons]
) -> dict[str, dict[str, str]]:
    """Return why each op lacks in which targets; a reason of a converted graph comes first."""
    missing: dict[str, dict[str, str]] = {}
    for each in reasons:
        for op, by_target in each.items():
            missing[op] = {**by_target, **missing.get(op, {})}
    for found in counted:
        for op, (_, calls) in found.items():
            if calls:
                reason = "it calls a function, which dlconv does not convert"
                missing[op] = dict.fromkeys(targets, reason)
    order = targets.index
    return {op: {t: found[t] for t in sorted(found, key=order)} for op, found in missing.items()}


def _made_of(lowered: _Lowered, found: _Found) -> tuple[str, ...]:
    """Return the ops that nodes were lowered to."""
    return tuple(sorted({op for name in found.nodes for op in lowered.log.lowered.get(name, ())}))
