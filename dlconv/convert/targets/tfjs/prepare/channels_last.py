"""Moves the channels of images from the second axis to the end, where TF.js computes them.

Pattern: an image operation with ``data_format`` NCHW or NCDHW, and what lies between two of them.
Replacement: the operation with NHWC or NDHWC on the transposed image, its result transposed back.
What works on any order of axes (pointwise operations, sums over axes, concatenations...) gets the
transposed value, so that no Transpose is left between image operations, and one that the graph has
there goes.

Same function: both layouts hold the same values, and a Transpose changes no value. Sums over axes
are computed in another order.

Requires nothing; comes before all other passes, so that they see channels last. Ensures that no
image operation of known rank has channels first; that each name stands for the value that it had.
"""

from dlconv.convert.targets.tfjs.prepare.carried import carry
from dlconv.convert.targets.tfjs.prepare.image_operations import (
    has_channels_first,
    move_image_operation,
)
from dlconv.convert.targets.tfjs.prepare.orders import Orders
from dlconv.graph.edit import Result
from dlconv.graph.graph import Graph


def channels_last(graph: Graph) -> Result:
    """Return the graph with the channels of all image operations last."""
    if not any(map(has_channels_first, graph.nodes.values())):
        return Result(graph, changed=False)
    orders = Orders(graph)
    for node in graph.order:
        move = move_image_operation if has_channels_first(node) else carry
        if not move(orders, node):
            orders.keep(node)
    if not orders.has_moved:
        return Result(graph, changed=False)
    return Result(orders.finished(), changed=True)
