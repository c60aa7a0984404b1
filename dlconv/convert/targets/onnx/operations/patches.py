"""Patches of an image, each as the channels of one pixel."""

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.tensors import Value
from dlconv.convert.targets.onnx.windows import bordered, spatial, taps, windows_of


@writes("ExtractImagePatches", "ExtractVolumePatches")
def patches(operation: Operation) -> Value:
    """Write the elements of the windows one after another, axis by axis, the innermost first."""
    builder = operation.builder
    sizes = operation.integers("ksizes")
    windows = windows_of(operation, spatial(operation, sizes), rates="rates")
    image = bordered(operation, operation.image(rank=len(sizes)), windows, 0)
    axes = range(2, len(sizes))
    along = zip(axes, spatial(operation, sizes), windows.strides, windows.rates, strict=True)
    for axis, size, stride, rate in reversed([*along]):
        image = builder.node("Concat", *taps(builder, image, axis, size, stride, rate), axis=1)
    return operation.of_image(image)
