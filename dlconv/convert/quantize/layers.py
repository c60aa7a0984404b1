"""The layers that quantization works on: convolutions with a constant kernel and a bias.

They are found by their ops, not by names, in a graph whose batch norms are folded. Layers come in
the order of execution; those that read the same tensor form a group, since they see the same
inputs.
"""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import reads_once
from dlconv.graph.graph import Graph, attribute, is_nhwc
from dlconv.graph.operations import UNFUSED_CONVOLUTIONS

# Kernels of at most so many weights cost next to nothing at 16 bits, and a lot of labels at 8.
MOST_SMALL_WEIGHTS = 7000


@dataclass(frozen=True)
class Layer:
    """A convolution: its node, its input and the constants it reads.

    ``kernel`` is the float32 kernel [height, width, in, out], of a depthwise convolution [height,
    width, in, multiplier]; ``kernel_name`` is the constant that holds it and ``bias_name`` that of
    the float32 bias [channels], None when there is none. ``strides`` and ``rates`` are (rows,
    columns); ``padding`` is SAME or VALID.
    """

    name: str
    source: str
    kernel_name: str
    kernel: np.ndarray
    bias_name: str | None
    is_depthwise: bool
    strides: tuple[int, int]
    rates: tuple[int, int]
    padding: str

    @property
    def is_small(self) -> bool:
        """Whether its kernel stays precise: depthwise ones and those of few weights."""
        return self.is_depthwise or self.kernel.size <= MOST_SMALL_WEIGHTS

    @property
    def matrices(self) -> np.ndarray:
        """The kernel as float64 [sums, inputs, outputs].

        A convolution has one matrix, a depthwise one a matrix [height * width, multiplier] for each
        channel.
        """
        height, width, channels, outputs = self.kernel.shape
        if not self.is_depthwise:
            return self.kernel.reshape(1, -1, outputs).astype(np.float64)
        by_tap = self.kernel.reshape(height * width, channels, outputs)
        return by_tap.transpose(1, 0, 2).astype(np.float64)

    def kernel_of(self, matrices: np.ndarray) -> np.ndarray:
        """Return what has the shape of ``matrices`` in the shape of the kernel."""
        in_order = matrices.transpose(1, 0, 2) if self.is_depthwise else matrices
        return np.ascontiguousarray(in_order).reshape(self.kernel.shape)


def find_layers(graph: Graph) -> list[Layer]:
    """Return the layers of a graph in the order of execution.

    A kernel that two convolutions share is left out, and so is one that is computed.
    """
    found = [_layer(graph, node) for node in graph.order if node.op in UNFUSED_CONVOLUTIONS]
    return [layer for layer in found if layer is not None]


def from_first_large(graph: Graph) -> list[Layer]:
    """Return the layers from the first on that has a large kernel."""
    layers = find_layers(graph)
    first = next((k for k, layer in enumerate(layers) if not layer.is_small), len(layers))
    return layers[first:]


def grouped(layers: list[Layer]) -> list[tuple[Layer, ...]]:
    """Return neighbouring layers that read the same tensor as one group."""
    return [tuple(group) for _, group in groupby(layers, key=lambda layer: layer.source)]


def _layer(graph: Graph, node: NodeDef) -> Layer | None:
    kernel_name = _constant_name(graph, graph.producer(node, 1))
    source = graph.sources(node)[0]
    if kernel_name is None or not is_nhwc(node) or source.port:
        return None
    kernel = graph.constant(graph.nodes[kernel_name])
    padding = attribute(node, "padding").s.decode()
    if kernel is None or kernel.dtype != np.float32 or kernel.ndim != 4:
        return None
    if padding not in ("SAME", "VALID") or not np.isfinite(kernel).all():
        return None
    strides = list(attribute(node, "strides").list.i)
    rates = list(attribute(node, "dilations").list.i)
    return Layer(
        name=node.name,
        source=source.node,
        kernel_name=kernel_name,
        kernel=kernel,
        bias_name=_bias_name(graph, node),
        is_depthwise=node.op == "DepthwiseConv2dNative",
        strides=(strides[1], strides[2]),
        rates=(rates[1], rates[2]),
        padding=padding,
    )


def _constant_name(graph: Graph, node: NodeDef) -> str | None:
    """Return the constant that a node hands on, if nothing else reads it on the way."""
    while node.op == "Identity" and len(graph.consumers[node.name]) == 1:
        node = graph.producer(node, 0)
    return node.name if node.op == "Const" and len(graph.consumers[node.name]) == 1 else None


def _bias_name(graph: Graph, node: NodeDef) -> str | None:
    bias_add = reads_once(graph, node.name)
    if bias_add is None or bias_add.op != "BiasAdd" or not is_nhwc(bias_add):
        return None
    return _constant_name(graph, graph.producer(bias_add, 1))
