"""Convolutions whose strides, gaps and borders TF.js does not put together as TensorFlow does."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import reshaped
from dlconv.convert.targets.lower.windows import Windows, padded, pads_of
from dlconv.graph.attributes import Value


@lowers("Conv2D", "DepthwiseConv2dNative")
def _convolution(operation: Operation) -> str:
    """The kernel gets the gaps if there are strides, too, and the border is added before.

    Where windows move by more than their size, wasm gives nothing but zeros for some sizes.
    """
    _check_layout(operation)
    image, shape = operation.shape(0), operation.extents(1)
    channels = image[3] if image is not None else None
    if operation.op == "Conv2D" and isinstance(channels, int) and channels != shape[2]:
        raise operation.refused("its kernel is computed, for groups of channels")
    rates, strides = operation.integers("dilations"), operation.integers("strides")
    tensor, kernel = operation.inputs[:2]
    changed: dict[str, Value] = {}
    if set(strides) != {1} and set(rates) != {1}:
        kernel = _with_gaps(operation, shape, rates[1:3])
        changed["dilations"] = [1, 1, 1, 1]
    if set(strides) != {1} or operation.text("padding") == "EXPLICIT":
        windows = Windows([1, *shape[:2], 1], rates, strides)
        pads = pads_of(operation, windows)
        tensor = padded(operation, tensor, pads, 0, operation.dtype())
        changed |= {"padding": "VALID", "explicit_paddings": []}
    return operation.again(tensor, kernel, **changed)


def _check_layout(operation: Operation) -> None:
    if operation.text("data_format") not in ("NHWC", "NDHWC"):
        raise operation.refused("its channels are not last")


@lowers("Conv2DBackpropInput")
def _gradient(operation: Operation) -> str:
    _check_layout(operation)
    rates = operation.integers("dilations")
    if rates[1:3] == [1, 1]:
        return operation.again(*operation.inputs)
    kernel = _with_gaps(operation, operation.extents(1), rates[1:3])
    size, _, image = operation.inputs
    return operation.again(size, kernel, image, dilations=[1, 1, 1, 1])


def _with_gaps(operation: Operation, shape: Sequence[int], rates: Sequence[int]) -> str:
    """Return the kernel with zeros between its rows and columns, as the dilated one is."""
    rows, columns, given, outputs = shape
    dtype, kernel = operation.dtype(), operation.inputs[1]
    tall, wide = ((size - 1) * rate + 1 for size, rate in zip((rows, columns), rates, strict=True))
    kernel = _spread(operation, kernel, (1, rows, columns * given * outputs), rates[0], dtype)
    kernel = _spread(operation, kernel, (tall, columns, given * outputs), rates[1], dtype)
    return reshaped(operation, kernel, [tall, wide, given, outputs], dtype)


def _spread(
    operation: Operation, tensor: str, shape: tuple[int, int, int], rate: int, dtype: np.dtype
) -> str:
    """Return [before, count, behind] with ``rate`` - 1 zeros between those of the middle axis."""
    before, count, behind = shape
    if rate == 1 or count == 1:
        return reshaped(operation, tensor, shape, dtype)
    apart = reshaped(operation, tensor, [before, count, 1, behind], dtype)
    gaps = [(0, 0), (0, 0), (0, rate - 1), (0, 0)]
    filled = padded(operation, apart, gaps, 0, dtype)
    joined = reshaped(operation, filled, [before, count * rate, behind], dtype)
    start = operation.const([0, 0, 0], np.int32)
    size = operation.const([before, (count - 1) * rate + 1, behind], np.int32)
    return operation.add("Slice", joined, start, size, T=dtype, Index=np.int32)


@lowers("Conv3D")
def _convolution_of_volumes(operation: Operation) -> str:
    """Windows that move by more than their size: TF.js takes away where nothing is to be added."""
    _check_layout(operation)
    sizes = [1, *operation.extents(1)[:3], 1]
    rates = operation.integers("dilations")
    windows = Windows(sizes, rates, operation.integers("strides"))
    dtype, pads = operation.dtype(), pads_of(operation, windows)
    image = padded(operation, operation.inputs[0], pads, 0, dtype)
    layout = {"data_format": "NDHWC", "dilations": rates}
    return operation.again(image, operation.inputs[1], padding="VALID", **layout)


@lowers("FusedPadConv2D", "FusedResizeAndPadConv2D")
def _padded_convolution(operation: Operation) -> str:
    """What TensorFlow's graph transforms put together: a resize, a mirroring border, windows.

    TensorFlow 2.21 gives other values for the images of a batch behind the first than for them
    alone.
    """
    shape = operation.shape(0)
    if shape is None or shape[0] != 1:
        raise operation.refused("TensorFlow mixes up its images unless there is one")
    image, *sizes, amounts, kernel = operation.inputs
    dtype = operation.dtype()
    if sizes:
        is_aligned = operation.attribute("resize_align_corners").b
        layout = {"align_corners": is_aligned, "half_pixel_centers": False}
        image = operation.add("ResizeBilinear", image, sizes[0], T=dtype, **layout)
    mode = operation.text("mode")
    image = operation.add("MirrorPad", image, amounts, T=dtype, Tpaddings=np.int32, mode=mode)
    return operation.add(
        "Conv2D",
        image,
        kernel,
        T=dtype,
        strides=operation.integers("strides"),
        dilations=[1, 1, 1, 1],
        padding=operation.text("padding"),
        explicit_paddings=[],
        data_format="NHWC",
    )


@lowers("DepthwiseConv2dNativeBackpropInput")
def _depthwise_gradient(operation: Operation) -> str:
    """It is that of a convolution of all channels whose kernel is 0 but for its own channel."""
    _check_layout(operation)
    given, dtype = operation.constant(1, "its kernel"), operation.dtype()
    rows, columns, channels, multiplier = given.shape
    kernel = np.zeros((rows, columns, channels, channels, multiplier), dtype)
    for channel in range(channels):
        kernel[:, :, channel, channel] = given[:, :, channel]
    size, _, image = operation.inputs
    return operation.add(
        "Conv2DBackpropInput",
        size,
        operation.const(kernel.reshape(rows, columns, channels, -1), dtype),
        image,
        T=dtype,
        strides=operation.integers("strides"),
        dilations=operation.integers("dilations"),
        padding=operation.text("padding"),
        explicit_paddings=operation.integers("explicit_paddings"),
        data_format="NHWC",
    )
