"""The writers of all operations, one file a kind. Importing this registers them."""

from dlconv.convert.targets.onnx.operations import (
    blocks,
    choosing,
    convolution,
    cropping,
    deconvolution,
    dequantization,
    fake_quantization,
    multiplying,
    normalization,
    patches,
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
    deconvolution,
    dequantization,
    fake_quantization,
    multiplying,
    normalization,
    patches,
    pointwise,
    pooling,
    reducing,
    resizing,
    shaping,
    slicing,
)
