"""Quantized weights as ONNX stores them: integers for DequantizeLinear, or halves for Cast.

Rounded kernels go into the graph as the very values that DequantizeLinear will give, and the graph
through a converter. In the model, each constant that equals one of them to the last bit is replaced
by its codes: int8 with a scale for each output channel, or uint8 with one scale and one zero point.
Small kernels and biases stay float32. As halves, all kernels of convolutions are stored alike.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlconv.convert.canonical import replace_items
from dlconv.convert.quantize.apply import WeightStorage, refuse_empty
from dlconv.convert.quantize.calibrated import Rounded
from dlconv.convert.quantize.grid import channel_grid, own_grid
from dlconv.convert.quantize.layers import Layer
from dlconv.convert.quantize.nearest import store_named
from dlconv.convert.stored import Stored, WeightType
from dlconv.convert.targets.onnx.builder import CONVOLUTIONS
from dlconv.convert.targets.onnx.model import Model
from dlconv.errors import DlconvError
from dlconv.graph.edit import Edit, applied, const
from dlconv.graph.graph import Graph

if TYPE_CHECKING:
    from onnx import NodeProto

# The first opset whose DequantizeLinear has a scale for each channel.
OLDEST_OPSET_FOR_CODES = 13

ONNX_TARGET = WeightStorage(
    grids=lambda layer: [own_grid(layer.kernel) or channel_grid(layer.kernel)],
    takes=lambda layer: not layer.is_small,
    stored_bias=lambda bias: bias,
    most_codes=2**8,
)


@dataclass(frozen=True)
class StoredKernel:
    """A kernel as DequantizeLinear takes it: value = (code - zero_point) * scale, in float32.

    ``codes`` are [out, in of a group, height, width]: int8 with ``scale`` float32 [out] and without
    a zero point, or uint8 with ``scale`` float32 [] and ``zero_point`` uint8 [].
    """

    codes: np.ndarray
    scale: np.ndarray
    zero_point: np.ndarray | None

    def values(self) -> np.ndarray:
        """The values that DequantizeLinear gives, float32 of the codes' shape."""
        if self.zero_point is None:
            scale = self.scale[:, None, None, None]
            return np.asarray(self.codes.astype(np.float32) * scale)
        differences = self.codes.astype(np.int32) - self.zero_point.astype(np.int32)
        return np.asarray(differences.astype(np.float32) * self.scale)


def stored_kernel(rounded: Rounded) -> StoredKernel:
    """Return how a kernel with at most 256 codes is stored."""
    codes = _outputs_first(rounded.layer, rounded.codes)
    scale = rounded.grid.scale.astype(np.float32)
    if scale.ndim:
        integers = (codes - rounded.grid.last_code // 2).astype(np.int8)
        return StoredKernel(integers, scale.reshape(-1), None)
    zero_point = np.rint(-rounded.grid.minimum / rounded.grid.scale).astype(np.uint8)
    return StoredKernel(codes.astype(np.uint8), scale, np.asarray(zero_point))


def _outputs_first(layer: Layer, values: np.ndarray) -> np.ndarray:
    """Return a kernel [height, width, in, out] as ONNX has it.

    Of a depthwise convolution, [height, width, in, multiplier], each channel is a group.
    """
    if not layer.is_depthwise:
        return values.transpose(3, 2, 0, 1)
    height, width = values.shape[:2]
    return values.transpose(2, 3, 0, 1).reshape(-1, 1, height, width)


def _outputs_last(layer: Layer, values: np.ndarray) -> np.ndarray:
    """Return a kernel of ONNX as TensorFlow has it."""
    if not layer.is_depthwise:
        return values.transpose(2, 3, 1, 0)
    height, width, channels, multiplier = layer.kernel.shape
    return values.reshape(channels, multiplier, height, width).transpose(2, 3, 0, 1)


def with_rounded(graph: Graph, rounded: Sequence[Rounded]) -> Graph:
    """Return the graph with the kernels that will be read back, and with corrected biases."""
    edit = Edit()
    for each in rounded:
        kernel = _outputs_last(each.layer, stored_kernel(each).values())
        edit.replaced[each.layer.kernel_name] = [const(each.layer.kernel_name, kernel)]
        if each.layer.bias_name is not None and each.bias is not None:
            edit.replaced[each.layer.bias_name] = [const(each.layer.bias_name, each.bias)]
    return applied(graph, edit).graph


def store_codes(model: Model, rounded: Sequence[Rounded]) -> tuple[Model, dict[str, StoredKernel]]:
    """Store rounded kernels as codes in a model made of the graph that has their values.

    Returns the new model, and the kernels by the names of the graph's constants. Raises DlconvError
    for a kernel that is not in the model.
    """
    stored = {each.layer.kernel_name: stored_kernel(each) for each in rounded}
    in_model = {_key(values): name for name, values in _kernels(model).items()}
    new: dict[str, _Source] = {}
    for each in rounded:
        kernel = stored[each.layer.kernel_name]
        name = in_model.get(_key(kernel.values()))
        if name is None:
            raise DlconvError(
                f"the kernel of {each.layer.name} cannot be stored as codes: it was changed",
                "rewrite the graph, or keep float32",
                code="kernel-lost",
            )
        new[name] = _dequantized(name, kernel)
    return _with_sources(model, new), stored


def store_halves(model: Model) -> tuple[Model, dict[str, Stored]]:
    """Store the kernels of all convolutions as float16, and return the model and them by name.

    Raises DlconvError without any, and for values that float16 cannot hold.
    """
    kernels = _kernels(model)
    refuse_empty(list(kernels))
    stored = {
        name: store_named(name, values, WeightType.FLOAT16) for name, values in kernels.items()
    }
    return _with_sources(model, {k: _cast(k, half.codes) for k, half in stored.items()}), stored


def _key(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return values.shape, hashlib.sha256(np.ascontiguousarray(values).data).digest()


def _kernels(model: Model) -> dict[str, np.ndarray]:
    """Return the constant float32 kernels of convolutions, by name."""
    names = {node.input[1] for node in model.skeleton.graph.node if node.op_type in CONVOLUTIONS}
    return {
        name: values
        for name, values in model.constants.items()
        if name in names and values.dtype == np.float32
    }


@dataclass(frozen=True)
class _Source:
    """What computes a value that was a constant: a node and its constant inputs."""

    node: "NodeProto"
    constants: Mapping[str, np.ndarray]


def _dequantized(name: str, kernel: StoredKernel) -> _Source:
    parts = {"codes": kernel.codes, "scale": kernel.scale}
    if kernel.zero_point is not None:
        return _source("DequantizeLinear", name, {**parts, "zero_point": kernel.zero_point})
    return _source("DequantizeLinear", name, parts, axis=0)


def _cast(name: str, half: np.ndarray) -> _Source:
    from onnx import TensorProto

    return _source("Cast", name, {"half": half}, to=TensorProto.FLOAT)


def _source(kind: str, name: str, parts: Mapping[str, np.ndarray], **attributes: Any) -> _Source:
    from onnx import helper

    constants = {f"{name}/{part}": value for part, value in parts.items()}
    return _Source(helper.make_node(kind, [*constants], [name], name, **attributes), constants)


def _with_sources(model: Model, new: Mapping[str, _Source]) -> Model:
    """Return a model that computes constants, each before its first reader."""
    constants: dict[str, np.ndarray] = {}
    for name, array in model.constants.items():
        constants |= {name: array} if name not in new else new[name].constants
    pending = dict(new)
    nodes: list[NodeProto] = []
    for node in model.skeleton.graph.node:
        nodes.extend(pending.pop(name).node for name in node.input if name in pending)
        nodes.append(node)
    skeleton = type(model.skeleton)()
    skeleton.CopyFrom(model.skeleton)
    replace_items(skeleton.graph.node, nodes)
    return Model(skeleton, constants)
