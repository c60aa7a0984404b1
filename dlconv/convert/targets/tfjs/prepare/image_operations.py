"""Image operations that say where their channels are: those with channels first get them last.

What such an operation is given for each axis, in attributes or in a tensor, goes by the order of
the axes; the values of a convolution's kernel do not.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.axes import to_last
from dlconv.convert.targets.tfjs.prepare.orders import Orders
from dlconv.graph.graph import attribute, copy_of

LAYOUTS = {b"NCHW": b"NHWC", b"NCDHW": b"NDHWC"}
# Which inputs are images, and which have an element for each axis.
_IMAGES = {
    "AvgPool": [0],
    "AvgPool3D": [0],
    "Conv2D": [0],
    "Conv2DBackpropInput": [2],
    "Conv3D": [0],
    "Conv3DBackpropInputV2": [2],
    "DepthToSpace": [0],
    "DepthwiseConv2dNative": [0],
    "DepthwiseConv2dNativeBackpropInput": [2],
    "FusedBatchNorm": [0],
    "FusedBatchNormV2": [0],
    "FusedBatchNormV3": [0],
    "MaxPool": [0],
    "MaxPool3D": [0],
    "MaxPoolV2": [0],
    "SpaceToDepth": [0],
    "_FusedConv2D": [0],
}
_VECTORS = {
    "Conv2DBackpropInput": [0],
    "Conv3DBackpropInputV2": [0],
    "DepthwiseConv2dNativeBackpropInput": [0],
    "MaxPoolV2": [1, 2],
}
_LISTS = ("strides", "ksize", "dilations")


def has_channels_first(node: NodeDef) -> bool:
    """Tell whether a node is an image operation whose channels are the second axis."""
    is_known = node.op in _IMAGES or node.op == "BiasAdd"
    return is_known and attribute(node, "data_format").s in LAYOUTS


def move_image_operation(orders: Orders, node: NodeDef) -> bool:
    """Add an image operation with channels last; False if it cannot be moved.

    A sum or a bias is added at any rank, whatever the layout is called.
    """
    layout = attribute(node, "data_format").s
    rank = orders.rank(node, 0) if node.op == "BiasAdd" else len(layout)
    if rank is None or (node.op == "_FusedConv2D" and not _adds_vectors(node)):
        return False
    if rank < 3:
        moved = copy_of(node)
        moved.attr["data_format"].s = LAYOUTS[layout]
        orders.keep(moved)
        orders.has_moved = True
        return True
    images = _IMAGES.get(node.op, [0])
    vectors = _VECTORS.get(node.op, [])
    inputs = []
    for index in range(len(orders.graph.sources(node))):
        if index in images:
            inputs.append(orders.last(node, index, rank))
        elif index in vectors:
            inputs.append(orders.vector(node, index, rank))
        else:
            inputs.append(orders.own(node, index))
    orders.move(node, inputs, rank, lists=_lists(node, rank), layout=LAYOUTS[layout])
    return True


def _adds_vectors(node: NodeDef) -> bool:
    return attribute(node, "fused_ops").list.s[:1] in ([b"BiasAdd"], [b"FusedBatchNorm"])


def _lists(node: NodeDef, rank: int) -> dict[str, list[int]]:
    """Return the attributes with a number for each axis, or two, in the other order."""
    order = to_last(rank)
    found = {key: list(attribute(node, key).list.i) for key in _LISTS}
    moved = {key: [v[axis] for axis in order] for key, v in found.items() if len(v) == rank}
    pads = list(attribute(node, "explicit_paddings").list.i)
    if len(pads) == 2 * rank:
        moved["explicit_paddings"] = [pads[2 * axis + k] for axis in order for k in (0, 1)]
    return moved
