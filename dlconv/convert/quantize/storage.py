"""Quantized weights as TensorFlow.js stores them, and as the graph then computes.

A kernel with one range is a constant with codes, scale and minimum: uint8 for large kernels, uint16
for depthwise and small ones and for biases. A kernel with a scale for each channel is a constant of
integers times a constant of scales; the product is computed when the model is loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.convert.quantize.apply import WeightStorage, refuse_empty
from dlconv.convert.quantize.calibrated import Rounded
from dlconv.convert.quantize.grid import Grid, channel_grid, own_grid, tensor_grid
from dlconv.convert.quantize.layers import Layer
from dlconv.convert.quantize.nearest import (
    all_constants,
    kernels_and_biases,
    stored_nearest,
    too_wide_for_codes,
)
from dlconv.convert.stored import Stored, WeightType, store, weight_type_of
from dlconv.graph.edit import Edit, applied, const, free_name
from dlconv.graph.graph import Graph, copy_of
from dlconv.recipe import Precision

# Parts of a kernel's range that its 8 bits may span.
PARTS_OF_RANGE = (1.0, 0.85, 0.7, 0.55, 0.4)


@dataclass(frozen=True)
class Weights:
    """A graph with the weights that an artifact computes with, and how constants are stored.

    ``stored`` names float32 constants of the graph; their values are those of the codes.
    ``at_load`` names nodes whose values need no input, to be computed once.
    """

    graph: Graph
    stored: dict[str, Stored]
    at_load: tuple[str, ...] = ()


def tfjs_target(per_channel: bool) -> WeightStorage:
    """Return how TensorFlow.js artifacts store layers."""

    def grids(layer: Layer) -> list[Grid]:
        own = own_grid(layer.kernel)
        if own is not None:
            return [own]
        if layer.is_small:
            return [tensor_grid(layer.kernel, 16)]
        if per_channel:
            return [channel_grid(layer.kernel)]
        return [tensor_grid(layer.kernel, 8, part) for part in PARTS_OF_RANGE]

    return WeightStorage(grids, lambda layer: True, _stored_bias, most_codes=2**16)


def _stored_bias(bias: np.ndarray) -> np.ndarray:
    return store(bias, WeightType.UINT16).values()


def store_nearest(graph: Graph, precision: Precision) -> Weights:
    """Store the constants that a precision without images takes, each weight at the nearest code.

    ``plain1`` takes all of them.
    """
    is_plain = precision is Precision.PLAIN1
    names = all_constants(graph) if is_plain else kernels_and_biases(graph)
    refuse_empty(names)
    if precision is Precision.UINT16:
        wide = too_wide_for_codes(graph)
        names = [name for name in names if name not in wide]
    return Weights(graph, stored_nearest(graph, names, weight_type_of(precision)))


def store_layers(graph: Graph, rounded: Sequence[Rounded]) -> Weights:
    """Put rounded kernels and biases into the graph."""
    edit = Edit()
    stored: dict[str, Stored] = {}
    products: list[str] = []
    for each in rounded:
        if each.grid.scale.ndim:
            products.append(_scale(graph, each, edit, stored))
        else:
            _replace(each.layer.kernel_name, _stored_kernel(each), edit, stored)
        if each.layer.bias_name is not None and each.bias is not None:
            bias = store(each.bias, WeightType.UINT16)
            _replace(each.layer.bias_name, bias, edit, stored)
    return Weights(applied(graph, edit).graph, stored, tuple(products))


def _stored_kernel(rounded: Rounded) -> Stored:
    grid = rounded.grid
    dtype = np.uint8 if grid.last_code < 256 else np.uint16
    return Stored(rounded.codes.astype(dtype), float(grid.minimum), float(grid.scale))


def _replace(name: str, value: Stored, edit: Edit, stored: dict[str, Stored]) -> None:
    edit.replaced[name] = [const(name, value.values())]
    stored[name] = value


def _scale(graph: Graph, rounded: Rounded, edit: Edit, stored: dict[str, Stored]) -> str:
    """Put integers times scales in place of a kernel, and return the name of the product."""
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
    edit.replaced[layer.name] = [codes, scales, product, copy_of(convolution, inputs=inputs)]
    stored[codes.name] = integers
    return str(product.name)
