"""Static quantization for ONNX Runtime: convolutions of integers, activations rounded as well.

Kernels are rounded and stored first. ONNX Runtime's own tool then adds what rounds activations to
uint8, between the least and greatest values that they reach on the images. When it loads the model,
ONNX Runtime makes convolutions of integers of it. What is quantized, and to how many bits:

Layers before the first large kernel stay float32. Their errors go through the whole network, and
as integers they would be hardly faster. From there on all convolutions are quantized, depthwise and
small ones, too: a float32 kernel between rounded activations gets 8 bits with one scale for all
channels when ONNX Runtime loads it (WeightBiasQuantization, from 1.21 on), which costs labels.

Kernels have 7 bits. Processors with AVX2 and without VNNI sum products in pairs of 16 bits, which
overflow with 8, so that labels would depend on the machine. Depthwise kernels are not summed so and
have 8 bits.
"""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlconv.convert.canonical import put_in_order, replace_items
from dlconv.convert.quantize.apply import WeightStorage
from dlconv.convert.quantize.grid import Grid, channel_grid
from dlconv.convert.quantize.layers import Layer, from_first_large
from dlconv.convert.quantize.onnx_storage import ONNX_TARGET
from dlconv.convert.targets.onnx.model import Model
from dlconv.graph.graph import Graph
from dlconv.progress import StepProgress

if TYPE_CHECKING:
    from onnx import ModelProto

BITS, BITS_OF_DEPTHWISE = 7, 8
# Activations that keep values between limits. The range of the rounded values keeps them there, so
# that behind a quantized convolution they go.
LIMITS = ("Clip", "Relu")


def static_target(graph: Graph) -> WeightStorage:
    """Return how the layers of a graph are stored for static quantization."""
    taken = {layer.name for layer in from_first_large(graph)}
    return dataclasses.replace(
        ONNX_TARGET, grids=lambda layer: [_grid(layer)], takes=lambda layer: layer.name in taken
    )


def _grid(layer: Layer) -> Grid:
    if layer.is_depthwise:
        return channel_grid(layer.kernel, BITS_OF_DEPTHWISE, axes=2)
    return channel_grid(layer.kernel, BITS)


def quantize_activations(
    model: Model, images: Sequence[np.ndarray], progress: StepProgress
) -> Model:
    """Return a model that rounds activations around the convolutions whose kernels are codes.

    ``images`` are what the model's input takes.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    ready = model.proto()
    # Without this entry, the tool advises to fold constants and merge nodes first.
    add_pre_process_metadata(ready)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model.onnx"
        quantize_static(
            ready,
            written,
            _Images(ready.graph.input[0].name, images, progress),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", *LIMITS],
            nodes_to_quantize=_nodes_to_quantize(ready),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        quantized = onnx.load(written)
    result = model.proto()
    replace_items(result.graph.node, quantized.graph.node)
    replace_items(result.graph.initializer, quantized.graph.initializer)
    put_in_order(result)
    return Model.of(result)


def _nodes_to_quantize(model: "ModelProto") -> list[str]:
    """Return the names of convolutions whose kernels are codes, and of the limits behind them."""
    stored = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    convolutions = [
        node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in stored
    ]
    outputs = {node.output[0] for node in convolutions}
    limits = [
        node for node in model.graph.node if node.op_type in LIMITS and node.input[0] in outputs
    ]
    return [node.name for node in [*convolutions, *limits]]


class _Images:
    """Feeds images to ONNX Runtime's tool, one after another, and reports its progress."""

    def __init__(self, name: str, images: Sequence[np.ndarray], progress: StepProgress) -> None:
        self._name = name
        self._images = images
        self._progress = progress
        self._given = 0

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return what the model's input takes next, None at the end."""
        self._progress("calibrating activations", self._given, len(self._images))
        if self._given == len(self._images):
            return None
        self._given += 1
        return {self._name: self._images[self._given - 1]}
