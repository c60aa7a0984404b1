"""The writers of all operations, one file a kind. Importing this registers them."""

from dlconv.convert.targets.onnx.operations import (
    blocks,
    choosing,
    convolution,
    cropping,
    dequantization,
    fake_quantization,
    gathering,
    multiplying,
    normalization,
    padding,
    pointwise,
    pooling,
    reducing,
    resizing,
    shaping,
    slicing,
)

KINDS = (
    blocks,
    choosing,
    convolution,
    cropping,
    dequantization,
    fake_quantization,
    gathering,
    multiplying,
    normalization,
    padding,
    pointwise,
    pooling,
    reducing,
    resizing,
    shaping,
    slicing,
)
