"""Convolutions: CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and CONV_3D.

A kernel [height, width, in, out] of TensorFlow is [out, height, width, in] in LiteRT, and a
depthwise one, [height, width, in, multiplier], is [1, height, width, in * multiplier]. A kernel
that is computed is turned where the model runs. Strides and dilations are the same, and so is where
SAME pads.
"""

from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.litert.model import ACTIVATIONS, Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes

PADDINGS = {"SAME": 0, "VALID": 1}


@dataclass(frozen=True)
class Window:
    """How a window moves: its strides and dilations along height and width, and the padding."""

    strides: tuple[int, int]
    dilations: tuple[int, int]
    padding: int

    @property
    def fields(self) -> dict[str, int]:
        """The fields of the options of a convolution."""
        return {
            "Padding": self.padding,
            "StrideH": self.strides[0],
            "StrideW": self.strides[1],
            "DilationHFactor": self.dilations[0],
            "DilationWFactor": self.dilations[1],
        }


def window_of(operation: Operation) -> Window:
    """Return how the window of a node moves. Raises DlconvError if LiteRT cannot say it."""
    operation.need_channels_last()
    strides, dilations = operation.integers("strides"), operation.integers("dilations")
    if any(steps[0] != 1 or steps[3] != 1 for steps in (strides, dilations or [1, 1, 1, 1])):
        raise operation.refused("it steps over images or channels")
    steps = dilations or [1, 1, 1, 1]
    return Window((strides[1], strides[2]), (steps[1], steps[2]), padding_of(operation))


def padding_of(operation: Operation) -> int:
    """Return how a node pads. Raises DlconvError for borders that are stated in numbers."""
    padding = PADDINGS.get(operation.text("padding"))
    if padding is None:
        raise operation.refused("its borders are stated")
    return padding


@writes("Conv2D", "_FusedConv2D")
def convolution(operation: Operation) -> Tensor:
    window = window_of(operation)
    _need_floats(operation)
    _need_one_group(operation)
    kernel = _turned(operation, (3, 0, 1, 2))
    return _convolved(operation, "CONV_2D", "Conv2DOptions", kernel, window.fields)


@writes("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
def depthwise(operation: Operation) -> Tensor:
    window = window_of(operation)
    _need_floats(operation)
    height, width, channels, multiplier = _fixed_shape(operation, 1)
    kernel = _reshaped(operation, (1, height, width, channels * multiplier))
    fields = {**window.fields, "DepthMultiplier": multiplier}
    table = "DepthwiseConv2DOptions"
    return _convolved(operation, "DEPTHWISE_CONV_2D", table, kernel, fields)


def _need_floats(operation: Operation) -> None:
    if operation.inputs[0].dtype != "float32":
        raise operation.refused("its images are integers")


def _need_one_group(operation: Operation) -> None:
    channels, taken = operation.inputs[0].shape[-1], operation.inputs[1].shape[-2]
    if channels is None or channels != taken or not channels:
        raise operation.refused("it has groups, or channels that are not known")


def _fixed_shape(operation: Operation, index: int) -> tuple[int, ...]:
    shape = operation.inputs[index].shape
    if None in shape:
        raise operation.refused("the size of its kernel is free")
    return tuple(extent or 0 for extent in shape)


def _turned(operation: Operation, order: tuple[int, ...]) -> Tensor:
    """Return the kernel with its axes in another order."""
    kernel = operation.inputs[1]
    if kernel.constant is not None:
        return _kernel(operation, kernel.constant.transpose(order))
    shape = tuple(kernel.shape[axis] for axis in order)
    inputs = [kernel, operation.const(order, "int32")]
    return operation.add("TRANSPOSE", inputs, "float32", shape, Options("TransposeOptions"))


def _reshaped(operation: Operation, shape: tuple[int, ...]) -> Tensor:
    kernel = operation.inputs[1]
    if kernel.constant is not None:
        return _kernel(operation, kernel.constant.reshape(shape))
    return operation.reshaped(kernel, shape)


def _kernel(operation: Operation, weights: np.ndarray) -> Tensor:
    kernel = Tensor("float32", weights.shape, weights)
    operation.builder.name(kernel, operation.constant_name(1))
    return kernel


def _convolved(
    operation: Operation, code: str, table: str, kernel: Tensor, fields: dict[str, int]
) -> Tensor:
    image = operation.inputs[0]
    fused = _fused_parts(operation)
    has_bias = "BiasAdd" in fused
    bias = operation.inputs[2] if has_bias else _no_bias(operation, kernel, code)
    options = {**fields, "FusedActivationFunction": _activation(operation, fused)}
    return operation.add(code, [image, kernel, bias], options=Options(table, options))


def _fused_parts(operation: Operation) -> list[str]:
    return [part.decode() for part in operation.attribute("fused_ops").list.s]


def _no_bias(operation: Operation, kernel: Tensor, code: str) -> Tensor:
    channels = kernel.shape[0] if code == "CONV_2D" else kernel.shape[3]
    if channels is None:
        raise operation.refused("how many channels it gives is not known")
    return operation.const(np.zeros(channels), "float32")


def _activation(operation: Operation, fused: list[str]) -> int:
    others = [part for part in fused if part != "BiasAdd"]
    if len(others) > 1 or any(part.upper() not in ACTIVATIONS for part in others):
        raise operation.refused(f"it has {', '.join(others)} in it")
    return ACTIVATIONS[others[0].upper()] if others else 0


@writes("Conv2DBackpropInput")
def transposed(operation: Operation) -> Tensor:
    window = window_of(operation)
    if window.dilations != (1, 1):
        raise operation.refused("it is dilated")
    sizes, kernel, image = operation.inputs
    given = operation.shape()[3]
    if given is None or given != kernel.shape[2]:
        raise operation.refused("it has groups, or channels that are not known")
    fields = {key: window.fields[key] for key in ("Padding", "StrideH", "StrideW")}
    options = Options("TransposeConvOptions", fields)
    inputs = [sizes, _turned(operation, (2, 0, 1, 3)), image]
    return operation.add("TRANSPOSE_CONV", inputs, "float32", options=options)


@writes("Conv3D")
def of_volumes(operation: Operation) -> Tensor:
    if operation.text("data_format") != "NDHWC":
        raise operation.refused("its channels are not last")
    _need_floats(operation)
    _need_one_group(operation)
    strides, dilations = operation.integers("strides"), operation.integers("dilations")
    fields = {"Padding": padding_of(operation)}
    for index, axis in enumerate("DHW", start=1):
        fields[f"Stride{axis}"] = strides[index]
        fields[f"Dilation{axis}Factor"] = (dilations or [1] * 5)[index]
    options = Options("Conv3DOptions", fields)
    return operation.add("CONV_3D", operation.inputs[:2], options=options)
