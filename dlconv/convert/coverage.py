"""Which ops of a graph the targets can run, found before anything is converted.

The targets are TF.js in each of its backends, and ONNX. What has to be covered is the
graph that each converter takes: what the output needs, after the rewriting, and for TF.js with its
fused ops. The frozen graph's own ops are counted beside it, which shows what the rewriting changes,
and what is covered only because of it.

An op is covered when the target has it. Shapes and element types that the target does not support
only show when the artifact runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from dlconv.convert.rewrite import rewrite
from dlconv.convert.targets.onnx.kernels import operators_without_kernel
from dlconv.convert.targets.onnx.opset import check_opset
from dlconv.convert.targets.onnx.write import can_write
from dlconv.convert.targets.tf2onnx_operations import may_convert
from dlconv.convert.targets.tfjs.lower import lower
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Contract, find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.recipe import DEFAULT_OPSET
from dlconv.web import TfjsOperations, tfjs_operations

ONNX = "onnx"


@dataclass(frozen=True)
class OpCoverage:
    """An op: its numbers of nodes in the frozen graph and in the two that are converted.

    ``node`` is the first of them, in a converted graph if it is in one. ``missing`` says why a
    target could not run the op, for the frozen graph's ops also where the rewriting removes them.
    """

    op: str
    frozen: int
    onnx: int
    tfjs: int
    node: str
    missing: Mapping[str, str]

    @property
    def gaps(self) -> dict[str, str]:
        """Return what is missing for the graphs that are converted."""
        return {target: reason for target, reason in self.missing.items() if self.nodes(target)}

    def nodes(self, target: str) -> int:
        """Return how many nodes of this op a target gets."""
        return self.onnx if target == ONNX else self.tfjs


@dataclass(frozen=True)
class Coverage:
    """All ops by name, the targets, and the versions of the libraries.

    ``operators_without_kernel`` are those of ONNX at ``opset`` that ONNX Runtime cannot run; None
    when it does not say.
    """

    opset: int
    targets: tuple[str, ...]
    versions: Mapping[str, str]
    operators_without_kernel: tuple[str, ...] | None
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
    graph = Graph(read_graph(path))
    frozen = _operations(graph, find_contract(graph))
    graph = rewrite(graph).graph
    contract = find_contract(graph)
    onnx, tfjs = _operations(graph, contract), _operations(lower(graph).graph, contract)
    known = _Known(tfjs_operations())
    without_kernel = operators_without_kernel(opset)
    return Coverage(
        opset=opset,
        targets=known.targets,
        versions={"tfjs": known.tfjs.version} | _versions("onnx", "onnxruntime"),
        operators_without_kernel=None if without_kernel is None else tuple(sorted(without_kernel)),
        ops=tuple(
            _coverage(op, frozen, onnx, tfjs, known) for op in sorted({*frozen, *onnx, *tfjs})
        ),
    )


def _versions(*libraries: str) -> dict[str, str]:
    return {name: version(name) for name in libraries}


class _Found(NamedTuple):
    nodes: int
    first: str
    calls: bool


_ABSENT = _Found(0, "", False)


def _operations(graph: Graph, contract: Contract) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for node in prune(graph, contract).graph.nodes.values():
        before, first, calls = found.get(node.op, _Found(0, node.name, False))
        calls = calls or any(value.HasField("func") for value in node.attr.values())
        found[node.op] = _Found(before + 1, first, calls)
    return found


@dataclass(frozen=True)
class _Known:
    """What the targets have."""

    tfjs: TfjsOperations

    @property
    def targets(self) -> tuple[str, ...]:
        return (*(f"tfjs-{backend}" for backend in self.tfjs.backends), ONNX)

    def missing(self, op: str, calls: bool) -> dict[str, str]:
        """Return why each target that cannot run an op cannot."""
        if calls:
            return dict.fromkeys(self.targets, "it calls a function, which dlconv does not convert")
        reasons = {
            f"tfjs-{backend}": self._lack_in_tfjs(op, kernels)
            for backend, kernels in self.tfjs.backends.items()
        }
        if not can_write(op):
            reasons[ONNX] = "dlconv does not write it"
            reasons[ONNX] += ", tf2onnx may" if may_convert(op) else ""
        return {target: reason for target, reason in reasons.items() if reason}

    def _lack_in_tfjs(self, op: str, kernels: frozenset[str]) -> str:
        if op not in self.tfjs.kernels:
            return "TF.js does not know it"
        lacking = ", ".join(sorted(self.tfjs.kernels[op] - kernels))
        return lacking and f"the backend has no kernel {lacking}"


def _coverage(
    op: str,
    frozen: Mapping[str, _Found],
    onnx: Mapping[str, _Found],
    tfjs: Mapping[str, _Found],
    known: _Known,
) -> OpCoverage:
    in_frozen, in_onnx, in_tfjs = (graph.get(op, _ABSENT) for graph in (frozen, onnx, tfjs))
    missing = known.missing(op, in_frozen.calls or in_onnx.calls or in_tfjs.calls)
    first = in_tfjs.first or in_onnx.first or in_frozen.first
    row = OpCoverage(op, in_frozen.nodes, in_onnx.nodes, in_tfjs.nodes, first, missing)
    relevant = {target: why for target, why in missing.items() if row.frozen or row.nodes(target)}
    return replace(row, missing=relevant)
