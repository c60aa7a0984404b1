"""Normalizations: over the batch, over neighbouring channels, and to a sum of 1."""

from collections.abc import Sequence

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    Size,
    as_tensor,
    at_hand,
    computed,
    extent_of,
    ordered,
    product,
    reduced,
    reshape,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


@writes("_FusedBatchNormEx")
def batch_norm_with_activation(operation: Operation) -> Sequence[Written]:
    """Write a batch norm with a sum and an activation, as TensorFlow's Grappler joins them."""
    builder = operation.builder
    normed, *statistics = batch_norm(operation)
    assert isinstance(normed, Value)
    made = normed.first() if operation.has_channels_last else normed.plain()
    if operation.integer("num_side_inputs"):
        made = builder.node("Add", made, operation.image(5, rank=made.rank))
    activation = operation.text("activation_mode")
    if activation not in ("Identity", "Relu"):
        raise operation.refused(f"dlconv does not write {activation} in it")
    return [operation.of_image(builder.node(activation, made)), *statistics]


@writes(*BATCH_NORMS)
def batch_norm(operation: Operation) -> Sequence[Written]:
    """Write a batch norm with the statistics that it is given, or with those of the batch.

    They may be of a wider type than the image, in which the norm is then computed.
    """
    rank = len(operation.text("data_format"))
    builder, image = operation.builder, operation.image(rank=rank)
    scale, offset, mean, variance = (operation.plain(k) for k in range(1, 5))
    wide = builder.cast(image, scale.dtype)
    epsilon = operation.number("epsilon")
    if operation.flag("is_training"):
        made, *statistics = _of_batch(operation, wide, epsilon)
    else:
        statistics = [mean, variance, mean, variance]
        given = (scale, offset, mean, variance)
        made = builder.node("BatchNormalization", wide, *given, epsilon=epsilon)
    return [operation.of_image(builder.cast(made, image.dtype)), *statistics]


def _of_batch(operation: Operation, image: Tensor, epsilon: float) -> Sequence[Tensor]:
    """Return an image with the mean and variance of its channels moved to 0 and 1, and these."""
    builder = operation.builder
    node = builder.node
    axes = [axis for axis in range(image.rank) if axis != 1]
    mean = reduced(builder, "ReduceMean", image, axes)
    centred = node("Sub", image, mean)
    variance = reduced(builder, "ReduceMean", node("Mul", centred, centred), axes)
    column = [1, -1, *[1] * (image.rank - 2)]
    scale, offset = (reshape(builder, operation.plain(k), column) for k in (1, 2))
    spread = node("Sqrt", node("Add", variance, builder.like(variance, epsilon)))
    scaled = node("Mul", centred, node("Div", scale, spread))
    count = product([extent_of(builder, image, axis) for axis in axes], builder)
    unbiased = _unbiased(builder, variance, count)
    found = [reshape(builder, tensor, [-1]) for tensor in (mean, unbiased, variance)]
    averages = [
        _moved(operation, operation.plain(k), new) for k, new in ((3, found[0]), (4, found[1]))
    ]
    return [node("Add", scaled, offset), *averages, found[0], found[2]]


def _moved(operation: Operation, average: Tensor, new: Tensor) -> Tensor:
    """Return an average over batches after another one, or the new value if only that counts."""
    builder = operation.builder
    share = operation.number("exponential_avg_factor")
    if share == 1:
        return new
    change = builder.node("Mul", builder.node("Sub", new, average), builder.like(new, share))
    return builder.node("Add", average, change)


def _unbiased(builder: Builder, variance: Tensor, count: Size) -> Tensor:
    """Return a variance times n / (n - 1), as the second output gives it."""
    less = computed(builder, "Max", computed(builder, "Sub", count, 1), 1)
    sizes = [builder.cast(as_tensor(builder, size), variance.dtype) for size in (count, less)]
    return builder.node("Mul", variance, builder.node("Div", *sizes))


@writes("BatchNormWithGlobalNormalization")
def global_batch_norm(operation: Operation) -> Value:
    """Write the batch norm of TensorFlow's first releases."""
    image, builder = operation.image(rank=4), operation.builder
    mean, variance, offset, scale = (operation.plain(k) for k in range(1, 5))
    if not operation.flag("scale_after_normalization"):
        one = builder.like(scale, 1)
        scale = builder.node("Expand", one, builder.node("Shape", variance))
    epsilon = operation.number("variance_epsilon")
    given = (scale, offset, mean, variance)
    return operation.of_image(builder.node("BatchNormalization", image, *given, epsilon=epsilon))


@writes("LRN")
def local_response_norm(operation: Operation) -> Value:
    size = 2 * operation.integer("depth_radius") + 1
    alpha, beta = operation.number("alpha"), operation.number("beta")
    if alpha <= 0 or beta <= 0:
        raise operation.refused("ONNX Runtime needs its alpha and beta to be positive")
    bias = operation.number("bias")
    options = {"size": size, "alpha": alpha * size, "beta": beta, "bias": bias}
    return operation.of_image(operation.builder.node("LRN", operation.image(rank=4), **options))


@writes("Softmax", "LogSoftmax")
def softmax(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.inputs[0])
    axis = 1 if is_first else -1
    return ordered(operation, operation.builder.node(operation.op, tensor, axis=axis), is_first)


@writes("L2Loss")
def half_of_squares(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor, _ = at_hand(operation.inputs[0])
    total = builder.node("ReduceSum", builder.node("Mul", tensor, tensor), keepdims=0)
    half = builder.node("Mul", total, builder.like(total, 0.5))
    return builder.tensor_with_shape(half, ())
