"""Colours as hue, saturation and value, and images with these or their contrast changed.

TensorFlow's kernels tell six sectors of hue apart; the hexcone of A. R. Smith ("Color gamut
transform pairs", 1978) that they compute is also the sum of three clipped ramps, which is what is
used here. Hue, saturation and value are between 0 and 1, with the channels last.
"""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.lower.arithmetic import (
    FLOAT32,
    INT32,
    cast,
    pointwise,
    scalar,
)
from dlconv.convert.targets.lower.operation import Operation, lowers


class _Arithmetic:
    """Pointwise operations on tensors and numbers of one type."""

    def __init__(self, operation: Operation, dtype: np.dtype) -> None:
        self.operation = operation
        self.dtype = dtype

    def __call__(self, op: str, *values: str | float) -> str:
        """Return what an operation gives."""
        named = (
            value if isinstance(value, str) else scalar(self.operation, value, self.dtype)
            for value in values
        )
        return pointwise(self.operation, op, *named, dtype=self.dtype)

    def clipped(self, value: str) -> str:
        """Return values between 0 and 1."""
        return self("Minimum", self("Maximum", value, 0), 1)

    def reduced(self, op: str, value: str, *axes: int) -> str:
        """Return what a reduction gives, with its axes."""
        over = self.operation.const(axes, INT32)
        return self.operation.add(op, value, over, T=self.dtype, Tidx=INT32, keep_dims=True)

    def channels(self, value: str) -> tuple[str, str, str]:
        """Return the three channels of an image."""
        axis = self.operation.const(-1, INT32)
        split = self.operation.add("Split", axis, value, T=self.dtype, num_split=3)
        return split, f"{split}:1", f"{split}:2"

    def joined(self, values: Sequence[str]) -> str:
        """Return channels as an image."""
        axis = self.operation.const(-1, INT32)
        types = {"T": self.dtype, "Tidx": INT32}
        return self.operation.add("ConcatV2", *values, axis, N=len(values), **types)


@lowers("RGBToHSV")
def _to_hsv(operation: Operation) -> str:
    compute = _Arithmetic(operation, operation.dtype())
    return compute.joined(_hsv(compute, operation.inputs[0]))


@lowers("HSVToRGB")
def _to_rgb(operation: Operation) -> str:
    compute = _Arithmetic(operation, operation.dtype())
    return _rgb(compute, compute.channels(operation.inputs[0]))


@lowers("AdjustSaturation")
def _saturate(operation: Operation) -> str:
    compute = _Arithmetic(operation, operation.dtype())
    hue, saturation, value = _hsv(compute, operation.inputs[0])
    scale = cast(operation, operation.inputs[1], FLOAT32, compute.dtype)
    return _rgb(compute, (hue, compute.clipped(compute("Mul", saturation, scale)), value))


@lowers("AdjustHue")
def _turn_hue(operation: Operation) -> str:
    """Turn the hue: the least and the greatest channel of each pixel stay as they are."""
    compute = _Arithmetic(operation, operation.dtype())
    image, by = operation.inputs
    hue, _, _ = _hsv(compute, image)
    turned = compute("AddV2", hue, cast(operation, by, FLOAT32, compute.dtype))
    turned = compute("Sub", turned, compute("Floor", turned))
    least, most = (compute.reduced(op, image, -1) for op in ("Min", "Max"))
    pure = compute.joined(_pure(compute, turned))
    return compute("AddV2", least, compute("Mul", compute("Sub", most, least), pure))


@lowers("AdjustContrastv2")
def _contrast(operation: Operation) -> str:
    """Move each channel of an image away from its mean, or nearer to it."""
    compute = _Arithmetic(operation, operation.dtype())
    image, factor = operation.inputs
    mean = compute.reduced("Mean", image, -3, -2)
    by = cast(operation, factor, FLOAT32, compute.dtype)
    return compute("AddV2", compute("Mul", compute("Sub", image, mean), by), mean)


def _hsv(compute: _Arithmetic, image: str) -> tuple[str, str, str]:
    red, green, blue = compute.channels(image)
    value = compute.reduced("Max", image, -1)
    spread = compute("Sub", value, compute.reduced("Min", image, -1))
    is_grey = compute("Equal", spread, 0)
    sixths = compute("Mul", compute("SelectV2", is_grey, 1, spread), 6)
    of_red, of_green, of_blue = (
        compute("RealDiv", compute("Sub", one, other), sixths)
        for one, other in ((green, blue), (blue, red), (red, green))
    )
    last = compute("AddV2", of_blue, 4 / 6)
    is_green = compute("Equal", green, value)
    hue = compute("SelectV2", is_green, compute("AddV2", of_green, 2 / 6), last)
    hue = compute("SelectV2", compute("Equal", red, value), of_red, hue)
    hue = compute("SelectV2", compute("Less", hue, 0), compute("AddV2", hue, 1), hue)
    is_bright = compute("Greater", value, 0)
    share = compute("RealDiv", spread, compute("SelectV2", is_bright, value, 1))
    saturation = compute("SelectV2", is_bright, share, 0)
    return compute("SelectV2", is_grey, 0, hue), saturation, value


def _rgb(compute: _Arithmetic, hsv: Sequence[str]) -> str:
    hue, saturation, value = hsv
    white = compute("Sub", 1, saturation)
    pure = _pure(compute, hue)
    shares = [compute("AddV2", white, compute("Mul", saturation, each)) for each in pure]
    return compute("Mul", compute.joined(shares), value)


def _pure(compute: _Arithmetic, hue: str) -> list[str]:
    """Return how much red, green and blue the pure colour of a hue has."""
    sectors = compute("Mul", hue, 6)

    def from_sector(start: float) -> str:
        return compute("Abs", compute("Sub", sectors, start))

    ramps = [
        compute("Sub", from_sector(3), 1),
        compute("Sub", 2, from_sector(2)),
        compute("Sub", 2, from_sector(4)),
    ]
    return [compute.clipped(ramp) for ramp in ramps]
