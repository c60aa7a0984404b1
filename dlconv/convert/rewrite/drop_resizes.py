"""Drops resizes to the size a tensor has already.

Pattern: ResizeBilinear or ResizeNearestNeighbor of a float32 tensor whose height and width are
provably the requested size: equal numbers, or the same symbol in every run. Replacement: its
readers read its input. Same function: the scale is one, so every sampling point falls on a pixel.

Requires sizes that shape inference can prove, which it cannot behind atrous convolutions that are
not flattened. Ensures that of such resizes only outputs are left.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, may_go
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.operations import RESIZES
from dlconv.graph.shapes import Static, infer_static
from dlconv.graph.tensors import dtype_name


def drop_resizes(graph: Graph) -> Result:
    """Return the graph without resizes that provably keep the size."""
    static = infer_static(graph)
    edit = Edit()
    for node in graph.nodes.values():
        if node.op in RESIZES and may_go(graph, node.name) and _keeps_size(static, node):
            edit.redirect(node.name, node.input[0])
    return applied(graph, edit)


def _keeps_size(static: Static, node: NodeDef) -> bool:
    shape, size = static.shape(node, 0), static.value(node, 1)
    keeps_type = dtype_name(attribute(node, "T").type) == "float32"
    if shape is None or size is None or len(shape) != 4 or len(size) != 2:
        return False
    wanted = tuple(size)
    return keeps_type and None not in wanted and shape[1:3] == wanted
