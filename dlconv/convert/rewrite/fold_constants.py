"""Folds what does not depend on the pixels, and drops nodes that then do nothing.

Patterns and replacements:

- A node whose value shape arithmetic knows (Shape, StridedSlice, Pack, sums...) becomes a Const.
- A Slice that takes all of its input, a Pad by nothing and a ResizeNearestNeighbor to the size its
  input has are removed; an output among them gives its name to the node before it.
- Sub(x, c) before such a Pad and Add(..., c) after it are removed, too.
- A Squeeze and an ExpandDims of one axis, with only casts between them, are removed together.

Same function: a known value is the one every run gives; the removed nodes only copy their input.
(x - c) + c is x only without rounding: for pixels, whole numbers of 0 to 255, and a c of half
units, such as DeepLab's 127.5, both steps are exact, and only such a c is matched. A graph with an
input of floats that are not whole may differ in the last bit.

Requires nothing. Ensures that no such node is left, but outputs, nodes with control edges to or
from them, and those on a branch of a Switch, which are never folded: with an input of a fixed size,
no shape arithmetic.
"""

from collections.abc import Callable

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, const, free_name, in_turn, reads_once
from dlconv.graph.element_types import output_types
from dlconv.graph.graph import Graph, NodeOutput, attribute, copy_of, source_node
from dlconv.graph.operations import MERGES, SWITCHES
from dlconv.graph.shapes import Static, infer_static

WHOLE_TYPES = frozenset({"int32", "int64"})
MOST_EXACT = 255.0


def fold_constants(graph: Graph) -> Result:
    """Return the graph with known values as constants and without what does nothing."""
    result = Result(graph, changed=False)
    while (folded := in_turn(result.graph, (_fold_values, _drop_idle, _cancel_axes))).changed:
        result = folded
    return result


def _fold_values(graph: Graph) -> Result:
    static = infer_static(graph)
    kept = _with_control_edges(graph) | _on_branches(graph)
    ports = graph.ports_read
    edit = Edit()
    for node in graph.nodes.values():
        if node.op in ("Const", "Placeholder") or node.name in kept or node.name not in ports:
            continue
        found = {port: _constant(static, node, port) for port in sorted(ports[node.name] | {0})}
        constants = {port: each for port, each in found.items() if each is not None}
        if len(constants) < len(found):
            continue
        edit.replaced[node.name] = list(constants.values())
        later = {f"{node.name}:{port}": each.name for port, each in constants.items() if port}
        edit.redirected.update(later)
    return applied(graph, edit)


def _on_branches(graph: Graph) -> set[str]:
    """Return the nodes that only run where a Switch takes their side: a constant always does.

    A Merge ends one level of branches.
    """
    if not any(node.op in SWITCHES for node in graph.nodes.values()):
        return set()
    depths: dict[str, int] = {}
    for node in graph.order:
        depth = max((depths.get(source_node(name), 0) for name in node.input), default=0)
        change = int(node.op in SWITCHES) - int(node.op in MERGES)
        depths[node.name] = max(depth + change, 0)
    return {name for name, depth in depths.items() if depth}


def _with_control_edges(graph: Graph) -> set[str]:
    """Return the nodes at either end of a control edge."""
    return {
        name
        for node in graph.nodes.values()
        for source in node.input
        if source.startswith("^")
        for name in (node.name, source_node(source))
    }


def _constant(static: Static, node: NodeDef, port: int) -> NodeDef | None:
    """Return what an output of a node always is, None if that is not known."""
    value = static.value_of(NodeOutput(node.name, port))
    types = None if value is None else output_types(node)
    if value is None or types is None:
        return None
    data_type, items = types[port], list(value.ravel())
    if data_type == "float32":
        is_known = all(isinstance(item, int | float) for item in items)
    else:
        is_known = data_type in WHOLE_TYPES and all(_fits(item, data_type) for item in items)
    name = free_name(static.graph, f"{node.name}/output_{port}") if port else node.name
    return const(name, value.astype(data_type)) if is_known else None


def _fits(item: object, data_type: str) -> bool:
    limits = np.iinfo(data_type)
    return isinstance(item, int) and int(limits.min) <= item <= int(limits.max)


def _drop_idle(graph: Graph) -> Result:
    static = infer_static(graph)
    controlled = _with_control_edges(graph)
    edit = Edit()
    for node in graph.nodes.values():
        if node.name in controlled or node.name in edit.replaced or not _is_idle(static, node):
            continue
        if graph.consumers[node.name]:
            edit.redirect(node.name, node.input[0])
            _cancel_shift(static, node, edit, controlled)
        else:
            _drop_output(graph, node, edit, controlled)
    return applied(graph, edit)


def _is_idle(static: Static, node: NodeDef) -> bool:
    arity, rule = _IDLE_RULES.get(node.op, (0, None))
    return rule is not None and len(static.graph.sources(node)) >= arity and rule(static, node)


def _takes_all(static: Static, node: NodeDef) -> bool:
    shape, begin, size = static.shape(node, 0), static.value(node, 1), static.value(node, 2)
    if shape is None or begin is None or size is None:
        return False
    if not begin.shape == size.shape == (len(shape),):
        return False
    whole = [
        wanted == -1 or (wanted is not None and wanted == extent)
        for wanted, extent in zip(size, shape, strict=True)
    ]
    return all(start == 0 for start in begin) and all(whole)


def _pads_nothing(static: Static, node: NodeDef) -> bool:
    paddings = static.whole_value(node, 1)
    return paddings is not None and not paddings.any()


def _keeps_size(static: Static, node: NodeDef) -> bool:
    shape, size = static.shape(node, 0), static.value(node, 1)
    if shape is None or size is None or len(shape) != 4 or size.shape != (2,):
        return False
    wanted = tuple(size)
    return None not in wanted and shape[1:3] == wanted


# How many inputs each op has, and when it does nothing.
_IDLE_RULES: dict[str, tuple[int, Callable[[Static, NodeDef], bool]]] = {
    "Pad": (2, _pads_nothing),
    "PadV2": (3, _pads_nothing),
    "ResizeNearestNeighbor": (2, _keeps_size),
    "Slice": (3, _takes_all),
}


def _drop_output(graph: Graph, node: NodeDef, edit: Edit, controlled: set[str]) -> None:
    before = graph.producer(node, 0)
    is_free = before.name not in controlled and before.name not in edit.replaced
    if is_free and before.op != "Placeholder" and reads_once(graph, before.name) is not None:
        edit.replaced[before.name] = []
        edit.replaced[node.name] = [copy_of(before, name=node.name)]


def _cancel_shift(static: Static, pad: NodeDef, edit: Edit, controlled: set[str]) -> None:
    graph = static.graph
    down, up = graph.producer(pad, 0), reads_once(graph, pad.name)
    if up is None or down.op != "Sub" or up.op not in ("Add", "AddV2"):
        return
    if controlled & {down.name, up.name} or reads_once(graph, down.name) is None:
        return
    subtracted = graph.constant(graph.producer(down, 1))
    is_second = graph.producer(up, 1).name == pad.name
    added = graph.constant(graph.producer(up, 0 if is_second else 1))
    if subtracted is None or added is None or not np.array_equal(subtracted, added):
        return
    if not _is_exact(subtracted) or not graph.consumers[up.name]:
        return
    shape = static.shape(down, 0)
    if shape is None or not shape == static.shapes[down.name] == static.shapes[up.name]:
        return
    edit.redirect(down.name, down.input[0])
    edit.redirect(up.name, pad.name)


def _is_exact(shift: np.ndarray) -> bool:
    return shift.dtype == np.float32 and bool(
        (np.abs(shift) <= MOST_EXACT).all() and (shift * 2 == np.round(shift * 2)).all()
    )


def _cancel_axes(graph: Graph) -> Result:
    static = infer_static(graph)
    controlled = _with_control_edges(graph)
    edit = Edit()
    for second in graph.nodes.values():
        first = _opposite(static, second)
        if first is None or controlled & {first.name, second.name}:
            continue
        if graph.consumers[second.name] and not edit.replaced.keys() & {first.name, second.name}:
            edit.redirect(first.name, first.input[0])
            edit.redirect(second.name, second.input[0])
    return applied(graph, edit)


def _opposite(static: Static, second: NodeDef) -> NodeDef | None:
    """Return the Squeeze before an ExpandDims of the same axis, or the other way round."""
    wanted = {"ExpandDims": "Squeeze", "Squeeze": "ExpandDims"}.get(second.op)
    if wanted is None or not static.graph.sources(second):
        return None
    first = static.graph.producer(second, 0)
    while first.op == "Cast" and reads_once(static.graph, first.name) is not None:
        first = static.graph.producer(first, 0)
    if first.op != wanted or reads_once(static.graph, first.name) is None:
        return None
    axis = _axis(static, first)
    return first if axis is not None and axis == _axis(static, second) else None


def _axis(static: Static, node: NodeDef) -> int | None:
    shape = static.shape(node, 0)
    if shape is None:
        return None
    if node.op == "ExpandDims":
        added = static.whole_value(node, 1)
        is_one = added is not None and added.size == 1
        return int(added.item()) % (len(shape) + 1) if added is not None and is_one else None
    removed = list(attribute(node, "squeeze_dims").list.i)
    return removed[0] % len(shape) if len(removed) == 1 and shape else None
