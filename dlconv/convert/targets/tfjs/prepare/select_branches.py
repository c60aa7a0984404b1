"""Computes both sides of a branch and selects from them.

Pattern: Switch and Merge, where the predicate depends on the image. Replacement: what reads an
output of a Switch reads what goes into it, and Merge is a SelectV2. Same function: what is between
them has no effects and cannot fail, whichever side is meant, and both sides have the same shape in
every run; a select takes whole elements, so nothing of the other side is mixed in, were it NaN.
TF.js runs Switch and Merge only asynchronously.

Requires that branches that a constant takes are taken (``take_branches``). Ensures that no Switch
and no Merge is left, or that the graph is what it was: one Merge that cannot be a select keeps all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.rewrite.take_branches import MERGES, SWITCHES
from dlconv.convert.targets.pivots import with_switched_constants
from dlconv.graph.edit import Edit, Result, applied, const, free_name
from dlconv.graph.graph import Graph, NodeOutput, attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes import Static, infer_static

# The predicates that have to hold for a value to be computed, and whether they are true then.
Guards = frozenset[tuple[str, bool]]
EVERY_RUN: Guards = frozenset()

# These never fail.
ALWAYS_COMPUTED = frozenset(
    {
        *("Abs", "All", "Any", "ArgMax", "ArgMin", "BiasAdd", "Cast", "Ceil", "Const", "Cos"),
        *("Elu", "Erf", "Exp", "ExpandDims", "Expm1", "Floor", "FusedBatchNorm"),
        *("FusedBatchNormV2", "FusedBatchNormV3", "Identity", "IdentityN", "LeakyRelu", "Log"),
        *("Log1p", "LogicalNot", "LogSoftmax", "Max", "Mean", "Min", "Neg", "OnesLike", "Prod"),
        *("Rank", "Relu", "Relu6", "ReverseV2", "Round", "Rsqrt", "Selu", "Shape", "Sigmoid"),
        *("Sign", "Sin", "Size", "Softmax", "Softplus", "Softsign", "Sqrt", "Square"),
        *("StopGradient", "Sum", "Tanh", "Transpose", "ZerosLike"),
    }
)
# These fail only where the shapes of their inputs cannot be stretched to each other.
STRETCHING = frozenset(
    {
        *("Add", "AddN", "AddV2", "ClipByValue", "Equal", "Greater", "GreaterEqual", "Less"),
        *("LessEqual", "LogicalAnd", "LogicalOr", "Maximum", "Minimum", "Mul", "NotEqual"),
        *("Pack", "Pow", "RealDiv", "SelectV2", "SquaredDifference", "Sub"),
    }
)
# These fail only where sizes do not fit, so never if all sizes are known, and the inputs here.
COMPUTED_IF_FIXED: Mapping[str, tuple[int, ...]] = {
    "AvgPool": (),
    "BatchToSpaceND": (1, 2),
    "ConcatV2": (),
    "Conv2D": (),
    "DepthToSpace": (),
    "DepthwiseConv2dNative": (),
    "Fill": (0,),
    "MatMul": (),
    "MaxPool": (),
    "MirrorPad": (1,),
    "Pad": (1,),
    "PadV2": (1,),
    "Reshape": (1,),
    "ResizeBilinear": (1,),
    "ResizeNearestNeighbor": (1,),
    "Slice": (1, 2),
    "SpaceToBatchND": (1, 2),
    "SpaceToDepth": (),
    "Split": (0,),
    "SplitV": (1, 2),
    "Squeeze": (),
    "StridedSlice": (1, 2, 3),
    "Tile": (1,),
    "Unpack": (),
}


@dataclass
class _Branches:
    """What is known of the branches of a graph: which values exist when, and its selects."""

    graph: Graph
    guards: dict[NodeOutput, Guards] = field(default_factory=dict)
    selects: dict[str, NodeDef] = field(default_factory=dict)


def select_branches(graph: Graph) -> Result:
    """Return the graph with selects in place of all branches, or as it is."""
    if not any(node.op in MERGES for node in graph.nodes.values()):
        return Result(graph, changed=False)
    branches = _Branches(with_switched_constants(graph))
    edit = _without_branches(branches)
    if edit is None:
        return Result(graph, changed=False)
    selecting = applied(branches.graph, edit).graph
    is_same = _always_computes(branches, selecting) and _selects_alike(branches, selecting)
    return Result(selecting, True) if is_same else Result(graph, changed=False)


def _without_branches(branches: _Branches) -> Edit | None:
    """Return the edit that takes all branches out, None if no predicate decides one of them."""
    edit = Edit()
    for node in branches.graph.order:
        guards = _guards(branches, node)
        if node.op in SWITCHES:
            predicate = _predicate(branches.graph, node)
            for port in (0, 1):
                output = NodeOutput(node.name, port)
                branches.guards[output] = guards | {(predicate, bool(port))}
                edit.redirected[f"{node.name}:{port}" if port else node.name] = node.input[0]
            edit.replaced[node.name] = []
        elif node.op in MERGES:
            deciding = _deciding(branches, node)
            if deciding is None:
                return None
            _select(branches, node, *deciding, edit)
        else:
            branches.guards[NodeOutput(node.name)] = guards
    return edit


def _guards(branches: _Branches, node: NodeDef) -> Guards:
    """Return what has to hold for all that a node reads to be computed."""
    sources = branches.graph.sources(node)
    return EVERY_RUN.union(*(_guards_of(branches, source) for source in sources))


def _guards_of(branches: _Branches, source: NodeOutput) -> Guards:
    found = branches.guards.get(source)
    return branches.guards.get(NodeOutput(source.node), EVERY_RUN) if found is None else found


def _predicate(graph: Graph, switch: NodeDef) -> str:
    """Return what a Switch asks, behind the copies that ``tf.cond`` makes of it."""
    name = str(switch.input[1])
    while ":" not in name.removesuffix(":0"):
        node = graph.nodes[name.removesuffix(":0")]
        if node.op != "Identity":
            return str(node.name)
        name = node.input[0]
    return name


def _deciding(branches: _Branches, merge: NodeDef) -> tuple[str, bool, Guards] | None:
    """Return the predicate of a Merge, what it is for its first input, and what else has to hold.

    A constant may have lost the control edge that says on which branch it is: it is then on the
    opposite one, as only one of the two is ever computed.
    """
    sources = branches.graph.sources(merge)
    if len(sources) != 2:
        return None
    one, other = (_guards_of(branches, source) for source in sources)
    opposed = [(name, taken) for name, taken in sorted(one) if (name, not taken) in other]
    if len(opposed) == 1:
        name, taken = opposed[0]
        return name, taken, frozenset(each for each in one | other if each[0] != name)
    if opposed or len(one ^ other) != 1:
        return None
    ((name, taken),) = one ^ other
    return name, taken == ((name, taken) in one), one & other


def _select(
    branches: _Branches, merge: NodeDef, name: str, taken: bool, rest: Guards, edit: Edit
) -> None:
    graph = branches.graph
    order = [0, 1] if taken else [1, 0]
    select = NodeDef(name=merge.name, op="SelectV2", input=[name])
    select.input.extend(merge.input[k] for k in order)
    select.attr["T"].CopyFrom(attribute(merge, "T"))
    numbers = [
        const(free_name(graph, f"{merge.name}/number_{k}"), np.array(k, np.int32)) for k in order
    ]
    index = NodeDef(name=free_name(graph, f"{merge.name}/value_index"), op="SelectV2")
    index.input.extend([name, *(number.name for number in numbers)])
    index.attr["T"].CopyFrom(numbers[0].attr["dtype"])
    edit.replaced[merge.name] = [select, *numbers, index]
    edit.redirected[f"{merge.name}:1"] = index.name
    branches.selects[merge.name] = select
    branches.guards[NodeOutput(merge.name)] = rest


def _always_computes(branches: _Branches, selecting: Graph) -> bool:
    """Tell whether nothing fails or has effects that is now computed in every run."""
    static = infer_static(selecting)
    on_branches = [
        selecting.nodes[output.node]
        for output, guards in branches.guards.items()
        if guards and output.node in selecting.nodes
    ]
    return all(_cannot_fail(static, node) for node in on_branches)


def _cannot_fail(static: Static, node: NodeDef) -> bool:
    if node.op in ALWAYS_COMPUTED:
        return True
    shapes = [_shape_of(static, node, k) for k in range(len(static.graph.sources(node)))]
    if node.op in STRETCHING:
        return all(_stretches(one, other) for one, other in combinations(shapes, 2))
    amounts = COMPUTED_IF_FIXED.get(node.op)
    if amounts is None or not all(_is_fixed(shape) for shape in shapes):
        return False
    return all(static.whole_value(node, k) is not None for k in amounts)


def _stretches(one: Shape, other: Shape) -> bool:
    """Tell whether shapes go together in every run."""
    if one is None or other is None:
        return False
    pairs = zip(reversed(one), reversed(other), strict=False)
    return all(1 in pair or (pair[0] == pair[1] and pair[0] is not None) for pair in pairs)


def _is_fixed(shape: Shape) -> bool:
    return shape is not None and all(isinstance(extent, int) for extent in shape)


def _shape_of(static: Static, node: NodeDef, index: int) -> Shape:
    value = static.value(node, index)
    return static.shape(node, index) if value is None else value.shape


def _selects_alike(branches: _Branches, selecting: Graph) -> bool:
    """Tell whether both sides of each select have the same shape in every run."""
    static = infer_static(selecting)
    for name in branches.selects:
        if name not in selecting.nodes:
            continue
        node = selecting.nodes[name]
        one, other = (_shape_of(static, node, k) for k in (1, 2))
        if one is None or one != other or None in one:
            return False
    return True
