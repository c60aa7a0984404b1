"""Boxes cut out of images, each resized to one size.

Every box has rows and columns of its own. So the pixels of all images are one list, in which the
neighbours of a new pixel are looked up by their numbers. Where these lie is computed in float32 as
TensorFlow does (tensorflow/core/kernels/image/crop_and_resize_op.cc), whose rounding decides what
is outside and which pixel is nearest.
"""

from dataclasses import dataclass

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    computed,
    counted,
    extent_of,
    scalar,
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
    image = operation.ranked(0).plain()
    extents = [extent_of(builder, image, axis) for axis in (1, 2)]
    sizes = operation.constant(3, "the size of its crops").ravel().tolist()
    rows, columns = (_along(operation, k, extents[k], int(sizes[k])) for k in (0, 1))
    if _is_nearest(operation):
        found = _pixels(operation, image, rows.low, columns.low)
    else:
        share = unsqueeze(builder, columns.share, 3)
        upper, lower = (
            _between(
                builder,
                _pixels(operation, image, row, columns.low),
                _pixels(operation, image, row, columns.high),
                share,
            )
            for row in (rows.low, rows.high)
        )
        found = _between(builder, upper, lower, unsqueeze(builder, rows.share, 3))
    is_outside = unsqueeze(builder, builder.node("Or", rows.is_outside, columns.is_outside), 3)
    beyond = builder.like(found, operation.number("extrapolation_value"))
    return builder.node("Where", is_outside, beyond, found)


def _pixels(operation: Operation, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return float32 [boxes, rows, columns, channels]: pixels of the image that each box is of."""
    builder = operation.builder
    node = builder.node
    height, width = (as_tensor(builder, extent_of(builder, image, axis)) for axis in (1, 2))
    images = unsqueeze(builder, builder.cast(operation.plain(2), "int64"), 1, 2)
    before = node("Mul", node("Add", node("Mul", images, height), rows), width)
    taken = node("Gather", node("Flatten", image, axis=3), node("Add", before, columns), axis=0)
    return builder.cast(taken, "float32")


def _between(builder: Builder, one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Return what lies a share of the way from one tensor to another."""
    return builder.node("Add", one, builder.node("Mul", builder.node("Sub", other, one), share))


def _is_nearest(operation: Operation) -> bool:
    method = operation.text("method")
    if method not in ("bilinear", "nearest"):
        raise operation.refused(f"its method is {method}")
    return method == "nearest"


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
    last = builder.cast(scalar(builder, last_one), "float32")
    if count == 1:
        return node("Mul", node("Mul", node("Add", start, end), like(start, 0.5)), last), last
    scale = node("Div", node("Mul", node("Sub", end, start), last), like(start, count - 1))
    numbers = builder.cast(counted(builder, count), "float32")
    return node("Add", node("Mul", start, last), node("Mul", numbers, scale)), last
