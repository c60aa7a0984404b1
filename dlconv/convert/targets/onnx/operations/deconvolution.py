"""Gradients of convolutions with respect to their inputs, which enlarge images.

The gradient spreads each pixel over a window of the result, which is as large as the node is asked
for: of the several sizes that a convolution takes to one, its padding takes away what is too much,
and what is missing is 0. ONNX's ConvTranspose does both by constants. Where the size is computed it
gives the most that may be asked for, and a part of that is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.operations.convolution import (
    depthwise_kernel,
    full_kernel,
    groups_of,
)
from dlconv.convert.targets.onnx.snippets import Size, computed, elements, extent_of
from dlconv.convert.targets.onnx.tensors import Value
from dlconv.convert.targets.onnx.windows import (
    cut,
    pads_of,
    same_before_any,
    stated_borders,
    windows_of,
)


@dataclass(frozen=True)
class _Axis:
    """What ConvTranspose takes away before and behind and adds behind, and the part then taken."""

    before: int
    behind: int
    added: int
    part: tuple[Size, Size] | None = None


@writes("Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput")
def deconvolution(operation: Operation) -> Value:
    builder, kernel = operation.builder, operation.ranked(1).plain()
    image = operation.image(2, rank=kernel.rank)
    channels, wanted = _asked_for(operation, image.rank)
    if operation.op.startswith("Depthwise"):
        weights, group = depthwise_kernel(operation, None, kernel)
    else:
        weights = full_kernel(builder, kernel)
        taken = extent_of(builder, weights, 1)
        group = groups_of(operation, _number(channels), _number(taken))
    sizes = [extent_of(builder, weights, axis) for axis in range(2, weights.rank)]
    windows = windows_of(operation, sizes)
    spans = [span for span in windows.spans(builder) if isinstance(span, int)]
    if len(spans) != len(sizes):
        raise operation.refused("the size of its kernel is not known")
    stated = stated_borders(operation, len(sizes))
    borders = [None] * len(sizes) if stated is None else stated
    given = [extent_of(builder, image, axis) for axis in range(2, image.rank)]
    axes = [
        _axis(operation, *along)
        for along in zip(given, wanted, spans, windows.strides, borders, strict=True)
    ]
    added = [axis.added for axis in axes]
    options = {
        "strides": windows.strides,
        "dilations": windows.rates,
        "group": group,
        "kernel_shape": sizes,
        **pads_of([(axis.before, axis.behind) for axis in axes]),
        **({"output_padding": added} if any(added) else {}),
    }
    made = builder.node("ConvTranspose", image, weights, **options)
    parts = {k: axis.part for k, axis in enumerate(axes, start=2) if axis.part is not None}
    return operation.of_image(cut(builder, made, parts))


def _asked_for(operation: Operation, rank: int) -> tuple[Size | None, Sequence[Size]]:
    """Return the channels and the sizes of the other axes that are asked for, but for the batch.

    The channels are None where only the others are given.
    """
    asked = operation.plain(0)
    count = None if asked.shape is None else asked.shape[0]
    found = elements(operation, asked, count if isinstance(count, int) else 0)
    if count == rank - 2:
        return None, found
    if count != rank:
        raise operation.refused("how many sizes it is asked for is not known")
    at = rank - 1 if operation.has_channels_last else 1
    return found[at], [size for axis, size in enumerate(found) if axis not in (0, at)]


def _number(size: Size | None) -> int | None:
    return size if isinstance(size, int) else None


def _axis(
    operation: Operation,
    given: Size,
    wanted: Size,
    span: int,
    stride: int,
    border: tuple[int, int] | None,
) -> _Axis:
    """Return how the size wanted comes about; ``border`` is what SAME leaves open."""
    if isinstance(wanted, int):
        return _axis_of_size(operation, given, wanted, span, stride, border)
    if border is not None:
        return _Axis(*border, stride - 1, (0, wanted) if stride > 1 else None)
    least, missing = max(span - stride, 0), max(stride - span, 0)
    before = same_before_any(span, stride)
    if before is not None:
        return _Axis(before, least - before, missing, (0, wanted) if stride > 1 else None)
    start = _same_before(operation, given, wanted, span, stride)
    end = computed(operation.builder, "Add", start, wanted)
    return _Axis(0, 0, missing, (start, end))


def _axis_of_size(
    operation: Operation,
    given: Size,
    wanted: int,
    span: int,
    stride: int,
    border: tuple[int, int] | None,
) -> _Axis:
    if border is None:
        steps = -(-wanted // stride)
        total = max((steps - 1) * stride + span - wanted, 0)
        border = (total // 2, total - total // 2)
    else:
        steps = (wanted + sum(border) - span) // stride + 1
    if isinstance(given, int) and given != steps:
        raise operation.refused(f"an image of {given} does not come from one of {wanted}")
    return _Axis(*border, wanted + sum(border) - (steps - 1) * stride - span)


def _same_before(operation: Operation, given: Size, wanted: Size, span: int, stride: int) -> Size:
    builder = operation.builder
    steps = computed(builder, "Mul", computed(builder, "Sub", given, 1), stride)
    whole = computed(builder, "Add", steps, span)
    total = computed(builder, "Max", computed(builder, "Sub", whole, wanted), 0)
    return computed(builder, "Div", total, 2)
