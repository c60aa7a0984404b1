"""What a graph does to the pixels before its first convolution.

Read from the arithmetic with constants: what comes out is ``(pixel - mean) * scale``. Padding
values are given in units of the input's pixels, even where the graph pads after scaling.
"""

from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.flow import Flow
from dlconv.graph.graph import attribute
from dlconv.graph.operations import RESIZES
from dlconv.graph.shapes import Static, infer_static
from dlconv.inspect.stages import Stage

SAME_PIXELS = frozenset({"Cast", "ExpandDims", "Identity", "Reshape", "Squeeze"})
PADS = frozenset({"Pad", "PadV2"})
ARITHMETIC = frozenset({"Add", "AddV2", "Mul", "RealDiv", "Sub"})
COLOURS = 3

Values = tuple[float, ...]


@dataclass(frozen=True)
class Preprocessing:
    """What the graph does with the pixels first: (pixel - mean) * scale."""

    resize: str | None
    """How it resizes the photo."""
    pad_value: Values | None
    """What it pads the photo with, a number or one for each channel."""
    scale: Values | None
    """The scale, one number or one for each channel, None where it is unknown."""
    mean: Values | None
    """The mean, in the same form."""
    not_understood: str | None = None
    """The first op that is more than arithmetic."""


@dataclass
class _Pixels:
    """``factor * pixel + offset``, as far as the walk has come."""

    factor: np.ndarray
    offset: np.ndarray


def find_preprocessing(flow: Flow, stages: dict[str, Stage]) -> Preprocessing:
    """Read the nodes between the input and the first convolution."""
    with np.errstate(all="ignore"):
        return _found(flow, stages)


def _found(flow: Flow, stages: dict[str, Stage]) -> Preprocessing:
    graph = flow.graph
    static = infer_static(graph)
    pixels = _Pixels(np.ones(1), np.zeros(1))
    pad_value, resize = None, None
    for node in flow.order:
        if stages[node.name] is not Stage.PREPROCESSING:
            continue
        if node.op in RESIZES:
            resize = _resize(static, node)
        elif node.op in PADS:
            if static.whole_value(node, 1) is None:
                pad_value = _pad_value(static, node, pixels)
        elif node.op not in SAME_PIXELS and not _applied(static, node, pixels):
            return Preprocessing(resize, pad_value, None, None, f"{node.op} {node.name}")
    mean = 0 - pixels.offset / pixels.factor
    return Preprocessing(resize, pad_value, _values(pixels.factor), _values(mean))


def _applied(static: Static, node: NodeDef, pixels: _Pixels) -> bool:
    """Apply arithmetic with one constant or one for each colour; False if a node is not that."""
    if node.op not in ARITHMETIC:
        return False
    first, second = (_constant(static, node, index) for index in (0, 1))
    value = second if first is None else first
    if value is None or value.size not in (1, COLOURS):
        return False
    is_second, constant = first is None, np.asarray(value, np.float64).ravel()
    if node.op in ("Add", "AddV2"):
        pixels.offset = pixels.offset + constant
    elif node.op == "Sub" and is_second:
        pixels.offset = pixels.offset - constant
    elif node.op == "Sub":
        pixels.factor, pixels.offset = -pixels.factor, constant - pixels.offset
    elif constant.all() and (is_second or node.op == "Mul"):
        constant = constant if node.op == "Mul" else 1 / constant
        pixels.factor, pixels.offset = pixels.factor * constant, pixels.offset * constant
    else:
        return False
    return True


def _constant(static: Static, node: NodeDef, index: int) -> np.ndarray | None:
    """Return an input that is constant, be it one that shape arithmetic put into another shape."""
    constant = static.graph.constant(static.graph.producer(node, index))
    if constant is not None:
        return constant
    value = static.value(node, index)
    is_known = value is not None and all(isinstance(item, int | float) for item in value.ravel())
    return value.astype(np.float64) if value is not None and is_known else None


def _pad_value(static: Static, node: NodeDef, pixels: _Pixels) -> Values | None:
    value = _constant(static, node, 2) if node.op == "PadV2" else np.zeros(1)
    return None if value is None else _values((value - pixels.offset) / pixels.factor)


def _resize(static: Static, node: NodeDef) -> str:
    kind = "bilinear" if node.op == "ResizeBilinear" else "nearest"
    corners = ", corners aligned" if attribute(node, "align_corners").b else ""
    size, shape = static.value(node, 1), static.shape(node, 0)
    extents = () if size is None or None in size.ravel() else tuple(size.ravel())
    if shape is not None and len(extents) == 2 and extents == shape[1:3]:
        return f"{kind} to the photo's own size{corners}"
    if len(extents) != 2 or not all(isinstance(extent, int) for extent in extents):
        return f"{kind} to a size that varies{corners}"
    return f"{kind} to {extents[0]} x {extents[1]}{corners}"


def _values(array: np.ndarray) -> Values | None:
    """Return one value for each channel, or one for all; as many digits as a float32 has.

    None where arithmetic left no number.
    """
    if not np.isfinite(array).all():
        return None
    values = tuple(float(f"{value:.7g}") for value in array.ravel())
    return values[:1] if len({*values}) == 1 else values
