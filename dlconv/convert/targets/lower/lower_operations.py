"""Writes nodes that a target does not compute rightly as other operations that it does.

Pattern: a node that is chosen, as one that the measured conformance does not hold for.
Replacement: what the lowering of its op adds (``operations``), in the node's place and under its
name. Same function: each lowering computes what TensorFlow's kernel computes; the reason is in its
file.

Requires nothing. Ensures nothing about what has no lowering: the writer refuses that. Control edges
of lowered nodes are dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

import dlconv.convert.targets.lower.operations  # noqa: F401
from dlconv.convert.targets.lower.operation import (
    Lowered,
    Lowering,
    Operation,
    lowering_of,
    renamed,
)
from dlconv.errors import DlconvError
from dlconv.graph.contract import element_type
from dlconv.graph.edit import Result
from dlconv.graph.graph import Graph, copy_of
from dlconv.graph.shapes import Static, infer_static

# How often what a node was lowered to is lowered itself.
MOST_STEPS = 4
# Tells whether a node is to be lowered.
Choice = Callable[[Static, NodeDef], bool]


@dataclass(frozen=True)
class Log:
    """What became of nodes: the ops that each was lowered to, and why others were refused."""

    lowered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def lower_where(graph: Graph, is_wanted: Choice, holder: str, log: Log | None = None) -> Result:
    """Lower the nodes that are wanted and have a lowering, and what they are lowered to.

    ``holder`` is how errors call the target.

    Raises DlconvError for a node that its lowering refuses; with a ``log`` that is kept there, and
    the node stays.
    """
    result = Result(graph, changed=False)
    for _ in range(MOST_STEPS):
        lowered = _lower_once(result.graph, is_wanted, holder, log)
        if not lowered.changed:
            break
        result = lowered
    return result


def _lower_once(graph: Graph, is_wanted: Choice, holder: str, log: Log | None) -> Result:
    static = infer_static(graph)
    nodes: list[NodeDef] = []
    instead: dict[str, str] = {}
    for node in graph.order:
        inputs = [_current(name, instead) for name in node.input]
        lowering = lowering_of(node.op)
        if lowering is None or not is_wanted(static, node):
            nodes.append(node if inputs == list(node.input) else copy_of(node, inputs=inputs))
            continue
        data = [name for name in inputs if not name.startswith("^")]
        operation = Operation(node, data, static, holder)
        found = _lowered(operation, lowering, log)
        if found is None:
            nodes.append(node if inputs == list(node.input) else copy_of(node, inputs=inputs))
            continue
        outputs = [found] if isinstance(found, str) else list(found)
        nodes += _under_its_name(operation, outputs)
        instead |= {_port(node.name, port): name for port, name in enumerate(outputs)}
    changed = bool(instead)
    return Result(graph.with_nodes(nodes) if changed else graph, changed)


def _lowered(operation: Operation, lowering: Lowering, log: Log | None) -> Lowered | None:
    try:
        found = lowering(operation)
    except DlconvError as error:
        if log is None:
            raise
        log.refused[operation.node.name] = str(error.data.get("reason", error.message))
        return None
    if log is not None:
        log.lowered.setdefault(
            operation.node.name,
            tuple(sorted({node.op for node in operation.added if node.op != "Const"})),
        )
    return found


def _under_its_name(operation: Operation, outputs: list[str]) -> list[NodeDef]:
    """Give the node of the first output the name of what was lowered, and return the new nodes."""
    name, first = operation.node.name, outputs[0]
    if ":" in first or all(node.name != first for node in operation.added):
        first = operation.add("Identity", first, T=np.dtype(element_type(operation.node)))
    renamed(operation.added, {first: name})
    outputs[0] = name
    for port, output in enumerate(outputs):
        before, mark, number = output.partition(":")
        outputs[port] = name + mark + number if before == first else output
    return operation.added


def _port(name: str, port: int) -> str:
    return f"{name}:{port}" if port else name


def _current(name: str, instead: dict[str, str]) -> str:
    return instead.get(name.removesuffix(":0"), name)
