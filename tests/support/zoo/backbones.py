"""The backbones of the zoo, each from pixels [N, H, W, 3] to features of an output stride.

MobileNetV2 (arXiv 1801.04381), MobileNetV3 (1905.02244), MobileNetEdgeTPU with its fused inverted
residuals, Xception as DeepLabV3+ changed it (1802.02611), ResNet-50 v1 (1512.03385) and its beta
form, whose stem is three 3x3 convolutions. Where a stride would go beyond the output stride,
convolutions are atrous instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from support.zoo.builder import Builder, raw, tf


@dataclass(frozen=True)
class Features:
    """What a head takes: the last features, and earlier ones for a decoder, by their stride."""

    last: tf.Tensor
    early: dict[int, tf.Tensor]


@dataclass
class _Strides:
    """Strides until the output stride is reached, atrous rates from then on."""

    output: int
    stride: int = 2
    rate: int = 1

    def step(self, stride: int) -> tuple[int, int]:
        """Return the stride and the rate of a layer that would have this stride."""
        rate = self.rate
        if stride > 1 and self.stride >= self.output:
            self.rate *= stride
            return 1, rate
        self.stride *= stride
        return stride, rate


@dataclass(frozen=True)
class Block:
    """An inverted residual: channels between and out, stride, kernel, activation, its parts."""

    expansion: float
    channels: int
    stride: int = 1
    size: int = 3
    activation: str = "Relu6"
    excited: bool = False
    fused: bool = False


V2 = tuple(
    Block(1 if channels == 16 else 6, channels, stride if index == 0 else 1)
    for channels, repeats, stride in (
        (16, 1, 1),
        (24, 2, 2),
        (32, 2, 2),
        (64, 2, 2),
        (96, 2, 1),
        (160, 2, 2),
        (320, 1, 1),
    )
    for index in range(repeats)
)


def _v3(*rows: tuple[float, int, int, int, str, bool]) -> tuple[Block, ...]:
    return tuple(
        Block(expansion, channels, stride, size, activation, excited)
        for expansion, channels, stride, size, activation, excited in rows
    )


V3_LARGE = _v3(
    (1, 16, 1, 3, "Relu", False),
    (4, 24, 2, 3, "Relu", False),
    (3, 24, 1, 3, "Relu", False),
    (3, 40, 2, 5, "Relu", True),
    (3, 40, 1, 5, "Relu", True),
    (6, 80, 2, 3, "HardSwish", False),
    (2.5, 80, 1, 3, "HardSwish", False),
    (6, 112, 1, 3, "HardSwish", True),
    (6, 160, 2, 5, "HardSwish", True),
    (6, 160, 1, 5, "HardSwish", True),
)
V3_SMALL = _v3(
    (1, 16, 2, 3, "Relu", True),
    (72 / 16, 24, 2, 3, "Relu", False),
    (88 / 24, 24, 1, 3, "Relu", False),
    (4, 40, 2, 5, "HardSwish", True),
    (6, 40, 1, 5, "HardSwish", True),
    (3, 48, 1, 5, "HardSwish", True),
    (6, 96, 2, 5, "HardSwish", True),
    (6, 96, 1, 5, "HardSwish", True),
)
EDGE_TPU = (
    Block(1, 16, activation="Relu"),
    Block(8, 32, 2, activation="Relu", fused=True),
    Block(4, 32, activation="Relu", fused=True),
    Block(8, 48, 2, activation="Relu", fused=True),
    Block(4, 48, activation="Relu", fused=True),
    Block(8, 96, 2, activation="Relu"),
    Block(4, 96, activation="Relu"),
    Block(8, 96, activation="Relu"),
    Block(8, 160, 2, 5, activation="Relu"),
    Block(4, 160, size=5, activation="Relu"),
    Block(8, 192, activation="Relu"),
)


def mobilenet_v2(b: Builder, pixels: tf.Tensor, output_stride: int = 8) -> Features:
    return _inverted(b, pixels, "MobilenetV2", V2, output_stride, 32, "Relu6")


def mobilenet_v3(b: Builder, pixels: tf.Tensor, blocks, output_stride: int = 16) -> Features:
    """Also with the last 1x1 convolution, to six times the channels."""
    found = _inverted(b, pixels, "MobilenetV3", blocks, output_stride, 16, "HardSwish")
    wide = b.channels(6 * blocks[-1].channels)
    return Features(
        b.conv(found.last, "MobilenetV3/Conv_1", wide, activation="HardSwish"), found.early
    )


def mobilenet_edge_tpu(b: Builder, pixels: tf.Tensor, output_stride: int = 16) -> Features:
    return _inverted(b, pixels, "MobilenetEdgeTPU", EDGE_TPU, output_stride, 32, "Relu")


def _inverted(b, pixels, scope, blocks, output_stride, stem, activation) -> Features:
    strides, early = _Strides(output_stride), {}
    x = b.conv(pixels, f"{scope}/Conv", b.channels(stem), 3, 2, activation=activation)
    for index, block in enumerate(blocks):
        stride, rate = strides.step(block.stride)
        name = f"{scope}/expanded_conv" + (f"_{index}" if index else "")
        x = _inverted_residual(b, x, name, block, stride, rate)
        early[strides.stride] = x
    return Features(x, early)


def _inverted_residual(b: Builder, x, scope: str, block: Block, stride: int, rate: int):
    inner, inputs, outputs = x, x.shape[-1], b.channels(block.channels)
    wide = b.channels(round(block.expansion * inputs / b.width))
    options = {"activation": block.activation}
    if block.fused:
        inner = b.conv(inner, f"{scope}/expand", wide, block.size, stride, **options)
    else:
        if block.expansion > 1:
            inner = b.conv(inner, f"{scope}/expand", wide, **options)
        inner = b.depthwise(
            inner, f"{scope}/depthwise", block.size, stride=stride, rates=(rate, rate), **options
        )
    if block.excited:
        inner = _excited(b, inner, f"{scope}/squeeze_excite")
    inner = b.conv(inner, f"{scope}/project", outputs, activation="")
    return b.add(x, inner, f"{scope}/add") if stride == 1 and inputs == outputs else inner


def _excited(b: Builder, x: tf.Tensor, scope: str) -> tf.Tensor:
    """Squeeze and excitation (1709.01507), gated by a hard sigmoid."""
    channels = x.shape[-1]
    gate = b.mean(x, f"{scope}/Mean")
    gate = b.biased(gate, f"{scope}/Conv", max(8, channels // 4), "Relu")
    gate = b.biased(gate, f"{scope}/Conv_1", channels, "HardSigmoid")
    return b.quantize(raw.Mul(x=x, y=gate, name=b.name(f"{scope}/mul")), f"{scope}/act_quant")


def xception(
    b: Builder, pixels: tf.Tensor, variant: int, output_stride: int = 16, middle: int = 2
) -> Features:
    """Xception-65 or -71, whose entry flow has two more modules; ``middle`` equal ones of 16."""
    scope, strides, early = f"xception_{variant}", _Strides(output_stride), {}
    x = b.conv(pixels, f"{scope}/entry_flow/conv1_1", b.channels(32), 3, 2, explicit=True)
    x = b.conv(x, f"{scope}/entry_flow/conv1_2", b.channels(64), 3, explicit=True)
    longer = [(256, 1), (728, 1)] if variant == 71 else []
    entry = [(128, 2), *longer[:1], (256, 2), *longer[1:], (728, 2)]
    for index, (channels, stride) in enumerate(entry, 1):
        name, before = f"{scope}/entry_flow/block{index}", strides.stride
        x, early[before] = _module(b, x, name, [channels] * 3, stride, strides, "conv")
    for index in range(1, middle + 1):
        name = f"{scope}/middle_flow/block1/unit_{index}"
        x, _ = _module(b, x, name, [728] * 3, 1, strides, "sum")
    x, _ = _module(b, x, f"{scope}/exit_flow/block1", [728, 1024, 1024], 2, strides, "conv")
    name = f"{scope}/exit_flow/block2"
    x, _ = _module(b, x, name, [1536, 1536, 2048], 1, strides, "", inner_activation=True)
    return Features(x, early)


def _module(
    b: Builder,
    x: tf.Tensor,
    scope: str,
    channels: Sequence[int],
    stride: int,
    strides: _Strides,
    skip: str,
    inner_activation: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Three separable convolutions; returns also what comes out of the second."""
    stride, rate = strides.step(stride)
    inner, middle = x, x
    for index, count in enumerate(channels, 1):
        name = f"{scope}/separable_conv{index}"
        last = index == len(channels)
        if not inner_activation:
            inner = b.activation(inner, name, "Relu")
        inner = separable(
            b,
            inner,
            name,
            b.channels(count),
            stride=stride if last else 1,
            rates=(rate, rate),
            activation="Relu" if inner_activation else "",
        )
        middle = inner if index == 2 else middle
    if skip == "conv":
        shortcut = b.conv(
            x, f"{scope}/shortcut", b.channels(channels[-1]), 1, stride, activation=""
        )
        inner = b.add(inner, shortcut, f"{scope}/add")
    elif skip == "sum":
        inner = b.add(inner, x, f"{scope}/add")
    return inner, middle


def separable(
    b: Builder,
    x: tf.Tensor,
    scope: str,
    channels: int,
    stride: int = 1,
    rates: tuple[int, int] = (1, 1),
    activation: str = "Relu",
) -> tf.Tensor:
    """A depthwise and a pointwise convolution, a norm after each."""
    x = b.depthwise(
        x, f"{scope}_depthwise", stride=stride, rates=rates, activation=activation, explicit=True
    )
    return b.conv(x, f"{scope}_pointwise", channels, activation=activation)


def resnet_50(
    b: Builder, pixels: tf.Tensor, beta: bool = False, output_stride: int = 16
) -> Features:
    """Blocks of 3, 4, 6 and 3 units, of which equal ones in the middle are left out."""
    scope, strides, early = "resnet_v1_50", _Strides(output_stride), {}
    if beta:
        x = b.conv(pixels, f"{scope}/conv1_1", b.channels(64), 3, 2, explicit=True)
        x = b.conv(x, f"{scope}/conv1_2", b.channels(64), 3, explicit=True)
        x = b.conv(x, f"{scope}/conv1_3", b.channels(128), 3, explicit=True)
    else:
        x = b.conv(pixels, f"{scope}/conv1", b.channels(64), 7, 2, explicit=True)
    window = {"ksize": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
    x = raw.MaxPool(input=x, **window, name=b.name(f"{scope}/pool1/MaxPool"))
    strides.step(2)
    # A block's last unit has its stride.
    for index, (channels, units, stride) in enumerate(
        ((64, 2, 2), (128, 2, 2), (256, 3, 2), (512, 3, 1)), 1
    ):
        for unit in range(1, units + 1):
            own, rate = strides.step(stride if unit == units else 1)
            grid = unit if index == 4 else 1
            name = f"{scope}/block{index}/unit_{unit}/bottleneck_v1"
            if own == 1:
                early[strides.stride] = x
            x = _bottleneck(b, x, name, b.channels(channels), own, rate * grid)
    return Features(x, early)


def _bottleneck(b: Builder, x, scope: str, channels: int, stride: int, rate: int) -> tf.Tensor:
    outputs = 4 * channels
    if x.shape[-1] != outputs:
        shortcut = b.conv(x, f"{scope}/shortcut", outputs, 1, stride, activation="")
    elif stride > 1:
        window = {"ksize": [1, 1, 1, 1], "strides": [1, stride, stride, 1], "padding": "VALID"}
        shortcut = raw.MaxPool(input=x, **window, name=b.name(f"{scope}/shortcut/MaxPool"))
    else:
        shortcut = x
    inner = b.conv(x, f"{scope}/conv1", channels)
    inner = b.conv(inner, f"{scope}/conv2", channels, 3, stride, (rate, rate), explicit=True)
    inner = b.conv(inner, f"{scope}/conv3", outputs, activation="")
    return b.activation(b.add(shortcut, inner, f"{scope}/add"), scope, "Relu")
