"""Convolutions and their gradients, which upsample, and biases.

Images and kernels get channels first. TensorFlow pads SAME at the end where it cannot pad evenly,
by amounts that depend on the image's size unless the stride is 1; where that size is not known,
ONNX pads in the same way itself (``SAME_UPPER``), which ONNX Runtime does for kernels without
dilation only.
"""

import math
from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    aligned,
    computed,
    extent_of,
    ordered,
    padded,
    reshape,
    taken,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

CONVOLUTIONS = ("Conv", "ConvTranspose")


@writes("Conv2D", "Conv3D")
def convolution(operation: Operation) -> Value:
    image, kernel = operation.image(), operation.ranked(1)
    spatial = kernel.rank - 2
    weights = operation.builder.transposed(kernel.plain(), (spatial + 1, spatial, *range(spatial)))
    return _convolved(operation, image, weights, _groups(operation, image, weights))


@writes("DepthwiseConv2dNative")
def depthwise_convolution(operation: Operation) -> Value:
    image, builder = operation.image(), operation.builder
    kernel = operation.ranked(1).plain()
    height, width, channels, multiplier = (extent_of(builder, kernel, k) for k in range(4))
    if not isinstance(channels, int):
        raise operation.refused("how many channels its kernel has is not known")
    outputs = channels * multiplier if isinstance(multiplier, int) else -1
    moved = builder.transposed(kernel, (2, 3, 0, 1))
    weights = reshape(builder, moved, [outputs, 1, height, width])
    return _convolved(operation, image, weights, channels)


def _groups(operation: Operation, image: Tensor, weights: Tensor) -> int:
    """Return in how many groups an image's channels are, by the channels that a kernel takes."""
    given, taken_ = (tensor.shape and tensor.shape[1] for tensor in (image, weights))
    if not isinstance(given, int) or not isinstance(taken_, int) or not taken_:
        return 1
    if given % taken_:
        raise operation.refused(f"its kernel takes {taken_} channels, and the image has {given}")
    return given // taken_


def _convolved(operation: Operation, image: Tensor, weights: Tensor, group: int) -> Value:
    builder = operation.builder
    spatial = image.rank - 2
    strides, rates = (_spatial(operation, key, spatial) for key in ("strides", "dilations"))
    sizes = (weights.shape or ())[2:]
    if operation.text("padding") == "SAME" and not all(isinstance(k, int) for k in sizes):
        raise operation.refused("the size of its kernel is not known")
    windows = [
        (int(k) - 1) * rate + 1 if isinstance(k, int) else 1
        for k, rate in zip(sizes, rates, strict=True)
    ]
    image, padding = padding_of(operation, image, windows, strides, any(r != 1 for r in rates))
    options = {
        "strides": strides,
        "dilations": rates,
        "group": group,
        **({"kernel_shape": list(sizes)} if all(isinstance(k, int) for k in sizes) else {}),
    }
    return operation.of_image(builder.node("Conv", image, weights, **padding, **options))


def _spatial(operation: Operation, key: str, spatial: int) -> list[int]:
    """Return strides or dilations of the axes besides batch and channels."""
    return spatial_of(operation, operation.integers(key) or [1] * (spatial + 2))


def spatial_of(operation: Operation, given: list[int]) -> list[int]:
    """Return what is given for the axes besides batch and channels."""
    return given[1:-1] if operation.has_channels_last else given[2:]


def padding_of(
    operation: Operation,
    image: Tensor,
    windows: Sequence[int],
    strides: Sequence[int],
    is_dilated: bool,
    value: float = 0,
) -> tuple[Tensor, dict[str, object]]:
    """Return an image, perhaps padded, and the attributes that say how else it is padded."""
    kind = operation.text("padding")
    if kind == "VALID":
        return image, {}
    if kind == "EXPLICIT":
        pairs = np.reshape(operation.integers("explicit_paddings"), (-1, 2)).tolist()
        inner = pairs[1:-1] if operation.has_channels_last else pairs[2:]
        return image, _pads([(int(a), int(b)) for a, b in inner])
    if kind != "SAME":
        raise operation.refused(f"it pads {kind or 'in no way that is known'}")
    extents = (image.shape or ())[2:]
    known = [
        _same_padding(extent, window, stride)
        for extent, window, stride in zip(extents, windows, strides, strict=True)
    ]
    if all(pair is not None for pair in known):
        return image, _pads([pair for pair in known if pair is not None])
    if not is_dilated:
        return image, {"auto_pad": "SAME_UPPER"}
    builder = operation.builder
    pairs_: list[tuple[Size, Size]] = [(0, 0), (0, 0)]
    for axis, (window, stride) in enumerate(zip(windows, strides, strict=True), start=2):
        pairs_.append(_same_padding_of(operation, extent_of(builder, image, axis), window, stride))
    return padded(builder, image, pairs_, builder.like(image, value)), {}


def _pads(pairs: Sequence[tuple[int, int]]) -> dict[str, object]:
    if not any(map(any, pairs)):
        return {}
    return {"pads": [before for before, _ in pairs] + [behind for _, behind in pairs]}


def _same_padding(extent: object, window: int, stride: int) -> tuple[int, int] | None:
    if stride == 1:
        total = window - 1
    elif isinstance(extent, int):
        total = max((math.ceil(extent / stride) - 1) * stride + window - extent, 0)
    else:
        return (0, 0) if window == 1 else None
    return total // 2, total - total // 2


def _same_padding_of(
    operation: Operation, extent: Size, window: int, stride: int
) -> tuple[Size, Size]:
    """Return how much is padded before and behind an extent that may not be known."""
    if isinstance(extent, int) or stride == 1:
        pair = _same_padding(extent, window, stride)
        assert pair is not None
        return pair
    builder = operation.builder
    steps = computed(builder, "Div", computed(builder, "Sub", extent, 1), stride)
    reach = computed(builder, "Add", computed(builder, "Mul", steps, stride), window)
    total = computed(builder, "Max", computed(builder, "Sub", reach, extent), 0)
    before = computed(builder, "Div", total, 2)
    return before, computed(builder, "Sub", total, before)


@writes("BiasAdd", "BiasAddV1")
def add_bias(operation: Operation) -> Value:
    image, bias = operation.ranked(0), operation.plain(1)
    builder = operation.builder
    if bias.value is not None and not bias.value.any():
        return image
    if image.rank < 3:
        return ordered(operation, builder.node("Add", image.plain(), bias), False)
    if operation.has_channels_last:
        joined = _joined(operation, bias)
        if joined is not None:
            return joined
        (a, b), is_first = aligned(operation, operation.inputs)
        return ordered(operation, builder.node("Add", a, b), is_first)
    column = reshape(builder, bias, [-1, *[1] * (image.rank - 2)])
    return operation.of_image(builder.node("Add", image.plain(), column))


def _joined(operation: Operation, bias: Tensor) -> Value | None:
    """Return a convolution that adds a bias itself, if only the bias reads it."""
    builder, image = operation.builder, operation.inputs[0]
    if not image.has_first or not operation.is_only_reader[0] or bias.value is None:
        return None
    made = image.first()
    node = builder.producer(made)
    if node is None or node.op_type not in CONVOLUTIONS or len(node.input) != 2:
        return None
    return operation.of_image(builder.join_bias(made, bias))


@writes("Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput")
def deconvolution(operation: Operation) -> Value:
    """Write the gradient of a convolution with respect to its input.

    It is a ConvTranspose that gives at least the size asked for, of which a part is taken: all of
    it where the sizes are known.
    """
    builder = operation.builder
    image, kernel = operation.image(2), operation.ranked(1).plain()
    spatial = image.rank - 2
    strides, rates = (_spatial(operation, key, spatial) for key in ("strides", "dilations"))
    if operation.op.startswith("Depthwise"):
        channels, multiplier = (extent_of(builder, kernel, k) for k in (2, 3))
        if not isinstance(channels, int) or not isinstance(multiplier, int):
            raise operation.refused("the shape of its kernel is not known")
        moved = builder.transposed(kernel, (2, 3, 0, 1))
        window = [extent_of(builder, kernel, k) for k in (0, 1)]
        weights = reshape(builder, moved, [channels * multiplier, 1, *window])
        group = channels
    else:
        weights = builder.transposed(kernel, (spatial + 1, spatial, *range(spatial)))
        group = 1
    sizes = (weights.shape or ())[2:]
    if not all(isinstance(size, int) for size in sizes):
        raise operation.refused("the size of its kernel is not known")
    windows = [(int(str(k)) - 1) * rate + 1 for k, rate in zip(sizes, rates, strict=True)]
    wanted = _sizes_wanted(operation, image, spatial)
    given = [extent_of(builder, image, axis) for axis in range(2, image.rank)]
    padding = _spatial_padding(operation, spatial)
    options = {"strides": strides, "dilations": rates, "group": group, "kernel_shape": list(sizes)}
    axes = list(zip(given, wanted, windows, strides, padding, strict=True))
    if all(isinstance(size, int) for size in (*given, *wanted)):
        pads, more = zip(*(_fixed(*axis) for axis in axes), strict=True)  # type: ignore[arg-type]
        if all(0 <= extra < max(s, r) for extra, s, r in zip(more, strides, rates, strict=True)):
            extra = {"output_padding": list(more)} if any(more) else {}
            made = builder.node("ConvTranspose", image, weights, **_pads(pads), **extra, **options)
            return operation.of_image(made)
    spare = [stride - 1 for stride in strides]
    extra = {"output_padding": spare} if any(spare) else {}
    made = builder.node("ConvTranspose", image, weights, **extra, **options)
    for axis, along in enumerate(axes, start=2):
        start = _first_taken(operation, *along)
        end = computed(builder, "Add", start, along[1])
        made = taken(builder, made, axis, start, end)
    return operation.of_image(made)


def _sizes_wanted(operation: Operation, image: Tensor, spatial: int) -> list[Size]:
    """Return the height and width that are asked for, from all sizes or from these alone."""
    builder, sizes = operation.builder, operation.plain(0)
    asked = builder.cast(sizes, "int64")
    count = None if asked.shape is None else asked.shape[0]
    if count not in (spatial, spatial + 2):
        raise operation.refused("how many sizes it is asked for is not known")
    skipped = 0 if count == spatial else 1 if operation.has_channels_last else 2
    found: list[Size] = []
    for axis in range(spatial):
        size = builder.node("Gather", asked, builder.integers(skipped + axis), axis=0)
        found.append(size if size.value is None else int(size.value[0]))
    return found


def _spatial_padding(operation: Operation, spatial: int) -> list[tuple[int, int] | None]:
    """Return the explicit padding of each axis, None for SAME."""
    kind = operation.text("padding")
    if kind == "VALID":
        return [(0, 0)] * spatial
    if kind == "SAME":
        return [None] * spatial
    pairs = np.reshape(operation.integers("explicit_paddings"), (-1, 2)).tolist()
    inner = pairs[1:-1] if operation.has_channels_last else pairs[2:]
    return [(int(a), int(b)) for a, b in inner]


def _fixed(
    given: int, wanted: int, window: int, stride: int, pair: tuple[int, int] | None
) -> tuple[tuple[int, int], int]:
    """Return the pads of a ConvTranspose and how much it has to add for the size wanted."""
    whole = (given - 1) * stride + window
    if pair is None:
        total = max(whole - wanted, 0)
        pair = (total // 2, total - total // 2)
    return pair, wanted - (whole - sum(pair))


def _first_taken(
    operation: Operation,
    given: Size,
    wanted: Size,
    window: int,
    stride: int,
    pair: tuple[int, int] | None,
) -> Size:
    if pair is not None:
        return pair[0]
    builder = operation.builder
    steps = computed(builder, "Mul", computed(builder, "Sub", given, 1), stride)
    whole = computed(builder, "Add", steps, window)
    total = computed(builder, "Max", computed(builder, "Sub", whole, wanted), 0)
    return computed(builder, "Div", total, 2)
