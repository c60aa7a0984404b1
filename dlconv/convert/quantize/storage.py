"""Quantized weights as TensorFlow.js stores them, and as the graph then computes.

A kernel with one range is a constant with codes, scale and minimum: uint8 for large kernels, uint16
for depthwise and small ones and for biases. A kernel with a scale for each channel is a constant of
integers times a constant of scales, multiplied in the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.convert.precision import Precision, Stored, store
from dlconv.convert.quantize.apply import Target, refuse_nothing
from dlconv.convert.quantize.calibrated import Rounded
from dlconv.convert.quantize.grid import Grid, channel_grid, tensor_grid
from dlconv.convert.quantize.layers import Layer
from dlconv.convert.quantize.nearest import all_constants, kernels_and_biases, stored_nearest
from dlconv.convert.quantize.scheme import Scheme
from dlconv.convert.rewrite.edit import Edit, applied, changed, const, free_name
from dlconv.inspect.graph import Graph


@dataclass(frozen=True)
class Weights:
    """A graph with the weights that an artifact computes with, and how constants are stored.

    ``stored`` names float32 constants of the graph; their values are those of the codes.
    """

    graph: Graph
    stored: dict[str, Stored]


def tfjs_target(per_channel: bool) -> Target:
    """Return how TensorFlow.js artifacts store layers."""

    def grid(layer: Layer) -> Grid:
        if layer.is_small:
            return tensor_grid(layer.kernel, 16)
        return channel_grid(layer.kernel) if per_channel else tensor_grid(layer.kernel, 8)

    return Target(grid, lambda layer: True, _stored_bias, most_codes=2**16)


def _stored_bias(bias: np.ndarray) -> np.ndarray:
    return store(bias, Precision.UINT16).values()


def store_nearest(graph: Graph, scheme: Scheme) -> Weights:
    """Store the constants that a scheme without images takes, each weight at the nearest code."""
    if scheme is Scheme.PLAIN:
        return Weights(graph, stored_nearest(graph, all_constants(graph), Precision.UINT8))
    names = kernels_and_biases(graph)
    refuse_nothing(names)
    return Weights(graph, stored_nearest(graph, names, Precision(scheme.precision)))


def store_layers(graph: Graph, rounded: Sequence[Rounded]) -> Weights:
    """Put rounded kernels and biases into the graph."""
    edit = Edit()
    stored: dict[str, Stored] = {}
    for each in rounded:
        if each.grid.scale.ndim:
            _scale_in_the_graph(graph, each, edit, stored)
        else:
            _replace(graph, each.layer.kernel_name, _stored_kernel(each), edit, stored)
        if each.layer.bias_name is not None and each.bias is not None:
            bias = store(each.bias, Precision.UINT16)
            _replace(graph, each.layer.bias_name, bias, edit, stored)
    return Weights(Graph(applied(graph, edit)), stored)


def _stored_kernel(rounded: Rounded) -> Stored:
    grid = rounded.grid
    dtype = np.uint8 if grid.last_code < 256 else np.uint16
    return Stored(rounded.codes.astype(dtype), float(grid.minimum), float(grid.scale))


def _replace(graph: Graph, name: str, value: Stored, edit: Edit, stored: dict[str, Stored]) -> None:
    edit.replaced[name] = [const(name, value.values())]
    stored[name] = value


def _scale_in_the_graph(
    graph: Graph, rounded: Rounded, edit: Edit, stored: dict[str, Stored]
) -> None:
    layer, grid = rounded.layer, rounded.grid
    middle = grid.last_code // 2
    integers = Stored(rounded.codes.astype(np.uint8), float(-middle), 1.0)
    codes = const(free_name(graph, f"{layer.kernel_name}/codes"), integers.values())
    scales = const(free_name(graph, f"{layer.kernel_name}/scales"), grid.scale.astype(np.float32))
    product = NodeDef(name=free_name(graph, f"{layer.kernel_name}/scaled"), op="Mul")
    product.input.extend([codes.name, scales.name])
    product.attr["T"].type = DataType.Value("DT_FLOAT")
    convolution = graph.nodes[layer.name]
    inputs = [convolution.input[0], product.name, *convolution.input[2:]]
    edit.replaced[layer.name] = [codes, scales, product, changed(convolution, inputs=inputs)]
    stored[codes.name] = integers
