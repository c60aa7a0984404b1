"""Pooling: the greatest or the mean value in a window.

ONNX pads as TensorFlow does: with the lowest value for the greatest, and without counting the
padding for the mean.
"""

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.operations.convolution import padding_of, spatial_of
from dlconv.convert.targets.onnx.tensors import Value

KINDS = {"AvgPool": "AveragePool", "AvgPool3D": "AveragePool"}
KINDS |= {"MaxPool": "MaxPool", "MaxPool3D": "MaxPool", "MaxPoolV2": "MaxPool"}


@writes(*KINDS)
def pooling(operation: Operation) -> Value:
    image = operation.image()
    spatial = image.rank - 2
    if operation.op == "MaxPoolV2":
        sizes, strides = (_given(operation, k) for k in (1, 2))
    else:
        sizes, strides = (operation.integers(key) for key in ("ksize", "strides"))
    channel = -1 if operation.has_channels_last else 1
    if len(sizes) != spatial + 2 or sizes[0] != 1 or sizes[channel] != 1 or strides[channel] != 1:
        raise operation.refused("it pools over batch or channels")
    window, steps = spatial_of(operation, sizes), spatial_of(operation, strides)
    image, padding = padding_of(operation, image, window, steps, False)
    made = operation.builder.node(
        KINDS[operation.op], image, kernel_shape=window, strides=steps, **padding
    )
    return operation.of_image(made)


def _given(operation: Operation, index: int) -> list[int]:
    return [int(size) for size in np.asarray(operation.constant(index, "its window"))]
