"""Rounding without images: every weight to the nearest value that its type has.

The official converter's 8-bit scheme does so with all float constants; at 16 bits, kernels and
biases keep the labels that way. One range for a tensor is too coarse, even so, for a depthwise
kernel that batch norms of very different scale were folded into: its weak channels lose more by
codes than by float16. Such kernels are small, and stay float32.
"""

import numpy as np

from dlconv.convert.quantize.layers import Layer, find_layers
from dlconv.convert.stored import Stored, WeightType, store
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph

KERNEL_OPS = frozenset({"Conv2D", "Conv2DBackpropInput", "DepthwiseConv2dNative", "MatMul"})


def all_constants(graph: Graph) -> list[str]:
    """Return the names of all float32 constants: what the official converter quantizes."""
    return [node.name for node in graph.nodes.values() if _float_values(graph, node.name)]


def kernels_and_biases(graph: Graph) -> list[str]:
    """Return the constants that convolutions and matrix products read, and those added after.

    Other constants are small and may hold values that neither codes nor float16 can represent, such
    as the variance of a batch norm that is not folded.
    """
    readers = [node for node in graph.nodes.values() if node.op in KERNEL_OPS | {"BiasAdd"}]
    read = [graph.constant_node(graph.producer(node, 1)) for node in readers]
    named = [node.name for node in read if node is not None]
    return [name for name in dict.fromkeys(named) if _float_values(graph, name)]


def too_wide_for_codes(graph: Graph) -> set[str]:
    """Return the small kernels with larger errors by codes of 16 bits than by float16."""
    small = [layer for layer in find_layers(graph) if layer.is_small]
    return {layer.kernel_name for layer in small if _is_closer_as_halves(layer)}


def _is_closer_as_halves(layer: Layer) -> bool:
    codes = store(layer.kernel, WeightType.UINT16).values()
    with np.errstate(over="ignore"):
        halves = layer.kernel.astype(np.float16).astype(np.float32)
    return _channel_error(layer, halves) < _channel_error(layer, codes)


def _channel_error(layer: Layer, rounded: np.ndarray) -> float:
    """Return the mean over output channels of (error / kernel)^2, both as norms."""
    axes = (0, 1) if layer.is_depthwise else (0, 1, 2)
    kernel = layer.kernel.astype(np.float64)
    norms, errors = (np.square(each).sum(axis=axes) for each in (kernel, rounded - kernel))
    parts = np.divide(errors, norms, out=np.zeros_like(norms), where=norms > 0)
    return float(parts.mean())


def _float_values(graph: Graph, name: str) -> bool:
    node = graph.nodes[name]
    values = graph.constant(node) if node.op == "Const" else None
    return values is not None and values.dtype == np.float32 and values.size > 0


def stored_nearest(graph: Graph, names: list[str], weight_type: WeightType) -> dict[str, Stored]:
    """Store constants as a type. Raises DlconvError for values it cannot hold."""
    stored = {}
    for name in names:
        values = graph.constant(graph.nodes[name])
        assert values is not None
        stored[name] = store_named(name, values, weight_type)
    return stored


def refuse_infinite(name: str, values: np.ndarray) -> None:
    """Raise DlconvError, naming the tensor, for values with NaN or infinity."""
    if not np.isfinite(values).all():
        raise DlconvError(
            f"cannot quantize {name}: it holds NaN or infinity",
            "leave it float32",
        )


def store_named(name: str, values: np.ndarray, weight_type: WeightType) -> Stored:
    """Store a constant. Raises DlconvError, naming it, for values it cannot hold."""
    if weight_type is not WeightType.FLOAT32:
        refuse_infinite(name, values)
    try:
        return store(values, weight_type)
    except ValueError as error:
        raise DlconvError(f"cannot quantize {name}: {error}", "leave it float32") from error
