"""Batch norms that normalize by what they see, and what else a batch norm gives.

The mean and the variance of each channel go to the result as they are, and to the other outputs as
an average with what is given, the variance as that of a sample
(tensorflow/core/kernels/fused_batch_norm_op.cc).
"""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.lower.arithmetic import FLOAT32, INT32, cast, reshaped
from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import computed, extents


@lowers("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _batch_norm(operation: Operation) -> str | list[str]:
    if operation.text("data_format") not in ("NHWC", "NDHWC"):
        raise operation.refused("its channels are not last")
    if operation.is_read(5):
        raise operation.refused("its sixth output is read")
    if operation.attribute("is_training").b:
        return _by_batch(operation)
    known = {"epsilon": operation.attribute("epsilon").f, "is_training": False}
    result = operation.again(*operation.inputs[:5], data_format="NHWC", **known)
    return [result, *operation.inputs[3:5], *operation.inputs[3:5]]


@lowers("BatchNormWithGlobalNormalization")
def _old_batch_norm(operation: Operation) -> str:
    """The batch norm of graphs of 2015: normalized by what it is given, scaled or not."""
    image, mean, variance, beta, gamma = operation.inputs
    dtype = operation.dtype()
    epsilon = operation.const(operation.attribute("variance_epsilon").f, dtype)
    factor = operation.add("Rsqrt", operation.add("AddV2", variance, epsilon, T=dtype), T=dtype)
    if operation.attribute("scale_after_normalization").b:
        factor = operation.add("Mul", factor, gamma, T=dtype)
    centred = operation.add("Sub", image, mean, T=dtype)
    scaled = operation.add("Mul", centred, factor, T=dtype)
    return operation.add("AddV2", scaled, beta, T=dtype)


def _by_batch(operation: Operation) -> str | list[str]:
    image, gamma, beta = operation.inputs[:3]
    given, axes = operation.dtype(), list(range(operation.rank(0) - 1))
    image = cast(operation, image, given, FLOAT32)
    mean = _mean(operation, image, axes)
    centred = operation.add("Sub", image, mean, T=FLOAT32)
    variance = _mean(operation, operation.add("Square", centred, T=FLOAT32), axes)
    epsilon = operation.const(operation.attribute("epsilon").f, FLOAT32)
    width = operation.add("AddV2", variance, epsilon, T=FLOAT32)
    factor = operation.add("Mul", operation.add("Rsqrt", width, T=FLOAT32), gamma, T=FLOAT32)
    scaled = operation.add("Mul", centred, factor, T=FLOAT32)
    result = operation.add("AddV2", scaled, beta, T=FLOAT32)
    result = cast(operation, result, FLOAT32, given)
    if any(operation.is_read(port) for port in range(1, 5)):
        return [result, *_statistics(operation, mean, variance)]
    return result


def _mean(operation: Operation, tensor: str, axes: Sequence[int]) -> str:
    """Return the mean over axes that stay, of extent 1."""
    over = operation.const(axes, np.int32)
    return operation.add("Mean", tensor, over, T=FLOAT32, Tidx=np.int32, keep_dims=True)


def _statistics(operation: Operation, mean: str, variance: str) -> list[str]:
    """Return the other outputs: what the next step takes, and what the batch had."""
    flat = operation.const([-1], np.int32)
    mean, variance = (reshaped(operation, each, flat, FLOAT32) for each in (mean, variance))
    sample = operation.add("Mul", variance, _correction(operation), T=FLOAT32)
    share = operation.attribute("exponential_avg_factor").f
    if share == 1:
        return [mean, sample, mean, variance]
    averages = [
        _average(operation, old, new, share)
        for old, new in zip(operation.inputs[3:5], (mean, sample), strict=True)
    ]
    return [*averages, mean, variance]


def _correction(operation: Operation) -> str:
    """Return n / (n - 1) for n pixels, 1 for one."""
    count, *rest = extents(operation, 0)[:-1]
    for size in rest:
        count = computed(operation, "Mul", count, size)
    others = computed(operation, "Maximum", computed(operation, "Sub", count, 1), 1)
    numbers = (
        operation.const(size, FLOAT32)
        if isinstance(size, int)
        else cast(operation, size, INT32, FLOAT32)
        for size in (count, others)
    )
    return operation.add("RealDiv", *numbers, T=FLOAT32)


def _average(operation: Operation, old: str, new: str, share: float) -> str:
    kept = operation.const(np.float32(1) - np.float32(share), FLOAT32)
    added = operation.const(share, FLOAT32)
    parts = (
        operation.add("Mul", tensor, factor, T=FLOAT32)
        for tensor, factor in ((old, kept), (new, added))
    )
    return operation.add("AddV2", *parts, T=FLOAT32)
