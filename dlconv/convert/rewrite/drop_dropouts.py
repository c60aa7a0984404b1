"""Drops dropouts that keep everything.

Pattern: what ``tf.nn.dropout`` writes, with a rate of 0 or a ``keep_prob`` of 1 that is constant: a
mask of numbers from 0 to below 1 that are at least 0 (GreaterEqual), or that give 1 when they are
added to 1 and rounded down (Floor), by which Select or Mul keeps values. Replacement: the values.
Same function: all of such a mask is true, or 1, whatever the numbers are.

Requires that shape inference shows that the mask has no axis more than the values. Ensures that of
such Selects and Muls only outputs are left.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, may_go
from dlconv.graph.graph import Graph
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes import Static, infer_static

SUMS = frozenset({"Add", "AddV2"})


def drop_dropouts(graph: Graph) -> Result:
    """Return the graph without dropouts that keep everything."""
    edit = Edit()
    if not any(node.op == "RandomUniform" for node in graph.nodes.values()):
        return applied(graph, edit)
    static = infer_static(graph)
    for node in graph.nodes.values():
        kept = _kept(static, node) if may_go(graph, node.name) else None
        if kept is not None:
            edit.redirect(node.name, node.input[kept])
    return applied(graph, edit)


def _kept(static: Static, node: NodeDef) -> int | None:
    """Return which input of a node is what it gives, if it is a dropout."""
    if node.op in ("Select", "SelectV2"):
        is_idle = _keeps_all(static, static.graph.producer(node, 0))
        return 1 if is_idle and _fits(static, node, (0, 2), 1) else None
    if node.op == "Mul":
        for mask, values in ((1, 0), (0, 1)):
            is_idle = _keeps_all(static, static.graph.producer(node, mask))
            if is_idle and _fits(static, node, (mask,), values):
                return values
    return None


def _keeps_all(static: Static, mask: NodeDef) -> bool:
    """Tell whether a node gives true, or 1, everywhere, whatever the random numbers are."""
    producer = static.graph.producer
    if mask.op == "Cast":
        return _keeps_all(static, producer(mask, 0))
    if mask.op == "GreaterEqual":
        least = _number(static, mask, 1)
        return _is_random(static, producer(mask, 0)) and least is not None and least <= 0
    return mask.op == "Floor" and _is_random_and(static, producer(mask, 0), SUMS, 1)


def _is_random(static: Static, node: NodeDef) -> bool:
    """Tell whether a node gives numbers from 0 to below 1, perhaps times 1 and plus 0."""
    return (
        node.op == "RandomUniform"
        or _is_random_and(static, node, SUMS, 0)
        or _is_random_and(static, node, frozenset({"Mul"}), 1)
    )


def _is_random_and(static: Static, node: NodeDef, ops: frozenset[str], number: int) -> bool:
    """Tell whether an op of two inputs takes random numbers and a certain constant."""
    return node.op in ops and any(
        _number(static, node, other) == number
        and _is_random(static, static.graph.producer(node, random))
        for random, other in ((0, 1), (1, 0))
    )


def _number(static: Static, node: NodeDef, index: int) -> float | None:
    value = static.value(node, index)
    item = value.item() if value is not None and value.size == 1 else None
    return item if isinstance(item, int | float) else None


def _fits(static: Static, node: NodeDef, others: tuple[int, ...], values: int) -> bool:
    """Tell whether the result has the shape of one input, whatever the others have."""
    wide = static.shape(node, values)
    return all(_is_within(static.shape(node, other), wide) for other in others)


def _is_within(shape: Shape, wide: Shape) -> bool:
    if shape is None or wide is None or len(shape) > len(wide):
        return False
    ends = wide[len(wide) - len(shape) :]
    return all(a == 1 or (a == b is not None) for a, b in zip(shape, ends, strict=True))
