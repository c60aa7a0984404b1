"""Folds batch norms, and what earlier folding left of them, into the convolution before.

Pattern: Conv2D or DepthwiseConv2dNative with a constant kernel, or such an atrous convolution with
its BatchToSpaceND, followed by a chain of per-channel affine nodes: FusedBatchNorm of any version
at inference, Mul, Add, AddV2, Sub and BiasAdd with a constant; each reads the last alone.
Replacement: the convolution with each output channel's kernel times its factor, and one BiasAdd,
which keeps the name of the chain's end.

Same function: convolution is linear, so a factor of an output channel may stand in the kernel. The
batch norm y = gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015, arXiv
1502.03167) has the factor gamma / sqrt(variance + epsilon). Factors are computed in float64.

Requires that no node that only copies stands in the chain. Ensures that such a convolution is read
by no batch norm, but by one BiasAdd with a constant vector.
"""

from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.edit import Edit, Result, applied, const, free_name, reads_once
from dlconv.graph.graph import Graph, attribute, copy_of, is_nhwc

BATCH_NORMS = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
ADDITIONS = frozenset({"Add", "AddV2", "BiasAdd"})


@dataclass(frozen=True)
class _Affine:
    """y = factor * x + shift for each channel, float64 [channels]."""

    factor: np.ndarray
    shift: np.ndarray

    def then(self, other: "_Affine") -> "_Affine":
        return _Affine(self.factor * other.factor, self.shift * other.factor + other.shift)


def fold_batch_norms(graph: Graph) -> Result:
    """Return the graph with batch norms and their remains folded into convolutions."""
    edit = Edit()
    for node in graph.nodes.values():
        if node.op in ("Conv2D", "DepthwiseConv2dNative") and is_nhwc(node):
            _fold(graph, node, edit)
    return applied(graph, edit)


def _fold(graph: Graph, convolution: NodeDef, edit: Edit) -> None:
    kernel = graph.constant(graph.producer(convolution, 1))
    if kernel is None or kernel.ndim != 4 or kernel.dtype != np.float32:
        return
    is_depthwise = convolution.op == "DepthwiseConv2dNative"
    channels = kernel.shape[2] * kernel.shape[3] if is_depthwise else kernel.shape[3]
    start = _end_of_convolution(graph, convolution)
    chain = _affine_chain(graph, start, channels)
    if not chain or [node.op for node, _ in chain] == ["BiasAdd"]:
        return
    affine = chain[0][1]
    for _, following in chain[1:]:
        affine = affine.then(following)
    for node, _ in chain:
        edit.replaced[node.name] = []
    factor = affine.factor.reshape(kernel.shape[2:] if is_depthwise else (channels,))
    edit.replaced[convolution.name] = _scaled(graph, convolution, kernel, factor)
    edit.replaced[chain[-1][0].name] = _bias_add(graph, start, chain[-1][0].name, affine.shift)


def _end_of_convolution(graph: Graph, convolution: NodeDef) -> NodeDef:
    reader = reads_once(graph, convolution.name)
    is_atrous = reader is not None and reader.op == "BatchToSpaceND"
    return reader if reader is not None and is_atrous else convolution


def _affine_chain(graph: Graph, start: NodeDef, channels: int) -> list[tuple[NodeDef, _Affine]]:
    chain = []
    node = reads_once(graph, start.name)
    last = start
    while node is not None and not any(name.startswith("^") for name in node.input):
        affine = _affine(graph, node, last.name, channels)
        if affine is None:
            break
        chain.append((node, affine))
        last, node = node, reads_once(graph, node.name)
    return chain


def _affine(graph: Graph, node: NodeDef, source: str, channels: int) -> _Affine | None:
    """Return what a node does to the channels of ``source``, None if it is not affine."""
    if node.op in BATCH_NORMS:
        return _batch_norm(graph, node, source)
    if node.op not in ADDITIONS | {"Mul", "Sub"} or not is_nhwc(node):
        return None
    first, second = (graph.producer(node, index) for index in (0, 1))
    other = second if first.name == source else first
    if node.op in ("Sub", "BiasAdd") and first.name != source:
        return None
    values = _per_channel(graph.constant(other), channels)
    if values is None:
        return None
    if node.op == "Mul":
        return _Affine(values, np.zeros(channels))
    return _Affine(np.ones(channels), -values if node.op == "Sub" else values)


def _batch_norm(graph: Graph, node: NodeDef, source: str) -> _Affine | None:
    is_inference = not attribute(node, "is_training").b
    parameters = [graph.constant(graph.producer(node, index)) for index in range(1, 5)]
    if not is_inference or not is_nhwc(node) or graph.sources(node)[0].node != source:
        return None
    if _gives_statistics(graph, node):
        return None
    if any(values is None for values in parameters):
        return None
    gamma, beta, mean, variance = (np.asarray(values, np.float64) for values in parameters)
    factor = gamma / np.sqrt(variance + attribute(node, "epsilon").f)
    return _Affine(factor, beta - mean * factor)


def _gives_statistics(graph: Graph, batch_norm: NodeDef) -> bool:
    """Tell whether an output other than the first is read."""
    readers = map(graph.nodes.__getitem__, graph.consumers[batch_norm.name])
    sources = [source for reader in readers for source in graph.sources(reader)]
    return any(source.node == batch_norm.name and source.port for source in sources)


def _per_channel(values: np.ndarray | None, channels: int) -> np.ndarray | None:
    if values is None or values.dtype != np.float32 or values.ndim > 4:
        return None
    if values.size == 1:
        return np.full(channels, values.item(), np.float64)
    if values.size != channels or values.shape[-1] != channels:
        return None
    return values.reshape(channels).astype(np.float64)


def _scaled(
    graph: Graph, convolution: NodeDef, kernel: np.ndarray, factor: np.ndarray
) -> list[NodeDef]:
    if (factor == 1).all():
        return [convolution]
    folded = np.empty(kernel.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        # In float64, a buffer at a time.
        np.multiply(kernel, factor, out=folded, dtype=np.float64, casting="unsafe")
    weights = const(free_name(graph, f"{convolution.name}/folded_weights"), folded)
    inputs = [convolution.input[0], weights.name, *convolution.input[2:]]
    return [weights, copy_of(convolution, inputs=inputs)]


def _bias_add(graph: Graph, start: NodeDef, name: str, shift: np.ndarray) -> list[NodeDef]:
    bias = const(free_name(graph, f"{name}/folded_bias"), shift.astype(np.float32))
    node = NodeDef(name=name, op="BiasAdd", input=[start.name, bias.name])
    node.attr["T"].type = DataType.Value("DT_FLOAT")
    node.attr["data_format"].s = b"NHWC"
    return [bias, node]
