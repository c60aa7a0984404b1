"""The integers of a network that was trained for 8 bits, as its FakeQuant nodes say them.

Training with simulated quantization (Jacob et al. 2018, arXiv 1712.05877) leaves a FakeQuant behind
each kernel and behind the activations that are to be integers. What those nodes round to are the
network's own integers: nothing has to be measured on photos, and nothing may be rounded otherwise.

A kernel's range need not be around zero. LiteRT's kernels of int8 take only such, those of uint8
take any, so that all integers are uint8 as soon as one kernel needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.fake_quantization import is_empty, moved_range
from dlconv.convert.quantize.grid import EXACT
from dlconv.convert.quantize.layers import Layer, find_layers
from dlconv.convert.targets.litert.integers import KernelCodes
from dlconv.convert.targets.litert.model import Codes, Quantization
from dlconv.graph.graph import Graph, attribute

BITS = 8
OF_ONE_RANGE = frozenset({"FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars"})
FAKE_QUANTS = OF_ONE_RANGE | {"FakeQuantWithMinMaxVarsPerChannel"}
# Codes of int8 are those of uint8 less this; LiteRT's kernels of int8 do not use the first.
MIDDLE = 128


@dataclass(frozen=True)
class Trained:
    """The codes of kernels, by the constants that hold them, and of activations, by FakeQuant.

    Kernels are int8. Activations are all int8 or all uint8, and have all 256 codes.
    """

    kernels: Mapping[str, KernelCodes]
    activations: Mapping[str, Codes]


@dataclass(frozen=True)
class _Integers:
    """What a FakeQuant rounds to: its steps, float32, and the uint8 that is 0.

    Both are [] or [channels].
    """

    step: np.ndarray
    zero: np.ndarray


@dataclass(frozen=True)
class _Counted:
    """A layer's kernel as whole steps, int32 of its shape, and its integers."""

    layer: Layer
    steps: np.ndarray
    integers: _Integers

    @property
    def is_signed(self) -> bool:
        """Whether int8 holds the steps as they are."""
        return bool(np.abs(self.steps).max(initial=0) < MIDDLE)


def find_trained(frozen: Graph, rewritten: Graph) -> Trained | None:
    """Return the integers that a network was trained for, None if it was not.

    Kernels lose their FakeQuant when a graph is rewritten, so that ``frozen`` says their ranges.
    One that was trained has ranges for half of its kernels at least, and as many for activations.
    """
    layers = find_layers(rewritten)
    counted = [each for each in (_counted(frozen, layer) for layer in layers) if each is not None]
    found = {node.name: _rounded_to(rewritten, node) for node in rewritten.order if _is_whole(node)}
    activations = {name: each for name, each in found.items() if each is not None}
    if not counted or 2 * min(len(counted), len(activations)) < len(layers):
        return None
    dtype, shift = ("int8", MIDDLE) if all(map(_is_signed, counted)) else ("uint8", 0)
    return Trained(
        {each.layer.kernel_name: codes for each in counted if (codes := _codes(each)) is not None},
        {
            name: Codes(dtype, Quantization(each.step.reshape(1), int(each.zero) - shift))
            for name, each in activations.items()
        },
    )


def _counted(frozen: Graph, layer: Layer) -> _Counted | None:
    """Return a kernel in steps of the FakeQuant that it had, None if it had none or is others."""
    node = frozen.nodes.get(layer.kernel_name)
    while node is not None and node.op in ("Identity", "Reshape"):
        node = frozen.producer(node, 0)
    integers = None if node is None else _rounded_to(frozen, node)
    if integers is None:
        return None
    steps = np.rint(layer.kernel / integers.step)
    far = np.abs(steps * integers.step - layer.kernel)
    is_held = bool((far <= EXACT * integers.step).all())
    return _Counted(layer, steps.astype(np.int32), integers) if is_held else None


def _is_whole(node: NodeDef) -> bool:
    is_narrow = attribute(node, "narrow_range").b
    return node.op in OF_ONE_RANGE and attribute(node, "num_bits").i == BITS and not is_narrow


def _rounded_to(graph: Graph, node: NodeDef) -> _Integers | None:
    """Return the integers of a FakeQuant with a constant range and 8 bits at most."""
    bits = attribute(node, "num_bits").i
    limits = _limits(graph, node) if node.op in FAKE_QUANTS and bits <= BITS else None
    if limits is None or is_empty(*limits):
        return None
    first = int(attribute(node, "narrow_range").b)
    found = moved_range(*limits, first, 2**bits - 1)
    return _Integers(found.step, (found.zero + first).astype(np.int32))


def _limits(graph: Graph, node: NodeDef) -> tuple[np.ndarray, np.ndarray] | None:
    if node.op == "FakeQuantWithMinMaxArgs":
        low, high = (np.array(attribute(node, key).f, np.float32) for key in ("min", "max"))
        return low, high
    least, most = (graph.constant(graph.producer(node, index)) for index in (1, 2))
    if least is None or most is None:
        return None
    return least.astype(np.float32), most.astype(np.float32)


def _codes(kernel: _Counted) -> KernelCodes | None:
    """Return a kernel as int8, None if its channels are not around one zero."""
    step, zero = kernel.integers.step, kernel.integers.zero
    if kernel.is_signed:
        axes = kernel.steps.shape[2:] if kernel.layer.is_depthwise else kernel.steps.shape[3:]
        scale = np.broadcast_to(step, axes) if step.ndim else step
        return KernelCodes(kernel.steps.astype(np.int8), scale)
    if step.ndim:
        return None
    shifted = int(zero) - MIDDLE
    return KernelCodes((kernel.steps + shifted).astype(np.int8), step, shifted)


def _is_signed(kernel: _Counted) -> bool:
    """Tell whether a kernel can be int8, or cannot be uint8 either."""
    return kernel.is_signed or kernel.integers.step.ndim > 0
