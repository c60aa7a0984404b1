"""Fuses convolution, bias and activation into one op of TF.js.

Pattern: Conv2D or DepthwiseConv2dNative -> BiasAdd with a constant vector -> Relu or Relu6 or
nothing, each reading the last alone. Replacement: ``_FusedConv2D`` or, TF.js' own name,
``FusedDepthwiseConv2dNative``, with ``fused_ops`` in the order of evaluation, under the name of the
last node. Same function: TF.js evaluates the same ops in one kernel. The bias must be a vector: the
wasm backend takes no other (``FusedConv2D only supports rank-1 bias``), although TensorFlow does.

Requires that batch norms are folded. Ensures that the last node keeps its name; no other pass knows
these ops, so it comes last.
"""

from collections.abc import Container

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, reads_once
from dlconv.graph.graph import Graph, copy_of, is_nhwc

FUSED = {"Conv2D": "_FusedConv2D", "DepthwiseConv2dNative": "FusedDepthwiseConv2dNative"}
ACTIVATIONS = frozenset({"Relu", "Relu6"})


def fuse_convolutions(graph: Graph, without: Container[str] = ()) -> Result:
    """Return the graph with fused convolutions, which TF.js runs and TensorFlow does not.

    Those that would be called as one ``without`` stay apart.
    """
    edit = Edit()
    for node in graph.nodes.values():
        if node.op in FUSED and is_nhwc(node):
            _fuse(graph, node, edit, without)
    return applied(graph, edit)


def _fuse(graph: Graph, convolution: NodeDef, edit: Edit, without: Container[str]) -> None:
    bias_add = reads_once(graph, convolution.name)
    if bias_add is None or not _adds_vector(graph, bias_add, convolution.name):
        return
    activation = reads_once(graph, bias_add.name)
    parts = [bias_add]
    if activation is not None and activation.op in ACTIVATIONS:
        parts.append(activation)
    if parts[-1].name in without:
        return
    inputs = [*convolution.input[:2], bias_add.input[1], *convolution.input[2:]]
    fused = copy_of(convolution, name=parts[-1].name, inputs=inputs)
    fused.op = FUSED[convolution.op]
    fused.attr["fused_ops"].list.s.extend(part.op.encode() for part in parts)
    fused.attr["num_args"].i = 1
    for part in (convolution, *parts):
        edit.replaced[part.name] = []
    edit.replaced[parts[-1].name] = [fused]


def _adds_vector(graph: Graph, node: NodeDef, source: str) -> bool:
    if node.op != "BiasAdd" or not is_nhwc(node):
        return False
    bias = graph.constant(graph.producer(node, 1))
    return graph.sources(node)[0].node == source and bias is not None and bias.ndim == 1
