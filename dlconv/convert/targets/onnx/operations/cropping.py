"""Boxes cut out of images, each resized to one size.

Every box has rows and columns of its own. So the pixels of all images are one list, in which the
neighbours of a new pixel are looked up by their numbers. Where these lie is computed in float32 as
TensorFlow does (tensorflow/core/kernels/image/crop_and_resize_op.cc), whose rounding decides what
is outside and which pixel is nearest.
"""

from dataclasses import dataclass

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    computed,
    counted,
    extent_of,
    squeeze,
    unsqueeze,
)
from dlconv.convert.targets.onnx.tensors import Tensor


@dataclass(frozen=True)
class _Along:
    """The rows or columns that the boxes take, as tensors [boxes, rows, 1] or [boxes, 1, columns].

    ``low`` and ``high`` are int64, the pixels before and behind; ``share`` is float32, how far it
    is from one to the other; ``is_outside`` tells where the image does not reach.
    """

    low: Tensor
    high: Tensor
    share: Tensor
    is_outside: Tensor


@writes("CropAndResize")
def crop_and_resize(operation: Operation) -> Tensor:
    builder = operation.builder
    node, like = builder.node, builder.like
    image = operation.ranked(0).plain()
    tall, wide = (extent_of(builder, image, axis) for axis in (1, 2))
    sizes = operation.constant(3, "the size of its crops").ravel().tolist()
    rows, columns = _along(operation, 0, tall, int(sizes[0])), _along(operation, 1, wide, sizes[1])
    pixels = node("Flatten", image, axis=3)
    start = node("Mul", _batch(operation), as_tensor(builder, computed(builder, "Mul", tall, wide)))

    def at(row: Tensor, column: Tensor) -> Tensor:
        before = node("Add", start, node("Mul", row, as_tensor(builder, wide)))
        taken = node("Gather", pixels, node("Add", before, column), axis=0)
        return builder.cast(taken, "float32")

    def between(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
        return node("Add", one, node("Mul", node("Sub", other, one), share))

    if _is_nearest(operation):
        found = at(rows.low, columns.low)
    else:
        shares = [unsqueeze(builder, each.share, 3) for each in (rows, columns)]
        upper, lower = (
            between(at(row, columns.low), at(row, columns.high), shares[1])
            for row in (rows.low, rows.high)
        )
        found = between(upper, lower, shares[0])
    is_outside = unsqueeze(builder, node("Or", rows.is_outside, columns.is_outside), 3)
    return node("Where", is_outside, like(found, operation.number("extrapolation_value", 0)), found)


def _is_nearest(operation: Operation) -> bool:
    method = operation.text("method", "bilinear")
    if method not in ("bilinear", "nearest"):
        raise operation.refused(f"its method is {method}")
    return method == "nearest"


def _batch(operation: Operation) -> Tensor:
    """Return int64 [boxes, 1, 1]: the image of each box."""
    builder = operation.builder
    return unsqueeze(builder, builder.cast(operation.plain(2), "int64"), 1, 2)


def _along(operation: Operation, side: int, extent: Size, count: int) -> _Along:
    """Return what the boxes take along rows (side 0) or columns (side 1) of an image."""
    builder = operation.builder
    node, like = builder.node, builder.like
    place, last = _places(operation, side, extent, count)
    is_outside = node("Or", node("Less", place, like(place, 0)), node("Greater", place, last))
    inside = node("Min", node("Max", place, like(place, 0)), last)
    low = node("Floor", inside)
    share = node("Sub", inside, low)
    if _is_nearest(operation):
        is_nearer = node("GreaterOrEqual", share, like(share, 0.5))
        low = node("Add", low, builder.cast(is_nearer, "float32"))
    pixels = [builder.cast(pixel, "int64") for pixel in (low, node("Ceil", inside))]
    other = 2 - side
    low, high, share, is_outside = (
        unsqueeze(builder, tensor, other) for tensor in (*pixels, share, is_outside)
    )
    return _Along(low, high, share, is_outside)


def _places(operation: Operation, side: int, extent: Size, count: int) -> tuple[Tensor, Tensor]:
    """Return float32 [boxes, count], where rows or columns lie in the image, and its last one."""
    builder = operation.builder
    node, like = builder.node, builder.like
    start, end = (
        node("Gather", operation.plain(1), builder.integers(column), axis=1)
        for column in (side, side + 2)
    )
    last_one = computed(builder, "Sub", extent, 1)
    last = builder.cast(squeeze(builder, as_tensor(builder, last_one), 0), "float32")
    if count == 1:
        return node("Mul", node("Mul", node("Add", start, end), like(start, 0.5)), last), last
    scale = node("Div", node("Mul", node("Sub", end, start), last), like(start, count - 1))
    numbers = builder.cast(counted(builder, count), "float32")
    return node("Add", node("Mul", start, last), node("Mul", numbers, scale)), last
