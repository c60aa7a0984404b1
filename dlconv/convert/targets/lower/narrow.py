"""Nodes whose integers of 8 or 16 bits wrap, which int32 in their place do not.

TF.js and LiteRT's files, as dlconv writes them, hold such integers in int32. It depends on the
values whether one wraps, so no measurement with a few values tells; these are always lowered.
"""

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.lower.arithmetic import FITS, NARROW
from dlconv.graph.graph import attribute
from dlconv.graph.tensors import dtype_name

_ARITHMETIC = frozenset(
    ("Add", "AddN", "AddV2", "Cumprod", "Cumsum", "Mul", "Prod", "ScatterNd", "Sub", "Sum")
)


def wraps(node: NodeDef) -> bool:
    """Tell whether integers of 8 or 16 bits may wrap in a node."""
    if node.op == "Cast":
        return _is_narrowed(node)
    return node.op in _ARITHMETIC and element_type_of(node) in NARROW


def element_type_of(node: NodeDef, key: str = "T") -> np.dtype | None:
    """Return an attribute that is an element type, None for one that numpy does not have."""
    try:
        return np.dtype(dtype_name(attribute(node, key).type))
    except TypeError:
        return None


def _is_narrowed(node: NodeDef) -> bool:
    source, target = element_type_of(node, "SrcT"), element_type_of(node, "DstT")
    if source is None or source.kind not in "iuf" or target not in NARROW:
        return False
    return not np.can_cast(source, target) and not attribute(node, FITS).b
