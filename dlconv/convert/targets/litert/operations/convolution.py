"""Convolutions: CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV.

A kernel [height, width, in, out] of TensorFlow is [out, height, width, in] in LiteRT, and a
depthwise one, [height, width, in, multiplier], is [1, height, width, in * multiplier]. Strides and
dilations are the same, and so is where SAME pads.
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
    kernel = _constant_kernel(operation)
    channels = operation.inputs[0].shape[3]
    if channels is None or kernel.shape[2] == 0 or channels != kernel.shape[2]:
        raise operation.refused("it has groups, or channels that are not known")
    weights = kernel.transpose(3, 0, 1, 2)
    return _convolved(operation, "CONV_2D", "Conv2DOptions", weights, window.fields)


@writes("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
def depthwise(operation: Operation) -> Tensor:
    window = window_of(operation)
    kernel = _constant_kernel(operation)
    height, width, channels, multiplier = kernel.shape
    weights = kernel.reshape(1, height, width, channels * multiplier)
    fields = {**window.fields, "DepthMultiplier": multiplier}
    table = "DepthwiseConv2DOptions"
    return _convolved(operation, "DEPTHWISE_CONV_2D", table, weights, fields)


def _constant_kernel(operation: Operation) -> np.ndarray:
    if operation.inputs[0].dtype != "float32":
        raise operation.refused("its images are integers")
    return operation.constant(1, "its kernel")


def _convolved(
    operation: Operation, code: str, table: str, weights: np.ndarray, fields: dict[str, int]
) -> Tensor:
    image = operation.inputs[0]
    kernel = Tensor("float32", weights.shape, weights)
    operation.builder.name(kernel, operation.constant_name(1))
    fused = _fused_parts(operation)
    has_bias = "BiasAdd" in fused
    bias = operation.inputs[2] if has_bias else _no_bias(operation, weights, code)
    options = {**fields, "FusedActivationFunction": _activation(operation, fused)}
    return operation.add(code, [image, kernel, bias], options=Options(table, options))


def _fused_parts(operation: Operation) -> list[str]:
    return [part.decode() for part in operation.attribute("fused_ops").list.s]


def _no_bias(operation: Operation, weights: np.ndarray, code: str) -> Tensor:
    channels = weights.shape[0] if code == "CONV_2D" else weights.shape[3]
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
    kernel = operation.constant(1, "its kernel")
    if operation.inputs[2].shape[3] != kernel.shape[3]:
        raise operation.refused("it has groups, or channels that are not known")
    sizes = operation.inputs[0]
    weights = kernel.transpose(2, 0, 1, 3)
    fields = {key: window.fields[key] for key in ("Padding", "StrideH", "StrideW")}
    options = Options("TransposeConvOptions", fields)
    inputs = [sizes, Tensor("float32", weights.shape, weights), operation.inputs[2]]
    return operation.add("TRANSPOSE_CONV", inputs, "float32", options=options)
