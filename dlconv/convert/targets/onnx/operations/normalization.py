"""Normalizations: over the batch, over neighbouring channels, and to a sum of 1."""

from collections.abc import Sequence

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    at_hand,
    axis_in,
    computed,
    extent_of,
    ordered,
    product,
    reduced,
    reshape,
)
from dlconv.convert.targets.onnx.tensors import Tensor, Value

BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


@writes(*BATCH_NORMS)
def batch_norm(operation: Operation) -> Sequence[Written]:
    """Write a batch norm with the statistics that it is given, or with those of the batch."""
    image = operation.image()
    scale, offset, mean, variance = (operation.plain(k) for k in range(1, 5))
    epsilon = operation.number("epsilon", 1e-4)
    if operation.flag("is_training", default=True):
        return _of_batch(operation, image, (scale, offset), epsilon)
    node = operation.builder.node
    made = node("BatchNormalization", image, scale, offset, mean, variance, epsilon=epsilon)
    return [operation.of_image(made), mean, variance, mean, variance]


def _of_batch(
    operation: Operation, image: Tensor, given: tuple[Tensor, Tensor], epsilon: float
) -> Sequence[Written]:
    builder = operation.builder
    node = builder.node
    if operation.number("exponential_avg_factor", 1.0) != 1.0:
        raise operation.refused("it updates averages over batches, as in training")
    axes = [axis for axis in range(image.rank) if axis != 1]
    mean = reduced(builder, "ReduceMean", image, axes)
    centred = node("Sub", image, mean)
    variance = reduced(builder, "ReduceMean", node("Mul", centred, centred), axes)
    column = [1, -1, *[1] * (image.rank - 2)]
    scale, offset = (reshape(builder, tensor, column) for tensor in given)
    spread = node("Sqrt", node("Add", variance, builder.like(variance, epsilon)))
    scaled = node("Mul", centred, node("Div", scale, spread))
    count = product([extent_of(builder, image, axis) for axis in axes], builder)
    unbiased = _unbiased(operation, variance, count)
    means, variances = (reshape(builder, tensor, [-1]) for tensor in (mean, unbiased))
    made = operation.of_image(node("Add", scaled, offset))
    return [made, means, variances, means, reshape(builder, variance, [-1])]


def _unbiased(operation: Operation, variance: Tensor, count: object) -> Tensor:
    """Return a variance times n / (n - 1), as the second output gives it."""
    builder = operation.builder
    node = builder.node
    less = computed(builder, "Max", computed(builder, "Sub", count, 1), 1)  # type: ignore[arg-type]
    sizes = [builder.integers(size) if isinstance(size, int) else size for size in (count, less)]
    ratio = node("Div", *(builder.cast(size, variance.dtype) for size in sizes))  # type: ignore[arg-type]
    return node("Mul", variance, ratio)


@writes("LRN")
def local_response_norm(operation: Operation) -> Value:
    reach = operation.integer("depth_radius", 5)
    size = 2 * reach + 1
    made = operation.builder.node(
        "LRN",
        operation.image(),
        size=size,
        alpha=operation.number("alpha", 1.0) * size,
        beta=operation.number("beta", 0.5),
        bias=operation.number("bias", 1.0),
    )
    return operation.of_image(made)


@writes("Softmax", "LogSoftmax")
def softmax(operation: Operation) -> Value:
    tensor, is_first = at_hand(operation.ranked(0))
    axis = axis_in(-1, tensor.rank, is_first)
    return ordered(operation, operation.builder.node(operation.op, tensor, axis=axis), is_first)


@writes("L2Loss")
def half_of_squares(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor = operation.ranked(0).plain()
    squares = builder.node("Mul", tensor, tensor)
    total = reduced(builder, "ReduceSum", squares, range(tensor.rank), keeps=False)
    return builder.node("Mul", total, builder.like(total, 0.5))
