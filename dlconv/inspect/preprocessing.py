"""What a graph does to the pixels before its first convolution.

Read from the arithmetic with constants: what comes out is ``(pixel - mean) * scale``. Padding
values are given in units of the input's pixels, even where the graph pads after scaling. A graph
that runs its network on several images, scaled or flipped, has to do the same to the pixels of all.
"""

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True)
class _Pixels:
    """``factor * pixel + offset``, as far as the walk has come."""

    factor: np.ndarray
    offset: np.ndarray

    def is_as(self, other: "_Pixels") -> bool:
        """Tell whether both are the same function of a pixel."""
        return np.array_equal(self.factor, other.factor) and np.array_equal(
            self.offset, other.offset
        )


def find_preprocessing(flow: Flow, stages: dict[str, Stage]) -> Preprocessing:
    """Read the nodes between the input and the first convolution."""
    with np.errstate(all="ignore"):
        return _found(flow, stages)


def _found(flow: Flow, stages: dict[str, Stage]) -> Preprocessing:
    static = infer_static(flow.graph)
    pad_value: Values | None = None
    resizes: dict[str, None] = {}

    def so_far(node: NodeDef) -> Preprocessing:
        resize = " and ".join(resizes) or None
        return Preprocessing(resize, pad_value, None, None, f"{node.op} {node.name}")

    pixels = {flow.order[0].name: _Pixels(np.ones(1), np.zeros(1))}
    for node in flow.order:
        if stages[node.name] is not Stage.PREPROCESSING:
            continue
        before = _common(pixels, flow.sources(node.name))
        after = None if before is None else _after(static, node, before)
        if before is None or after is None:
            return so_far(node)
        pixels[node.name] = after
        if node.op in RESIZES:
            resizes[_resize(static, node)] = None
        elif node.op in PADS and static.whole_value(node, 1) is None:
            pad_value = _pad_value(static, node, before)
    given_on = [name for name in pixels if flow.consumers[name] - pixels.keys()] or [*pixels][-1:]
    last = _common(pixels, given_on)
    if last is None:
        return so_far(flow.graph.nodes[given_on[-1]])
    resize = " and ".join(resizes) or None
    mean = 0 - last.offset / last.factor
    return Preprocessing(resize, pad_value, _values(last.factor), _values(mean))


def _common(pixels: Mapping[str, _Pixels], names: Iterable[str]) -> _Pixels | None:
    """Return what has become of the pixels in all of these nodes; None where they differ."""
    found = [pixels.get(name) for name in names]
    first = found[0]
    is_same = all(each is not None and first is not None and each.is_as(first) for each in found)
    return first if is_same else None


def _after(static: Static, node: NodeDef, pixels: _Pixels) -> _Pixels | None:
    """Return what a node makes of the pixels; None if it does more than is followed."""
    if node.op in SAME_PIXELS | RESIZES | PADS or _flips(static, node):
        return pixels
    return _applied(static, node, pixels)


def _flips(static: Static, node: NodeDef) -> bool:
    """Tell whether a node reverses rows or columns of images [N, H, W, C]."""
    if node.op != "ReverseV2":
        return False
    shape, axes = static.shape(node, 0), static.whole_value(node, 1)
    return shape is not None and axes is not None and {*(axes % len(shape))} <= {1, 2}


def _applied(static: Static, node: NodeDef, pixels: _Pixels) -> _Pixels | None:
    """Apply arithmetic with one constant or one for each colour; None if a node is not that."""
    if node.op not in ARITHMETIC:
        return None
    first, second = (_constant(static, node, index) for index in (0, 1))
    value = second if first is None else first
    if value is None or value.size not in (1, COLOURS):
        return None
    is_second, constant = first is None, np.asarray(value, np.float64).ravel()
    factor, offset = pixels.factor, pixels.offset
    if node.op in ("Add", "AddV2"):
        return _Pixels(factor, offset + constant)
    if node.op == "Sub":
        return (
            _Pixels(factor, offset - constant) if is_second else _Pixels(-factor, constant - offset)
        )
    if not constant.all() or not (is_second or node.op == "Mul"):
        return None
    constant = constant if node.op == "Mul" else 1 / constant
    return _Pixels(factor * constant, offset * constant)


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
