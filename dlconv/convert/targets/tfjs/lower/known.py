"""What TF.js computes wrongly for some values or extents, whatever was measured.

Conformance is measured with a few values of each kind, and it depends on them whether integers wrap
or a quotient is negative; extents are no traits. So where the reason is known, the nodes are always
lowered: integers of 8 and 16 bits are int32 in TF.js (they do not wrap), and it rounds quotients of
integers down. As floats, which hold integers of 24 bits, its wasm backend divides integers, changes
their sign and slices them with steps, and cpu squares them. One-hot codes lie along the last axis
(and are integers in wasm whatever their type), a condition for rows is compared with all elements,
and batches are repeated on one side only.
"""

from collections.abc import Callable, Mapping

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.traits import traits_of
from dlconv.convert.targets.lower.narrow import element_type_of, wraps
from dlconv.graph.graph import attribute
from dlconv.graph.shapes import Static

Condition = Callable[[Static, NodeDef], bool]


def is_known_to_be_wrong(static: Static, node: NodeDef) -> bool:
    """Tell whether a node has to become others for TF.js."""
    condition = _CONDITIONS.get(node.op)
    return wraps(node) or (condition is not None and condition(static, node))


def _is_whole(_: Static, node: NodeDef) -> bool:
    dtype = element_type_of(node)
    return dtype is not None and dtype.kind in "iu"


def _has_steps(static: Static, node: NodeDef) -> bool:
    dtype = element_type_of(node)
    if dtype is None or dtype.kind == "f":
        return False
    steps = static.graph.constant(static.graph.producer(node, 3))
    return steps is None or bool((steps != 1).any())


def _always(*_: object) -> bool:
    return True


def _is_for_rows(static: Static, node: NodeDef) -> bool:
    condition, value = static.shape(node, 0), static.shape(node, 1)
    if condition is None or value is None:
        return True
    return len(condition) == 1 < len(value)


def _has_other_batches(static: Static, node: NodeDef) -> bool:
    one, other = static.shape(node, 0), static.shape(node, 1)
    if one is None or other is None:
        return True
    return min(len(one), len(other)) > 2 and (one[:-2] != other[:-2] or None in one[:-2])


def _skips_on_one_axis(static: Static, node: NodeDef) -> bool:
    is_same = attribute(node, "padding").s == b"SAME"
    return is_same and traits_of(static, node).get("window") in (None, "has gaps on one axis")


_CONDITIONS: Mapping[str, Condition] = {
    **dict.fromkeys(("Abs", "Div", "FloorDiv", "Mean", "Mod", "Neg", "Square"), _is_whole),
    **dict.fromkeys(("SquaredDifference", "TruncateDiv", "TruncateMod"), _is_whole),
    "BatchMatMulV2": _has_other_batches,
    "Conv2D": _skips_on_one_axis,
    "DepthwiseConv2dNative": _skips_on_one_axis,
    "OneHot": _always,
    "Select": _is_for_rows,
    "StridedSlice": _has_steps,
}
