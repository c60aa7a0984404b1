"""Normalization: by the neighbouring channels, and batch norms by what they are given."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, Written, writes


@writes("LRN")
def by_neighbours(operation: Operation) -> Tensor:
    fields = {
        "Radius": operation.integer("depth_radius"),
        "Bias": operation.number("bias"),
        "Alpha": operation.number("alpha"),
        "Beta": operation.number("beta"),
    }
    options = Options("LocalResponseNormalizationOptions", fields)
    return operation.add("LOCAL_RESPONSE_NORMALIZATION", operation.inputs[:1], options=options)


@writes("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def batch_norm(operation: Operation) -> Written:
    operation.need_channels_last()
    if operation.flag("is_training"):
        raise operation.refused("it normalizes by what it sees")
    image, scale, shift, mean, variance = operation.inputs[:5]
    wide = _sum(operation, variance, operation.const(operation.number("epsilon"), "float32"))
    factor = _product(operation, operation.add("RSQRT", [wide], shape=wide.shape), scale)
    options = Options("SubOptions")
    centred = operation.add("SUB", [image, mean], shape=image.shape, options=options)
    result = _sum(operation, _product(operation, centred, factor), shift)
    return [result, mean, variance, mean, variance]


def _sum(operation: Operation, one: Tensor, other: Tensor) -> Tensor:
    return operation.add("ADD", [one, other], shape=one.shape, options=Options("AddOptions"))


def _product(operation: Operation, one: Tensor, other: Tensor) -> Tensor:
    return operation.add("MUL", [one, other], shape=one.shape, options=Options("MulOptions"))
