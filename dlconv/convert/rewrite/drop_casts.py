"""Drops casts that change nothing.

Pattern: a Cast to the type it reads, or a Cast back to the type from which another Cast widened.
Replacement: its readers read the tensor before the cast. Same function: the wider type holds every
value of the narrower one, so casting there and back changes nothing.

Requires that no node that only copies stands between two casts. Ensures that of such casts only
outputs are left.
"""

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, may_go
from dlconv.graph.graph import Graph, attribute, source_node
from dlconv.graph.tensors import dtype_name

NUMBERS = frozenset(
    {"bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float16", "float32", "float64"}
)


def drop_casts(graph: Graph) -> Result:
    """Return the graph without casts that change nothing."""
    edit = Edit()
    for node in graph.order:
        before = _value_before(graph, edit, node) if node.op == "Cast" else None
        if before is not None and may_go(graph, node.name):
            edit.redirect(node.name, before)
    return applied(graph, edit)


def _value_before(graph: Graph, edit: Edit, cast: NodeDef) -> str | None:
    source, target = _types(cast)
    if source == target:
        return str(cast.input[0])
    first = graph.nodes[source_node(edit.resolved(cast.input[0]))]
    if first.op != "Cast":
        return None
    narrow, wide = _types(first)
    before: str = first.input[0]
    return before if narrow == target and _holds(wide, narrow) else None


def _types(cast: NodeDef) -> tuple[str, str]:
    source, target = attribute(cast, "SrcT"), attribute(cast, "DstT")
    return dtype_name(source.type), dtype_name(target.type)


def _holds(wide: str, narrow: str) -> bool:
    if not {wide, narrow} <= NUMBERS:
        return False
    is_rounded = (narrow, wide) == ("int64", "float64")  # though numpy calls it safe
    return np.can_cast(np.dtype(narrow), np.dtype(wide), "safe") and not is_rounded
