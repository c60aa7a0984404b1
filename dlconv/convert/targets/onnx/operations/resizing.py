"""Resizing images: to the nearest pixel, bilinear, bicubic, and by areas.

TensorFlow computes in float32 which pixel each new one lies at, and its rounding decides which
pixel the nearest one is and which weights bicubic and area take. That arithmetic is written node by
node, so that sizes may vary; where they are fixed, it folds to constants. Bicubic and area weigh
rows and columns apart and are two products with matrices. Bilinear is ONNX's Resize, whose places
differ from TensorFlow's by the rounding alone: at pixel p by less than p / 2**21 of a pixel. One
pixel is repeated, since OpenCV 5.0 mixes in what lies beside it in memory.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from dlconv.convert.targets.bicubic import BICUBIC_STEPS, bicubic_table
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    at_hand,
    computed,
    counted,
    elements,
    extent_of,
    ordered,
    reduced,
    scalar,
    unsqueeze,
    vector,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

Convention = Literal["align_corners", "half_pixel", "asymmetric"]
# Gives float32 [wanted, given]: how much of each given pixel each wanted one takes.
Weights = Callable[[Operation, Size, Size], Tensor]


def _convention(operation: Operation) -> Convention:
    """Return how the pixels of two sizes lie to each other, as ONNX calls it."""
    if operation.flag("align_corners"):
        return "align_corners"
    return "half_pixel" if operation.flag("half_pixel_centers") else "asymmetric"


def _size(operation: Operation) -> list[Size]:
    """Return the height and width that are asked for."""
    return elements(operation, operation.plain(1), 2)


@writes("ResizeBilinear")
def bilinear(operation: Operation) -> Value:
    builder = operation.builder
    repeated = _repeated_pixel(operation)
    if repeated is not None:
        return repeated
    image = builder.cast(operation.ranked(0).first(), "float32")
    return ordered(operation, _resized(operation, image, "linear", _convention(operation)), True)


def _repeated_pixel(operation: Operation) -> Value | None:
    """Return images that are known to have one pixel in another size, None for others."""
    builder = operation.builder
    pixel, is_first = at_hand(operation.ranked(0))
    sides = slice(2, 4) if is_first else slice(1, 3)
    if pixel.shape is None or pixel.shape[sides] != (1, 1):
        return None
    sizes = [1, 1, *_size(operation)] if is_first else [1, *_size(operation), 1]
    floats = builder.cast(pixel, "float32")
    return ordered(operation, builder.node("Expand", floats, vector(builder, sizes)), is_first)


def _resized(
    operation: Operation, image: Tensor, mode: str, convention: str, **attributes: str
) -> Tensor:
    """Return an image with channels first as ONNX's Resize gives it."""
    builder = operation.builder
    sizes = vector(builder, [*(extent_of(builder, image, k) for k in (0, 1)), *_size(operation)])
    return builder.node(
        "Resize",
        image,
        None,
        None,
        sizes,
        mode=mode,
        coordinate_transformation_mode=convention,
        **attributes,
    )


@writes("ResizeNearestNeighbor")
def nearest(operation: Operation) -> Value:
    builder = operation.builder
    image, is_first = at_hand(operation.ranked(0))
    axes = (2, 3) if is_first else (1, 2)
    given = [extent_of(builder, image, axis) for axis in axes]
    rows, columns = (
        _nearest(operation, before, after)
        for before, after in zip(given, _size(operation), strict=True)
    )
    if is_first and image.dtype == "float32" and _are_repeated(given, (rows, columns)):
        image = _resized(operation, image, "nearest", "asymmetric", nearest_mode="floor")
        return ordered(operation, image, True)
    if is_first:
        # Along the last axis, ONNX Runtime would copy element by element.
        image = builder.transposed(image, (0, 1, 3, 2))
        image = builder.node("Gather", image, columns, axis=2)
        image = builder.transposed(image, (0, 1, 3, 2))
        return ordered(operation, builder.node("Gather", image, rows, axis=2), True)
    image = builder.node("Gather", image, rows, axis=1)
    return ordered(operation, builder.node("Gather", image, columns, axis=2), False)


def _are_repeated(given: Sequence[Size], taken: Sequence[Tensor]) -> bool:
    """Tell whether all rows and columns are known to be taken the same number of times."""
    return all(
        isinstance(extent, int)
        and pixels.value is not None
        and not pixels.value.size % extent
        and np.array_equal(pixels.value, np.arange(pixels.value.size) * extent // pixels.value.size)
        for extent, pixels in zip(given, taken, strict=True)
    )


def _nearest(operation: Operation, given: Size, wanted: Size) -> Tensor:
    """Return int32 [wanted]: the pixels that are taken."""
    builder = operation.builder
    node, like = builder.node, builder.like
    place = _place(operation, given, wanted)
    pixel = node("Floor", place)
    if operation.flag("align_corners"):
        # Halves are rounded up, which ONNX's Round does not do.
        is_nearer = node("GreaterOrEqual", node("Sub", place, pixel), like(place, 0.5))
        pixel = node("Add", pixel, builder.cast(is_nearer, "float32"))
    last = node("Sub", _number(operation, given), like(place, 1))
    return builder.cast(node("Min", pixel, last), "int32")


def _place(operation: Operation, given: Size, wanted: Size) -> Tensor:
    """Return float32 [wanted]: where the wanted pixels lie, or their middles if these align."""
    builder = operation.builder
    numbers = builder.cast(counted(builder, wanted), "float32")
    if operation.flag("half_pixel_centers"):
        numbers = builder.node("Add", numbers, builder.like(numbers, 0.5))
    return builder.node("Mul", numbers, _scale(operation, given, wanted))


def _scale(operation: Operation, given: Size, wanted: Size) -> Tensor:
    """Return how far apart the wanted pixels lie, a float32."""
    node, like = operation.builder.node, operation.builder.like
    before, after = (_number(operation, size) for size in (given, wanted))
    scale = node("Div", before, after)
    if not operation.flag("align_corners"):
        return scale
    one = like(scale, 1)
    steps = node("Sub", after, one)
    between = node("Div", node("Sub", before, one), node("Max", steps, one))
    have_two = node("Greater", node("Min", before, after), one)
    return node("Where", have_two, between, scale)


def _number(operation: Operation, size: Size) -> Tensor:
    """Return a size as a float32."""
    builder = operation.builder
    return builder.cast(scalar(builder, size), "float32")


@writes("ResizeBicubic")
def bicubic(operation: Operation) -> Value:
    return _weighed(operation, _bicubic)


@writes("ResizeArea")
def area(operation: Operation) -> Value:
    return _weighed(operation, _area)


def _weighed(operation: Operation, weights: Weights) -> Value:
    """Return the image as the weights of its rows and of its columns give it."""
    builder = operation.builder
    image = builder.cast(operation.ranked(0).first(), "float32")
    given = [extent_of(builder, image, axis) for axis in (2, 3)]
    rows, columns = (
        weights(operation, before, after)
        for before, after in zip(given, _size(operation), strict=True)
    )
    wide = builder.node("MatMul", image, builder.transposed(columns, (1, 0)))
    return ordered(operation, builder.node("MatMul", rows, wide), True)


def _bicubic(operation: Operation, given: Size, wanted: Size) -> Tensor:
    """Return the weights of bicubic.

    Near the border the outermost pixel counts several times; with half pixel centers the pixels
    outside are left out, and the others scaled to a sum of 1 (tensorflow/core/kernels/image/
    resize_bicubic_op.cc).
    """
    builder = operation.builder
    node, like = builder.node, builder.like
    is_centred = operation.flag("half_pixel_centers")
    place = _place(operation, given, wanted)
    if is_centred:
        place = node("Sub", place, like(place, 0.5))
    before = node("Floor", place)
    between = node("Sub", place, before)
    step = builder.cast(node("Round", node("Mul", between, like(place, BICUBIC_STEPS))), "int64")
    weights = node("Gather", builder.constant(bicubic_table(is_centred)), step, axis=0)
    first = unsqueeze(builder, builder.cast(before, "int64"), 1)
    pixels = node("Add", first, builder.integers(-1, 0, 1, 2))
    last = as_tensor(builder, computed(builder, "Sub", given, 1))
    inside = node("Min", node("Max", pixels, builder.integers(0)), last)
    if is_centred:
        weights = node("Where", node("Equal", pixels, inside), weights, like(weights, 0))
        weights = node("Div", weights, reduced(builder, "ReduceSum", weights, [1]))
    none = node("Expand", like(weights, 0), vector(builder, [wanted, given]))
    return node("ScatterElements", none, inside, weights, axis=1, reduction="add")


def _area(operation: Operation, given: Size, wanted: Size) -> Tensor:
    """Return the weights of areas: how much of each given pixel a wanted one covers.

    What it covers outside the image counts as the last pixel (tensorflow/core/kernels/image/
    resize_area_op.cc).
    """
    builder = operation.builder
    node, like = builder.node, builder.like
    scale = _scale(operation, given, wanted)
    one, nothing, endless = (like(scale, value) for value in (1, 0, np.inf))
    numbers = unsqueeze(builder, builder.cast(counted(builder, wanted), "float32"), 1)
    start = node("Mul", numbers, scale)
    end = node("Mul", node("Add", numbers, one), scale)
    low = builder.cast(counted(builder, given), "float32")
    high = node("Add", low, one)
    is_last = node("Equal", high, _number(operation, given))
    covered = node(
        "Sub",
        node("Min", node("Where", is_last, endless, high), end),
        node("Max", low, start),
    )
    is_within = node("And", node("Less", low, start), node("Greater", high, end))
    shares = node("Where", is_within, scale, node("Max", covered, nothing))
    return node("Div", shares, scale)
