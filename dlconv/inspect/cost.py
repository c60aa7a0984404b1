"""What running on one photo costs, by stage: multiply-adds, weights, and memory for activations.

Counted for one photo of a known size, in the graph as it is. Multiply-adds are those of
convolutions and matrix multiplications, padding included: a convolution of h x w x c outputs and a
kernel of k x l x d costs h w c k l d. Batch norms, resizes and the like are not counted; they are
small beside them, and conversion folds most of them away.

Memory is the peak of the tensors alive at once while nodes run one after another: the output of the
running node, with all those of its outputs that others read, and the outputs of each earlier node
that it or a later one reads, four bytes an element whatever its dtype (as float32). A runtime that
works in place needs less, one that keeps copies needs more.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.flow import Flow
from dlconv.graph.graph import NodeOutput, attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.operations import CONVOLUTIONS, WEIGHTED_OPS
from dlconv.graph.shapes import Static, numbers_of
from dlconv.graph.summary import is_weight
from dlconv.graph.tensors import byte_size
from dlconv.inspect.stages import Stage

ELEMENT_BYTES = 4


@dataclass(frozen=True)
class StageCost:
    """What a stage costs for one photo."""

    stage: str
    """Its name."""
    nodes: int
    """Its nodes."""
    multiply_adds: int
    """Multiply-adds of its convolutions and matrix multiplications."""
    weight_bytes: int
    """Bytes of its weights once they are loaded."""
    activation_bytes: int
    """Peak bytes of tensors alive at once while it runs, as float32."""


@dataclass(frozen=True)
class Cost:
    """What one photo costs."""

    size: tuple[int, int] | None
    """The photo's size, (height, width) in pixels, if it is known."""
    stages: tuple[StageCost, ...]
    """Stage by stage, in the order they run."""
    multiply_adds: int
    """Of all stages."""
    weight_bytes: int
    """Of all stages."""
    activation_bytes: int
    """The most of any stage."""
    unknown: int
    """Number of nodes of unknown shape, which are not counted in the figures."""


def find_cost(
    flow: Flow, static: Static, stages: dict[str, Stage], size: tuple[int, int] | None
) -> Cost:
    """Count what a photo costs; ``static`` is inferred at ``size``."""
    alive = {node.name: alive for node, alive in _alive(flow, static)}
    rows = [_of_stage(stage, static, stages, alive) for stage in Stage]
    rows = [row for row in rows if row.nodes]
    return Cost(
        size=size,
        stages=tuple(rows),
        multiply_adds=sum(row.multiply_adds for row in rows),
        weight_bytes=sum(row.weight_bytes for row in rows),
        activation_bytes=max(row.activation_bytes for row in rows),
        unknown=sum(_elements(static, node) is None for node in flow.order),
    )


def _of_stage(
    stage: Stage, static: Static, stages: dict[str, Stage], alive: dict[str, int]
) -> StageCost:
    nodes = [node for node in static.graph.nodes.values() if stages[node.name] is stage]
    return StageCost(
        stage=stage.value,
        nodes=len(nodes),
        multiply_adds=sum(multiply_adds(static, node) or 0 for node in nodes),
        weight_bytes=sum(byte_size(node.attr["value"].tensor) for node in nodes if is_weight(node)),
        activation_bytes=max((alive.get(node.name, 0) for node in nodes), default=0),
    )


def multiply_adds(static: Static, node: NodeDef) -> int | None:
    """Return the multiply-adds of a node; None where its shapes are not known."""
    if node.op not in WEIGHTED_OPS:
        return 0
    outputs, kernel = _elements(static, node), numbers_of(static.shape(node, 1))
    if outputs is None or kernel is None:
        return None
    summed = _summed_extents(node, kernel)
    return None if None in summed else outputs * math.prod(filter(None, summed))


def _summed_extents(node: NodeDef, kernel: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Return the extents of the weights that one element of the output is computed from."""
    if node.op not in CONVOLUTIONS:
        return kernel[1:2] if attribute(node, "transpose_b").b else kernel[:1]
    return kernel[:2] if "Depthwise" in node.op else kernel[:3]


def _elements(static: Static, node: NodeDef) -> int | None:
    return _count(static.shapes[node.name])


def _count(shape: Shape) -> int | None:
    numbers = numbers_of(shape)
    if numbers is None or None in numbers:
        return None
    return math.prod(extent for extent in numbers if extent is not None)


def _all_elements(static: Static, node: NodeDef) -> int:
    """Return the elements of a node's first output and of those that others read, if known."""
    ports = static.graph.ports_read.get(node.name, set()) | {0}
    shapes = (static.shape_of(NodeOutput(node.name, port)) for port in ports)
    return sum(_count(shape) or 0 for shape in shapes)


def _alive(flow: Flow, static: Static) -> Iterator[tuple[NodeDef, int]]:
    """Yield nodes in the order they run, each with the bytes that are alive while it does."""
    sizes = {node.name: ELEMENT_BYTES * _all_elements(static, node) for node in flow.order}
    waiting = {name: len(readers) for name, readers in flow.consumers.items()}
    alive = 0
    for node in flow.order:
        alive += sizes[node.name]
        yield node, alive
        for source in flow.sources(node.name):
            waiting[source] -= 1
            if not waiting[source]:
                alive -= sizes[source]
