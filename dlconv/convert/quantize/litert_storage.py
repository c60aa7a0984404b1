"""Quantized weights as LiteRT stores them: int8 with a scale for each output channel, or halves.

For static quantization, layers before the first large kernel stay float32, as for ONNX. From there
on convolutions have codes of 8 bits: LiteRT's kernels sum products in 32 bits. Two kinds compute
with floats still, since that takes hardly any time and keeps labels: layers of a single pixel,
whose codes become floats again, and last layers, which no other follows and whose kernels are
float32.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlconv.convert.quantize.apply import OpenNetwork, WeightStorage, refuse_empty
from dlconv.convert.quantize.calibrated import Rounded
from dlconv.convert.quantize.grid import channel_grid
from dlconv.convert.quantize.layers import Layer, from_first_large
from dlconv.convert.quantize.nearest import store_named
from dlconv.convert.quantize.onnx_storage import ONNX_TARGET
from dlconv.convert.quantize.ranges import Ranges
from dlconv.convert.stored import Stored, WeightType
from dlconv.convert.targets.litert.halves import constant_kernels, with_halves
from dlconv.convert.targets.litert.integers import (
    KernelCodes,
    names_to_measure,
    with_integers,
)
from dlconv.convert.targets.litert.model import Model
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.operations import WEIGHTED_OPS
from dlconv.graph.shapes import infer_static
from dlconv.progress import StepProgress


def litert_target(graph: Graph) -> WeightStorage:
    """Return how the layers of a graph are stored for static quantization."""
    taken = {layer.name for layer in from_first_large(graph) if not _is_last(graph, layer)}
    return dataclasses.replace(
        ONNX_TARGET,
        grids=lambda layer: [channel_grid(layer.kernel, axes=2 if layer.is_depthwise else 1)],
        takes=lambda layer: layer.name in taken,
    )


def _is_of_one_pixel(graph: Graph, layer: Layer) -> bool:
    shape = infer_static(graph).shapes.get(layer.name)
    return shape is not None and shape[1:3] == (1, 1)


def _is_last(graph: Graph, layer: Layer) -> bool:
    behind = graph.descendants(layer.name)
    return not any(node.op in WEIGHTED_OPS for node in behind if node.name != layer.name)


def kernel_codes(rounded: Sequence[Rounded]) -> dict[str, KernelCodes]:
    """Return rounded kernels as LiteRT stores them, by the names of the graph's constants."""
    return {each.layer.kernel_name: _codes(each) for each in rounded}


def _codes(rounded: Rounded) -> KernelCodes:
    integers = (rounded.codes - rounded.grid.last_code // 2).astype(np.int8)
    return KernelCodes(integers, rounded.grid.scale.astype(np.float32))


def quantize_model(
    model: Model,
    graph: Graph,
    contract: Contract,
    rounded: Sequence[Rounded],
    images: Sequence[np.ndarray],
    open_network: OpenNetwork,
    progress: StepProgress,
) -> tuple[Model, dict[str, KernelCodes]]:
    """Return a model that computes with integers, and its kernels by name.

    ``graph`` is what the model was written of, with the kernels that codes stand for; ``images``
    are what its input takes, and give the ranges of activations.
    """
    stored = kernel_codes(rounded)
    names = [name for name in names_to_measure(model) if name in graph.nodes]
    ranges = Ranges()
    with open_network(graph, contract) as network:
        for done, image in enumerate(images):
            progress("calibrating activations", done, len(images))
            held = network.run(names, {network.input_name: image})
            ranges.add(dict(zip(names, held, strict=True)))
    progress("calibrating activations", len(images), len(images))
    layers = [each.layer for each in rounded]
    single = {each.kernel_name for each in layers if _is_of_one_pixel(graph, each)}
    return with_integers(model, stored, ranges.found(), single), stored


def store_halves(model: Model) -> tuple[Model, dict[str, Stored]]:
    """Store all constant kernels as float16, and return the model and them by name.

    Raises DlconvError without any, and for values that float16 cannot hold.
    """
    kernels = constant_kernels(model)
    refuse_empty(list(kernels))
    stored = {
        name: store_named(name, kernel.constant, WeightType.FLOAT16)
        for name, kernel in kernels.items()
        if kernel.constant is not None
    }
    return with_halves(model, stored), stored
