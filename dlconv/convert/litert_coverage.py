"""What LiteRT makes of a graph: what it lacks, the operators of the rest, and XNNPACK's share.

The graph is written as ``dlconv litert`` writes it, fixed at the crop, and loaded once in a process
of its own: which operators XNNPACK takes depends on their types, sizes and neighbours, so that no
list would say it.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dlconv.convert.conformance.judge import judged
from dlconv.convert.conformance.table import conformance
from dlconv.convert.interface import at_crop_of
from dlconv.convert.targets.litert.file import write_model
from dlconv.convert.targets.litert.lower import left_by, lowered_for, measured
from dlconv.convert.targets.litert.model import Model
from dlconv.convert.targets.litert.operation import writer_of
from dlconv.convert.targets.litert.write import LACKING, SOURCES, to_litert
from dlconv.convert.targets.lower.lower_operations import Log
from dlconv.convert.targets.lower.operation import lowering_of
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.litert import BACKENDS
from dlconv.runtimes.litert_child import LitertChild

# What a backend is called beside those of other runtimes.
TARGETS = {backend: f"litert-{backend}" for backend in BACKENDS}
GIVEN = SOURCES | {"Const"}
# Why backends lack ops, by op and by backend.
Reasons = dict[str, dict[str, str]]


@dataclass(frozen=True)
class LitertOperator:
    """A builtin operator of LiteRT: how many of them a file has, and how many XNNPACK runs.

    The latter is None where LiteRT is not installed or does not load the file.
    """

    operator: str
    nodes: int
    xnnpack: int | None


@dataclass(frozen=True)
class InLitert:
    """The nodes of the graph that LiteRT gets, by op, what it lacks, and the file's operators."""

    nodes: Mapping[str, tuple[str, ...]]
    lacks: Reasons
    operators: tuple[LitertOperator, ...] = ()


def find_in_litert(graph: Graph, is_written: bool = True) -> InLitert:
    """Return what LiteRT makes of a rewritten graph; it is written, too, to count operators.

    Raises DlconvError when the graph cannot be rewritten or fixed at its crop.
    """
    rewritten = prepare_and_rewrite(at_crop_of(graph)).graph
    contract = find_contract(rewritten)
    needed, log = prune(rewritten, contract).graph, Log()
    given = lowered_for(needed, conformance("litert"), BACKENDS, log=log)
    lacks = lacks_in_litert(given, log)
    nodes: dict[str, tuple[str, ...]] = {}
    for node in given.nodes.values():
        nodes[node.op] = (*nodes.get(node.op, ()), node.name)
    if lacks or not is_written:
        return InLitert(nodes, lacks)
    return InLitert(nodes, lacks, _operators(to_litert(given, contract)))


def lacks_in_litert(graph: Graph, log: Log) -> Reasons:
    """Return why the nodes of a lowered graph are not computed rightly, or not written."""
    found: Reasons = {}
    for node, reason in left_by(graph, log):
        if node.op != "Const":
            found.setdefault(node.op, dict.fromkeys(TARGETS.values(), reason))
    for each in measured(judged(conformance("litert"), graph, BACKENDS)):
        found.setdefault(each.node.op, {}).setdefault(TARGETS[each.backend], each.verdict.words)
    return found


def unwritten_in_litert(graph: Graph) -> Reasons:
    """Return the ops of a graph, as it is, that are not written for LiteRT in any way."""
    return {
        node.op: dict.fromkeys(TARGETS.values(), LACKING)
        for node in graph.nodes.values()
        if node.op not in GIVEN and writer_of(node.op) is None and lowering_of(node.op) is None
    }


def _operators(model: Model) -> tuple[LitertOperator, ...]:
    counted = Counter(each.code for each in model.operators)
    taken = _taken_by_xnnpack(model)
    return tuple(
        LitertOperator(name, count, None if taken is None else taken.get(name, 0))
        for name, count in sorted(counted.items())
    )


def _taken_by_xnnpack(model: Model) -> Mapping[str, int] | None:
    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        path = Path(folder) / "model.tflite"
        write_model(model, path)
        try:
            with LitertChild(path) as child:
                return child.delegated()
        except (RuntimeMissingError, DlconvError):
            return None
