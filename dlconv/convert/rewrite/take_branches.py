"""Takes the branch that runs, where a constant decides.

Pattern: Switch whose predicate is known, and Merge of what is on its two sides, as ``tf.cond`` on
``is_training`` leaves them. Replacement: what reads the side that runs reads the Switch's input,
Merge is an Identity of the input that arrives, its second output a constant, and what is on the
other side is removed. Same function: nothing on a branch that is not taken is ever computed, and a
Merge hands on the one input that is.

A predicate is known if it is made of constants: a placeholder that is not fed is its default, and
sizes are compared that shape arithmetic gives.

Requires nothing. Ensures that of such Switch and Merge nodes none is left, and no control edge from
the pivot of such a branch.
"""

import operator
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, const, free_name
from dlconv.graph.graph import LOOP_BACK_OPS, Graph, NodeOutput, attribute, source_node
from dlconv.graph.shapes import Static, infer_static

SWITCHES = frozenset({"Switch", "RefSwitch"})
MERGES = frozenset({"Merge", "RefMerge"})
HANDED_ON = frozenset({"Identity", "PlaceholderWithDefault", "StopGradient"})

_COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    "Equal": operator.eq,
    "Greater": operator.gt,
    "GreaterEqual": operator.ge,
    "Less": operator.lt,
    "LessEqual": operator.le,
    "NotEqual": operator.ne,
}
# The value of either side that settles the result.
_DECIDED_BY = {"LogicalAnd": False, "LogicalOr": True}


def take_branches(graph: Graph) -> Result:
    """Return the graph with the branch that is taken in place of both; outputs keep their names."""
    result = Result(graph, changed=False)
    while (taken := _take_once(result.graph)).changed:
        result = taken
    return result


def _take_once(graph: Graph) -> Result:
    edit = Edit()
    dead = _dead_outputs(graph, edit)
    if not dead or any(_joins_several(graph, node, dead) for node in graph.nodes.values()):
        return Result(graph, changed=False)
    for node in graph.nodes.values():
        if NodeOutput(node.name) in dead and node.op not in SWITCHES:
            edit.replaced[node.name] = []
        elif node.op in MERGES:
            _hand_on(graph, node, dead, edit)
        elif _is_pivot(graph, node, edit):
            edit.replaced[node.name] = []
    return applied(graph, edit)


def _dead_outputs(graph: Graph, edit: Edit) -> set[NodeOutput]:
    """Return the outputs that are never computed, and take the switches that decide of them away.

    Of a node that is not a Switch, the first output stands for all.
    """
    static = infer_static(graph)
    dead: set[NodeOutput] = set()
    for node in graph.order:
        if _is_dead(graph, node, dead):
            dead |= {NodeOutput(node.name), NodeOutput(node.name, 1)}
            edit.replaced[node.name] = []
            continue
        is_taken = _truth(static, node, 1) if node.op in SWITCHES else None
        if is_taken is not None:
            dead.add(NodeOutput(node.name, int(not is_taken)))
            edit.replaced[node.name] = []
            edit.redirected[f"{node.name}:1" if is_taken else node.name] = node.input[0]
    return dead


def _is_dead(graph: Graph, node: NodeDef, dead: set[NodeOutput]) -> bool:
    sources = graph.sources(node)
    if node.op in MERGES:
        sources = [each for each in sources if graph.nodes[each.node].op not in LOOP_BACK_OPS]
    arrives = [_output(graph, source) not in dead for source in sources]
    if node.op in MERGES:
        return not any(arrives)
    waits = [source_node(name) for name in node.input if name.startswith("^")]
    return not all(arrives) or any(
        NodeOutput(name) in dead and graph.nodes[name].op not in SWITCHES for name in waits
    )


def _output(graph: Graph, source: NodeOutput) -> NodeOutput:
    return source if graph.nodes[source.node].op in SWITCHES else NodeOutput(source.node)


def _arriving(graph: Graph, merge: NodeDef, dead: set[NodeOutput]) -> list[int]:
    sources = enumerate(graph.sources(merge))
    return [k for k, source in sources if _output(graph, source) not in dead]


def _joins_several(graph: Graph, node: NodeDef, dead: set[NodeOutput]) -> bool:
    """Tell whether some of the inputs of a Merge never arrive, and more than one may."""
    if node.op not in MERGES or NodeOutput(node.name) in dead:
        return False
    return 1 < len(_arriving(graph, node, dead)) < len(graph.sources(node))


def _hand_on(graph: Graph, merge: NodeDef, dead: set[NodeOutput], edit: Edit) -> None:
    arriving = _arriving(graph, merge, dead)
    if len(arriving) != 1 or len(graph.sources(merge)) == 1:
        return
    handed = NodeDef(name=merge.name, op="Identity", input=[merge.input[arriving[0]]])
    handed.attr["T"].CopyFrom(attribute(merge, "T"))
    index = const(free_name(graph, f"{merge.name}/value_index"), np.array(arriving[0], np.int32))
    edit.replaced[merge.name] = [handed, index]
    edit.redirected[f"{merge.name}:1"] = index.name


def _is_pivot(graph: Graph, node: NodeDef, edit: Edit) -> bool:
    """Tell whether a node only says that a branch is taken which always is."""
    if node.op != "Identity" or graph.consumers[node.name] or not graph.sources(node):
        return False
    before = graph.producer(node, 0)
    return before.op in SWITCHES and before.name in edit.replaced


def _truth(static: Static, node: NodeDef, index: int) -> bool | None:
    """Return an input of a node if it is a bool that is known."""
    graph = static.graph
    if graph.sources(node)[index].port:
        return None
    found = graph.producer(node, index)
    if found.op == "Const":
        value = graph.constant(found)
        return bool(value) if value is not None and value.shape == () else None
    if found.op in HANDED_ON:
        return _truth(static, found, 0)
    if found.op == "LogicalNot":
        turned = _truth(static, found, 0)
        return None if turned is None else not turned
    if found.op in _DECIDED_BY:
        return _combined(_DECIDED_BY[found.op], [_truth(static, found, k) for k in (0, 1)])
    return _compared(static, found) if found.op in _COMPARED else None


def _combined(decisive: bool, parts: Sequence[bool | None]) -> bool | None:
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def _compared(static: Static, node: NodeDef) -> bool | None:
    one, other = (static.whole_value(node, k) for k in (0, 1))
    if one is None or other is None or one.shape or other.shape:
        return None
    return _COMPARED[node.op](one.item(), other.item())
