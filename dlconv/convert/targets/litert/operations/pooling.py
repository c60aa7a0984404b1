"""Pools of images: MAX_POOL_2D and AVERAGE_POOL_2D."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes
from dlconv.convert.targets.litert.operations.convolution import PADDINGS, padding_of

_CODES = {"MaxPool": "MAX_POOL_2D", "AvgPool": "AVERAGE_POOL_2D"}


@writes(*_CODES)
def pool(operation: Operation) -> Tensor:
    operation.need_channels_last()
    size, strides = operation.integers("ksize"), operation.integers("strides")
    if any(extents[0] != 1 or extents[3] != 1 for extents in (size, strides)):
        raise operation.refused("it pools images or channels")
    padding = padding_of(operation)
    if operation.op == "AvgPool" and padding == PADDINGS["SAME"]:
        _need_larger_images(operation, size[1:3])
    fields = {
        "Padding": padding,
        "StrideH": strides[1],
        "StrideW": strides[2],
        "FilterHeight": size[1],
        "FilterWidth": size[2],
    }
    options = Options("Pool2DOptions", fields)
    return operation.add(_CODES[operation.op], operation.inputs, options=options)


def _need_larger_images(operation: Operation, window: list[int]) -> None:
    """Raise DlconvError for windows that may be larger than images, whose mean XNNPACK misses."""
    sides = operation.inputs[0].shape[1:3]
    if any(side is None or side < extent for side, extent in zip(sides, window, strict=True)):
        raise operation.refused("its window may be larger than the image")
