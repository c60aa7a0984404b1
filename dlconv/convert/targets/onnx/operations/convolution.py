"""Convolutions, and the biases, batch norms and activations that follow them.

Images and kernels get channels first. A convolution adds a bias itself where nothing else reads it.
"""

from collections.abc import Callable, Mapping

import numpy as np

from dlconv.convert.targets.onnx.builder import CONVOLUTIONS, Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import (
    aligned,
    clipped,
    extent_of,
    ordered,
    product,
    reshape,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.convert.targets.onnx.windows import framed, windows_of
from dlconv.graph.graph import attribute, source_node
from dlconv.graph.inferred import Extent

DEPTHWISE = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative", "_FusedDepthwiseConv2dNative")


@writes("Conv2D", "Conv3D", "DepthwiseConv2dNative")
def convolution(operation: Operation) -> Value:
    return operation.of_image(_convolved(operation))


ACTIVATIONS: Mapping[str, Callable[[Operation, Tensor], Tensor]] = {
    "Elu": lambda operation, x: operation.builder.node("Elu", x, alpha=1.0),
    "LeakyRelu": lambda operation, x: operation.builder.node(
        "LeakyRelu", x, alpha=operation.number("leakyrelu_alpha")
    ),
    "Relu": lambda operation, x: operation.builder.node("Relu", x),
    "Relu6": lambda operation, x: clipped(operation.builder, x, 0, 6),
}


@writes("_FusedConv2D", *DEPTHWISE[1:])
def fused_convolution(operation: Operation) -> Value:
    """Write a convolution with what TensorFlow's Grappler has joined to it.

    The inputs behind the kernel belong to the operations that are joined, in their order.
    """
    builder = operation.builder
    names = attribute(operation.node, "fused_ops").list.s
    kinds = [name.decode(errors="replace") for name in names]
    given = list(range(2, len(operation.inputs)))
    if kinds[:1] == ["BiasAdd"]:
        made = _convolved(operation, operation.plain(given.pop(0)))
    elif kinds[:1] == ["FusedBatchNorm"]:
        statistics = [operation.plain(given.pop(0)) for _ in range(4)]
        epsilon = operation.number("epsilon")
        made = _convolved(operation)
        made = builder.node("BatchNormalization", made, *statistics, epsilon=epsilon)
    else:
        raise operation.refused(f"dlconv does not write {', '.join(kinds) or 'nothing'} in it")
    for kind in kinds[1:]:
        if kind == "Add":
            made = builder.node("Add", made, operation.image(given.pop(0), rank=made.rank))
        elif kind in ACTIVATIONS:
            made = ACTIVATIONS[kind](operation, made)
        else:
            raise operation.refused(f"dlconv does not write {kind} in it")
    return operation.of_image(made)


def _convolved(operation: Operation, *bias: Tensor) -> Tensor:
    """Return the Conv of an image and a kernel, with channels first."""
    kernel = operation.ranked(1).plain()
    builder, image = operation.builder, operation.image(rank=kernel.rank)
    if operation.text("filter_format", "HWIO") != "HWIO":
        raise operation.refused(f"its kernel is {operation.text('filter_format')}")
    if operation.op in DEPTHWISE:
        weights, group = depthwise_kernel(operation, image, kernel)
    else:
        weights = full_kernel(builder, kernel)
        group = groups_of(operation, _channels(image), _channels(weights))
    sizes = [extent_of(builder, weights, axis) for axis in range(2, weights.rank)]
    windows = windows_of(operation, sizes)
    image, padding = framed(operation, image, windows)
    options = {"strides": windows.strides, "dilations": windows.rates, "group": group}
    if all(isinstance(size, int) for size in sizes):
        options["kernel_shape"] = sizes
    return builder.node("Conv", image, weights, *bias, **padding, **options)


def full_kernel(builder: Builder, kernel: Tensor) -> Tensor:
    """Return a kernel with its outputs first, then its inputs."""
    spatial = kernel.rank - 2
    return builder.transposed(kernel, (spatial + 1, spatial, *range(spatial)))


def depthwise_kernel(
    operation: Operation, image: Tensor | None, kernel: Tensor
) -> tuple[Tensor, int]:
    """Return a depthwise kernel as one of groups, and how many these are.

    Raises DlconvError if neither the kernel nor the image shows it.
    """
    builder = operation.builder
    height, width, channels, multiplier = (extent_of(builder, kernel, k) for k in range(4))
    seen = [channels, None if image is None else _channels(image)]
    group = next((extent for extent in seen if isinstance(extent, int)), None)
    if group is None:
        raise operation.refused("how many channels its kernel has is not known")
    outputs = product([group, multiplier], builder)
    moved = builder.transposed(kernel, (2, 3, 0, 1))
    return reshape(builder, moved, [outputs, 1, height, width]), group


def _channels(tensor: Tensor) -> Extent:
    return None if tensor.shape is None else tensor.shape[1]


def groups_of(operation: Operation, given: Extent, taken: Extent) -> int:
    """Return in how many groups an image's channels are, by how many of them a kernel takes.

    One where that is not known. Raises DlconvError if they cannot be grouped so.
    """
    if not isinstance(given, int) or not isinstance(taken, int) or not taken:
        return 1
    if given % taken:
        raise operation.refused(f"its kernel takes {taken} channels, and the image has {given}")
    return given // taken


@writes("BiasAdd", "BiasAddV1")
def add_bias(operation: Operation) -> Value:
    image, bias, builder = operation.ranked(0), operation.inputs[1].constant, operation.builder
    if bias is not None and not bias.any():
        return image
    axis = image.rank - 1 if operation.has_channels_last else 1
    joined = _joined(operation, 0, 1, axis)
    if joined is not None:
        return joined
    if axis == image.rank - 1:
        (a, b), is_first = aligned(operation, operation.inputs)
        return ordered(operation, builder.node("Add", a, b), is_first)
    column = reshape(builder, operation.plain(1), [-1, *[1] * (image.rank - 2)])
    return operation.of_image(builder.node("Add", image.plain(), column))


def convolution_with_sum(operation: Operation) -> Value | None:
    """Return a convolution that adds a constant itself, if the node is the sum of these two.

    The constant has one value for each channel, in any shape that TensorFlow broadcasts so.
    """
    for image, other in ((0, 1), (1, 0)):
        constant, rank = operation.inputs[other].constant, operation.inputs[image].rank
        if constant is None or not 0 < constant.ndim <= rank:
            continue
        axis = rank - constant.ndim + int(np.argmax(constant.shape))
        if constant.size == max(constant.shape):
            return _joined(operation, image, other, axis)
    return None


def _joined(operation: Operation, image: int, bias: int, axis: int) -> Value | None:
    """Return a convolution with a bias along an axis of its own, which it adds itself.

    None if an input is no convolution, has its channels elsewhere, has another reader or a bias, or
    if the other input is not constant.
    """
    value, added = operation.inputs[image], operation.inputs[bias].constant
    if added is None or not operation.is_only_reader[image]:
        return None
    for tensor in value.tensors:
        is_first = value.has_first and tensor is value.first()
        channels = value.rank - 1 if is_first else 1
        if channels == axis and _takes_bias(operation, tensor, image, added.size):
            builder = operation.builder
            made = builder.join_bias(tensor, builder.constant(added.reshape(-1)))
            return ordered(operation, made, is_first)
    return None


def _takes_bias(operation: Operation, tensor: Tensor, index: int, size: int) -> bool:
    """Tell whether a tensor comes from a convolution with ``size`` channels and no bias yet.

    It has to be what the node of that input gives: of another's, there may be more readers.
    """
    builder, node = operation.builder, operation.builder.producer(tensor)
    if node is None or node.op_type not in CONVOLUTIONS or len(node.input) > 2:
        return False
    is_own = builder.made_for[tensor.name] == source_node(operation.node.input[index])
    return is_own and _channels(tensor) == size
