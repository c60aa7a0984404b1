"""Resizing images: to the nearest pixel, bilinear, bicubic, and by areas.

ONNX's Resize computes where a pixel comes from in another way than TensorFlow, which rounds in
float32: nearest pixels are taken by TensorFlow's own indices unless the ratio is a whole number.
Bicubic and area are linear in the pixels of each axis; for sizes that are known, they are two
products with constant matrices.
"""

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    at_hand,
    counted,
    extent_of,
    ordered,
    squeeze,
    vector,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

# TensorFlow looks the weights of bicubic up in a table of so many steps.
BICUBIC_STEPS = 1024


@writes("ResizeBilinear")
def bilinear(operation: Operation) -> Value:
    builder = operation.builder
    image = operation.ranked(0).first()
    image = builder.cast(image, "float32")
    if operation.flag("align_corners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if operation.flag("half_pixel_centers") else "asymmetric"
    sizes = vector(builder, [*(extent_of(builder, image, k) for k in (0, 1)), *_size(operation)])
    resized = builder.node(
        "Resize", image, None, None, sizes, mode="linear", coordinate_transformation_mode=mode
    )
    return ordered(operation, resized, True)


def _size(operation: Operation) -> list[Size]:
    """Return the height and width that are asked for."""
    builder = operation.builder
    asked = builder.cast(operation.plain(1), "int64")
    found: list[Size] = []
    for axis in (0, 1):
        size = builder.node("Gather", asked, builder.integers(axis), axis=0)
        found.append(size if size.value is None else int(size.value[0]))
    return found


@writes("ResizeNearestNeighbor")
def nearest(operation: Operation) -> Value:
    builder = operation.builder
    image, is_first = at_hand(operation.ranked(0))
    axes = (2, 3) if is_first else (1, 2)
    given = [extent_of(builder, image, axis) for axis in axes]
    wanted = _size(operation)
    if is_first and image.dtype == "float32" and _are_whole(operation, given, wanted):
        sizes = vector(builder, [*(extent_of(builder, image, k) for k in (0, 1)), *wanted])
        image = builder.node(
            "Resize",
            image,
            None,
            None,
            sizes,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return ordered(operation, image, is_first)
    for axis, before, after in zip(axes, given, wanted, strict=True):
        indices = _nearest_indices(operation, before, after)
        image = builder.node("Gather", image, indices, axis=axis)
    return ordered(operation, image, is_first)


def _are_whole(operation: Operation, given: list[Size], wanted: list[Size]) -> bool:
    """Tell whether each pixel is repeated a whole number of times."""
    return not operation.flag("align_corners") and all(
        isinstance(before, int) and isinstance(after, int) and before and not after % before
        for before, after in zip(given, wanted, strict=True)
    )


def _nearest_indices(operation: Operation, given: Size, wanted: Size) -> Tensor:
    """Return int32 [wanted]: the pixels taken, computed in float32 as TensorFlow does."""
    builder = operation.builder
    node, like = builder.node, builder.like
    numbers = builder.cast(counted(builder, wanted), "float32")
    before, after = (
        builder.cast(squeeze(builder, as_tensor(builder, size), 0), "float32")
        for size in (given, wanted)
    )
    last = node("Sub", before, like(before, 1))
    scale = node("Div", before, after)
    if operation.flag("align_corners"):
        steps = node("Sub", after, like(after, 1))
        several = node("Greater", after, like(after, 1))
        between = node("Div", last, node("Max", steps, like(steps, 1)))
        scale = node("Where", several, between, scale)
        # TensorFlow rounds halves up, ONNX to even.
        place = node("Floor", node("Add", node("Mul", numbers, scale), like(numbers, 0.5)))
    elif operation.flag("half_pixel_centers"):
        place = node("Floor", node("Mul", node("Add", numbers, like(numbers, 0.5)), scale))
    else:
        place = node("Floor", node("Mul", numbers, scale))
    return builder.cast(node("Min", place, last), "int32")


@writes("ResizeBicubic", "ResizeArea")
def by_matrices(operation: Operation) -> Value:
    builder = operation.builder
    image = builder.cast(operation.ranked(0).first(), "float32")
    given = [extent_of(builder, image, axis) for axis in (2, 3)]
    wanted = _size(operation)
    rows, columns = (
        _matrix(operation, before, after) for before, after in zip(given, wanted, strict=True)
    )
    wide = builder.node("MatMul", image, builder.constant(np.ascontiguousarray(columns.T)))
    return ordered(operation, builder.node("MatMul", builder.constant(rows), wide), True)


def _matrix(operation: Operation, given: Size, wanted: Size) -> np.ndarray:
    if not isinstance(given, int) or not isinstance(wanted, int):
        raise operation.refused("the image's size is not fixed")
    aligns, centred = (operation.flag(key) for key in ("align_corners", "half_pixel_centers"))
    if operation.op == "ResizeArea":
        return area_weights(given, wanted, aligns)
    return bicubic_weights(given, wanted, aligns, centred)


def _scale(given: int, wanted: int, aligns: bool) -> np.float32:
    if aligns and wanted > 1:
        return np.float32(given - 1) / np.float32(wanted - 1)
    return np.float32(given) / np.float32(wanted)


def bicubic_weights(given: int, wanted: int, aligns: bool, centred: bool) -> np.ndarray:
    """Return float32 [wanted, given]: how much of each pixel TensorFlow's bicubic takes.

    The kernel is Keys' with a of -0.75, or -0.5 with half pixel centers, where weights outside the
    image are left out and the others scaled to a sum of 1 (tensorflow/core/kernels/image/
    resize_bicubic_op.cc).
    """
    scale = _scale(given, wanted, aligns)
    table = _bicubic_table(np.float32(-0.5 if centred else -0.75))
    weights = np.zeros((wanted, given), np.float32)
    for index in range(wanted):
        place = np.float32(index) * scale
        if centred:
            place = (np.float32(index) + np.float32(0.5)) * scale - np.float32(0.5)
        before = int(np.floor(place))
        step = int(np.rint((place - np.float32(before)) * np.float32(BICUBIC_STEPS)))
        four = np.array(
            [
                table[2 * step + 1],
                table[2 * step],
                table[2 * (BICUBIC_STEPS - step)],
                table[2 * (BICUBIC_STEPS - step) + 1],
            ],
            np.float32,
        )
        pixels = np.arange(before - 1, before + 3)
        bound = np.clip(pixels, 0, given - 1)
        if centred:
            four = np.where(pixels == bound, four, np.float32(0))
            total = four.sum(dtype=np.float32)
            if abs(total) >= 1000 * np.finfo(np.float32).tiny:
                four = four / total
        np.add.at(weights[index], bound, four)
    return weights


def _bicubic_table(a: np.float32) -> np.ndarray:
    """Return the weights at distances of up to 1, and of 1 to 2, in turn."""
    x = np.arange(BICUBIC_STEPS + 1, dtype=np.float32) / np.float32(BICUBIC_STEPS)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far_x = x + np.float32(1)
    far = ((a * far_x - 5 * a) * far_x + 8 * a) * far_x - 4 * a
    return np.stack([near, far], axis=1).reshape(-1).astype(np.float32)


def area_weights(given: int, wanted: int, aligns: bool) -> np.ndarray:
    """Return float32 [wanted, given]: how much of each pixel lies in each of the larger ones."""
    scale = _scale(given, wanted, aligns)
    weights = np.zeros((wanted, given), np.float32)
    for index in range(wanted):
        start = np.float32(index) * scale
        end = np.float32(index + 1) * scale
        pixels = np.arange(int(np.floor(start)), int(np.ceil(end)))
        shares = np.minimum(pixels + 1, end) - np.maximum(pixels, start)
        np.add.at(weights[index], np.clip(pixels, 0, given - 1), shares / scale)
    return weights
