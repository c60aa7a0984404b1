"""Pooling: the greatest or the mean value in a window, and the greatest with a kernel added to it.

ONNX pads as TensorFlow does: with the lowest value for the greatest, and without counting the
padding for the mean. For integers that MaxPool does not take, parts of an image are shifted and
compared. Of a window that holds minus infinity alone, TensorFlow gives the lowest finite number.
"""

import numpy as np

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.kernels import type_to_compute_in
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import as_tensor, counted, extent_of, product, reshape
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.convert.targets.onnx.windows import (
    Windows,
    bordered,
    framed,
    spatial,
    taps,
    windows_of,
)


@writes("AvgPool", "AvgPool3D")
def mean_pooling(operation: Operation) -> Value:
    image, windows = _pooled(operation)
    image, padding = framed(operation, image, windows)
    options = {"kernel_shape": windows.sizes, "strides": windows.strides, **padding}
    return operation.of_image(operation.builder.node("AveragePool", image, **options))


@writes("MaxPool", "MaxPool3D", "MaxPoolV2")
def max_pooling(operation: Operation) -> Value:
    return operation.of_image(_greatest(operation, *_pooled(operation)))


def _pooled(operation: Operation) -> tuple[Tensor, Windows]:
    """Return the image that is pooled, and with which windows."""
    if operation.op == "MaxPoolV2":
        sizes, strides = (operation.constant(k, "its window").tolist() for k in (1, 2))
        windows = Windows(spatial(operation, sizes), spatial(operation, strides), [1, 1])
    else:
        sizes = operation.integers("ksize")
        windows = windows_of(operation, spatial(operation, sizes))
    return operation.image(rank=len(sizes)), windows


def _greatest(operation: Operation, image: Tensor, windows: Windows) -> Tensor:
    """Return the greatest value in each window."""
    if type_to_compute_in("MaxPool", image.dtype) is None:
        return _greatest_of_taps(operation, image, windows)
    padding: dict[str, object] = {}
    if windows.is_dilated:
        image = bordered(operation, image, windows, _lowest(image.dtype))
    else:
        image, padding = framed(operation, image, windows)
    return operation.builder.node("MaxPool", image, **_options(windows), **padding)


def _options(windows: Windows) -> dict[str, object]:
    return {
        "kernel_shape": windows.sizes,
        "strides": windows.strides,
        **({"dilations": windows.rates} if windows.is_dilated else {}),
    }


def _lowest(dtype: str) -> float:
    """Return the least number of a type that is finite."""
    kind = np.dtype(dtype)
    return float(np.finfo(kind).min) if kind.kind == "f" else int(np.iinfo(kind).min)


def _greatest_of_taps(operation: Operation, image: Tensor, windows: Windows) -> Tensor:
    builder = operation.builder
    image = bordered(operation, image, windows, _lowest(image.dtype))
    along = zip(windows.sizes, windows.strides, windows.rates, strict=True)
    for axis, (size, stride, rate) in enumerate(along, start=2):
        image = builder.node("Max", *taps(builder, image, axis, int(str(size)), stride, rate))
    return image


@writes("MaxPoolWithArgmax")
def max_pooling_with_indices(operation: Operation) -> tuple[Value, Value]:
    """Write a pooling that also says where in the image the values were.

    TensorFlow counts the image's elements with channels last, and in one image of the batch unless
    it is told to include that; ONNX counts all with channels first.
    """
    builder, node = operation.builder, operation.builder.node
    image, windows = _pooled(operation)
    seen, padding = framed(operation, image, windows)
    greatest, place = builder.split("MaxPool", seen, count=2, **_options(windows), **padding)
    batch, channels, height, width = (extent_of(builder, image, axis) for axis in range(4))
    tall, wide = (extent_of(builder, seen, axis) for axis in (2, 3))
    pixel = node("Mod", place, as_tensor(builder, product([tall, wide], builder)))
    if seen is not image:
        row, column = (node(kind, pixel, as_tensor(builder, wide)) for kind in ("Div", "Mod"))
        pixel = node("Add", node("Mul", row, as_tensor(builder, width)), column)
    channel = reshape(builder, counted(builder, channels), [-1, 1, 1])
    found = node("Add", node("Mul", pixel, as_tensor(builder, channels)), channel)
    if operation.flag("include_batch_in_index"):
        number = reshape(builder, counted(builder, batch), [-1, 1, 1, 1])
        one = as_tensor(builder, product([height, width, channels], builder))
        found = node("Add", found, node("Mul", number, one))
    indices = builder.cast(found, operation.dtype("Targmax"))
    return operation.of_image(greatest), operation.of_image(indices)


@writes("Dilation2D")
def dilation(operation: Operation) -> Value:
    """Write the greatest value in each window after a kernel is added, as in morphology."""
    builder = operation.builder
    image, kernel = operation.image(rank=4), operation.ranked(1)
    sizes = [size for size in (kernel.shape or ())[:2] if isinstance(size, int)]
    if len(sizes) != 2:
        raise operation.refused("the size of its kernel is not known")
    windows = windows_of(operation, sizes, rates="rates")
    if kernel.constant is not None and not kernel.constant.any():
        return operation.of_image(_greatest(operation, image, windows))
    if np.dtype(image.dtype).kind != "f":
        raise operation.refused(f"its element type is {image.dtype}, and its kernel is not 0")
    image = bordered(operation, image, windows, -np.inf)
    columns = reshape(builder, kernel.plain(), [sizes[0] * sizes[1], -1, 1, 1])
    greatest = builder.like(image, _lowest(image.dtype))
    for number, tap in enumerate(_all_taps(builder, image, windows)):
        column = builder.node("Gather", columns, builder.constant(np.array(number)), axis=0)
        greatest = builder.node("Max", greatest, builder.node("Add", tap, column))
    return operation.of_image(greatest)


def _all_taps(builder: Builder, image: Tensor, windows: Windows) -> list[Tensor]:
    """Return what each element of the windows meets, row by row."""
    (height, width), rates = (int(str(size)) for size in windows.sizes), windows.rates
    rows = taps(builder, image, 2, height, windows.strides[0], rates[0])
    return [
        tap for row in rows for tap in taps(builder, row, 3, width, windows.strides[1], rates[1])
    ]
