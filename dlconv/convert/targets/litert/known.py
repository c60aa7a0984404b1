"""What LiteRT's kernels compute otherwise for some values, whatever was measured.

Files hold integers of 8 and 16 bits in int32, which does not wrap where these do; the least of them
has no opposite, and no quotient by -1.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.lower.arithmetic import NARROW
from dlconv.convert.targets.lower.narrow import element_type_of, wraps

_WRAPPING = frozenset({"Abs", "Div", "FloorDiv", "Neg", "Pow", "Square", "TruncateDiv"})


def is_known_to_be_wrong(node: NodeDef) -> bool:
    """Tell whether a node has to become others for LiteRT, or to be refused."""
    return wraps(node) or (node.op in _WRAPPING and element_type_of(node) in NARROW)
