"""Flattens atrous convolutions that TensorFlow 1.x wrote as three ops.

Pattern: SpaceToBatchND -> Conv2D or DepthwiseConv2dNative (VALID, stride 1) -> BatchToSpaceND with
one constant block shape, constant paddings and crops, each reading the last alone. Replacement: the
convolution with ``dilations``, SAME or VALID, on zero-padded input where it is neither.

Same function: space-to-batch deals the pixels of the padded image out by their phase modulo the
block, the convolution runs on each phase, batch-to-space deals them back; a kernel tap then meets
pixels that lie block apart (Chen et al. 2017, arXiv 1606.00915). What remains of the paddings after
the crops is the padding of the dilated convolution.

Requires nothing of other passes. Ensures that the convolution has the name of the BatchToSpaceND,
and that shape inference knows its size to be that of its input where the padding is SAME.
"""

from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, const, free_name, reads_once
from dlconv.graph.graph import Graph, attribute, copy_of, is_nhwc
from dlconv.graph.operations import UNFUSED_CONVOLUTIONS
from dlconv.graph.shapes import Static, infer_static


@dataclass(frozen=True)
class _Atrous:
    """The three nodes, the rate and the padding (before, after) of each spatial axis."""

    split: NodeDef
    convolution: NodeDef
    join: NodeDef
    rates: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    kernel: tuple[int, int]


def flatten_atrous(graph: Graph) -> Result:
    """Return the graph with dilated convolutions in place of the three ops."""
    static = infer_static(graph)
    edit = Edit()
    for node in graph.nodes.values():
        found = _match(static, node) if node.op == "SpaceToBatchND" else None
        if found is not None:
            edit.replaced[found.split.name] = []
            edit.replaced[found.convolution.name] = []
            edit.replaced[found.join.name] = _flat(graph, found)
    return applied(graph, edit)


def _match(static: Static, split: NodeDef) -> _Atrous | None:
    graph = static.graph
    convolution = reads_once(graph, split.name)
    if convolution is None or not _is_plain(convolution):
        return None
    if graph.sources(convolution)[0].node != split.name:
        return None
    join = reads_once(graph, convolution.name)
    if join is None or join.op != "BatchToSpaceND":
        return None
    blocks, paddings = static.whole_value(split, 1), static.whole_value(split, 2)
    joined, crops = static.whole_value(join, 1), static.whole_value(join, 2)
    kernel = static.shape(convolution, 1)
    if blocks is None or joined is None or paddings is None or crops is None or kernel is None:
        return None
    if blocks.shape != (2,) or not np.array_equal(blocks, joined):
        return None
    padding = paddings - crops
    rows, columns = kernel[:2]
    if (padding < 0).any() or not (isinstance(rows, int) and isinstance(columns, int)):
        return None
    (top, bottom), (left, right) = padding.tolist()
    rates = (int(blocks[0]), int(blocks[1]))
    return _Atrous(split, convolution, join, rates, ((top, bottom), (left, right)), (rows, columns))


def _is_plain(node: NodeDef) -> bool:
    dilations = list(attribute(node, "dilations").list.i)
    return (
        node.op in UNFUSED_CONVOLUTIONS
        and attribute(node, "padding").s == b"VALID"
        and is_nhwc(node)
        and list(attribute(node, "strides").list.i) == [1, 1, 1, 1]
        and dilations == [1, 1, 1, 1]
    )


def _flat(graph: Graph, found: _Atrous) -> list[NodeDef]:
    source = found.split.input[0]
    extra: list[NodeDef] = []
    padding = b"VALID"
    if found.padding == _same_padding(found):
        padding = b"SAME"
    elif any(amount for pair in found.padding for amount in pair):
        extra = _pad(graph, found)
        source = extra[-1].name
    flat = copy_of(
        found.convolution, name=found.join.name, inputs=[source, found.convolution.input[1]]
    )
    flat.attr["padding"].s = padding
    del flat.attr["dilations"].list.i[:]
    flat.attr["dilations"].list.i.extend([1, *found.rates, 1])
    return [*extra, flat]


def _same_padding(found: _Atrous) -> tuple[tuple[int, int], ...]:
    totals = [rate * (size - 1) for rate, size in zip(found.rates, found.kernel, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _pad(graph: Graph, found: _Atrous) -> list[NodeDef]:
    name = free_name(graph, f"{found.join.name}/pad")
    amounts = const(f"{name}/paddings", np.array([(0, 0), *found.padding, (0, 0)], np.int32))
    pad = NodeDef(name=name, op="Pad", input=[found.split.input[0], amounts.name])
    pad.attr["T"].CopyFrom(attribute(found.convolution, "T"))
    pad.attr["Tpaddings"].type = amounts.attr["dtype"].type
    return [amounts, pad]
