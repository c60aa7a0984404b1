"""Colours as hue, saturation and value, and images with these or their contrast changed.

TensorFlow's kernels tell six sectors of hue apart; the hexcone of A. R. Smith ("Color gamut
transform pairs", 1978) that they compute is also the sum of three clipped ramps, which is written
here. Hue, saturation and value are between 0 and 1.
"""

from collections.abc import Sequence

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation, writes
from dlconv.convert.targets.onnx.snippets import at_hand, axis_in, clipped, ordered, reduced
from dlconv.convert.targets.onnx.tensors import Tensor, Value


@writes("RGBToHSV")
def to_hsv(operation: Operation) -> Value:
    builder = operation.builder
    tensor, axis, is_first = _image(operation)
    return ordered(operation, _joined(builder, _hsv(builder, tensor, axis), axis), is_first)


@writes("HSVToRGB")
def to_rgb(operation: Operation) -> Value:
    builder = operation.builder
    tensor, axis, is_first = _image(operation)
    return ordered(operation, _rgb(builder, _channels(builder, tensor, axis), axis), is_first)


@writes("AdjustSaturation")
def saturate(operation: Operation) -> Value:
    builder = operation.builder
    tensor, axis, is_first = _image(operation)
    hue, saturation, value = _hsv(builder, tensor, axis)
    scale = builder.cast(operation.plain(1), tensor.dtype)
    scaled = clipped(builder, builder.node("Mul", saturation, scale), 0, 1)
    return ordered(operation, _rgb(builder, (hue, scaled, value), axis), is_first)


@writes("AdjustHue")
def turn_hue(operation: Operation) -> Value:
    """Turn the hue: the least and the greatest channel of each pixel stay as they are."""
    builder = operation.builder
    node = builder.node
    tensor, axis, is_first = _image(operation)
    hue, _, _ = _hsv(builder, tensor, axis)
    turned = node("Add", hue, builder.cast(operation.plain(1), tensor.dtype))
    turned = node("Sub", turned, node("Floor", turned))
    least, most = (reduced(builder, kind, tensor, [axis]) for kind in ("ReduceMin", "ReduceMax"))
    pure = _joined(builder, _pure(builder, turned), axis)
    made = node("Add", least, node("Mul", node("Sub", most, least), pure))
    return ordered(operation, made, is_first)


@writes("AdjustContrastv2")
def contrast(operation: Operation) -> Value:
    """Move each channel of an image away from its mean, or nearer to it."""
    builder = operation.builder
    node = builder.node
    tensor, is_first = at_hand(operation.ranked(0))
    sides = [axis_in(axis, tensor.rank, is_first) for axis in (-3, -2)]
    mean = reduced(builder, "ReduceMean", tensor, sorted(sides))
    factor = builder.cast(operation.plain(1), tensor.dtype)
    made = node("Add", node("Mul", node("Sub", tensor, mean), factor), mean)
    return ordered(operation, made, is_first)


def _image(operation: Operation) -> tuple[Tensor, int, bool]:
    """Return an image, which of its axes has the channels, and whether they come first."""
    tensor, is_first = at_hand(operation.ranked(0))
    return tensor, axis_in(-1, tensor.rank, is_first), is_first


def _channels(builder: Builder, tensor: Tensor, axis: int) -> tuple[Tensor, ...]:
    return builder.split("Split", tensor, builder.integers(1, 1, 1), count=3, axis=axis)


def _joined(builder: Builder, channels: Sequence[Tensor], axis: int) -> Tensor:
    return builder.node("Concat", *channels, axis=axis)


def _hsv(builder: Builder, tensor: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    node, like = builder.node, builder.like
    red, green, blue = _channels(builder, tensor, axis)
    value = reduced(builder, "ReduceMax", tensor, [axis])
    spread = node("Sub", value, reduced(builder, "ReduceMin", tensor, [axis]))
    zero = like(tensor, 0)
    is_grey = node("Equal", spread, zero)
    sixths = node("Mul", node("Where", is_grey, like(tensor, 1), spread), like(tensor, 6))
    of_red, of_green, of_blue = (
        node("Div", node("Sub", one, other), sixths)
        for one, other in ((green, blue), (blue, red), (red, green))
    )
    hue = node(
        "Where",
        node("Equal", red, value),
        of_red,
        node(
            "Where",
            node("Equal", green, value),
            node("Add", of_green, like(tensor, 2 / 6)),
            node("Add", of_blue, like(tensor, 4 / 6)),
        ),
    )
    hue = node("Where", node("Less", hue, zero), node("Add", hue, like(tensor, 1)), hue)
    is_bright = node("Greater", value, zero)
    share = node("Div", spread, node("Where", is_bright, value, like(tensor, 1)))
    return (
        node("Where", is_grey, zero, hue),
        node("Where", is_bright, share, zero),
        value,
    )


def _rgb(builder: Builder, hsv: Sequence[Tensor], axis: int) -> Tensor:
    node = builder.node
    hue, saturation, value = hsv
    white = node("Sub", builder.like(value, 1), saturation)
    shares = [node("Add", white, node("Mul", saturation, each)) for each in _pure(builder, hue)]
    return node("Mul", _joined(builder, shares, axis), value)


def _pure(builder: Builder, hue: Tensor) -> list[Tensor]:
    """Return how much red, green and blue the pure colour of a hue has."""
    node, like = builder.node, builder.like
    sectors = node("Mul", hue, like(hue, 6))

    def from_sector(start: float) -> Tensor:
        return node("Abs", node("Sub", sectors, like(hue, start)))

    ramps = [
        node("Sub", from_sector(3), like(hue, 1)),
        node("Sub", like(hue, 2), from_sector(2)),
        node("Sub", like(hue, 2), from_sector(4)),
    ]
    return [clipped(builder, ramp, 0, 1) for ramp in ramps]
