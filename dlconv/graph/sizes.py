"""Shapes once the size of the photo is known, or that it fits the crop."""

from dlconv.graph.contract import Contract, Findings, fixed_size
from dlconv.graph.graph import Graph
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes import Static, infer_static, numbers_of

Size = tuple[int, int]
Numbers = tuple[int | None, ...] | None
# What is known of an image's input and the crop.
Known = Contract | Findings


def usual_size(known: Known) -> Size | None:
    """Return the size (height, width) a graph is made for: its crop, or that of its input."""
    return known.crop or fixed_size(known.input)


def static_at(graph: Graph, known: Known, size: Size | None) -> Static:
    """Infer shapes for one photo of ``size`` (height, width); None leaves the input as it is.

    Extents that the graph fixes stay, too, and so does an input that is no image or batch of them.
    """
    shape = known.input.shape
    if size is None or shape is None or len(shape) not in (3, 4):
        return infer_static(graph)
    photo = (1, *size, shape[-1])[-len(shape) :]
    given: Shape = tuple(
        extent if fixed is None else fixed for fixed, extent in zip(shape, photo, strict=True)
    )
    return infer_static(graph, {known.input.node: given} if given != shape else None)


def shapes_within_crop(graph: Graph, known: Known) -> dict[str, Numbers]:
    """Return the shapes that every photo within the crop has; None where they vary with it."""
    if known.crop is None:
        return {name: numbers_of(shape) for name, shape in infer_static(graph).shapes.items()}
    height, width = known.crop
    whole, half = (
        static_at(graph, known, size).shapes for size in (known.crop, (height // 2, width // 2))
    )
    return {name: _shared(numbers_of(whole[name]), numbers_of(half[name])) for name in whole}


def _shared(first: Numbers, second: Numbers) -> Numbers:
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))
