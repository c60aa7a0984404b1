"""Operations that slide windows over images: convolutions, pools, patches, local response."""

from collections.abc import Sequence

import numpy as np

from dlconv.verify.conformance.cases import FUSED, makes
from dlconv.verify.conformance.draw import NOT_FINITE, Draw, Input, NoCaseError

FLOATS = ("float32", "float16", "float64")
# Height and width: odd, even, one.
# Windows with strides and dilations: what is right apart is often wrong together.
NO_STEP, NO_GAP = (1, 1), (1, 1)
WINDOWS = (
    ((3, 3), NO_STEP, NO_GAP),
    ((1, 1), NO_STEP, NO_GAP),
    ((2, 3), NO_STEP, NO_GAP),
    ((5, 1), NO_STEP, NO_GAP),
    ((1, 3), NO_STEP, NO_GAP),
    ((3, 3), (2, 2), NO_GAP),
    ((3, 3), (3, 3), NO_GAP),
    ((1, 1), (2, 2), NO_GAP),
    ((1, 1), (3, 3), NO_GAP),
    ((1, 3), (2, 2), NO_GAP),
    ((5, 1), (2, 2), NO_GAP),
    ((3, 3), (2, 1), NO_GAP),
    ((3, 3), NO_STEP, (2, 2)),
    ((3, 3), NO_STEP, (1, 3)),
    ((3, 3), (2, 2), (2, 2)),
    ((3, 3), (3, 3), (1, 3)),
)
POOLS = (
    ((2, 2), (2, 2)),
    ((3, 3), (2, 2)),
    ((3, 3), (1, 1)),
    ((1, 1), (1, 1)),
    ((1, 1), (2, 2)),
    ((1, 1), (2, 1)),
    ((3, 2), (3, 3)),
    ((2, 2), (2, 1)),
    ((7, 6), (1, 1)),
)
SIZES = ((7, 6), (8, 8), (5, 9), (1, 1), (1, 6), (13, 4))


def _is_last(draw: Draw) -> bool:
    return bool(draw.attribute("data_format", "NHWC", "NCHW") == "NHWC")


def _spread(is_last: bool, pair: Sequence[int]) -> list[int]:
    return [1, *pair, 1] if is_last else [1, 1, *pair]


def _image(draw: Draw, is_last: bool, channels: int, size: Sequence[int]) -> np.ndarray:
    dtype = draw.dtype("T")
    batch = draw.pick("batch", 1, 2)
    shape = [batch, *size, channels] if is_last else [batch, channels, *size]
    return draw.values(dtype, shape)


def _paddings(draw: Draw, is_last: bool, *options: str) -> None:
    if draw.attribute("padding", *options) == "EXPLICIT":
        pads = draw.pick("pads", (1, 1, 1, 1), (0, 2, 1, 0))
        spread = [0, 0, *pads, 0, 0] if is_last else [0, 0, 0, 0, *pads]
        draw.fixed("explicit_paddings", spread)


@makes("Conv2D", *FUSED)
def _convolution(draw: Draw) -> Sequence[Input]:
    is_fused = draw.definition.name.startswith("_Fused")
    is_depthwise = "Depthwise" in draw.definition.name
    draw.dtype("T", "float32") if is_fused else draw.dtype("T", *FLOATS)
    is_last = True if is_fused else _is_last(draw)
    draw.edges(*([] if is_fused else [NOT_FINITE]))
    size = draw.pick("size", *SIZES)
    kernel, strides, dilations = draw.pick("window", *WINDOWS)
    groups = 1 if is_fused else draw.pick("groups", 1, 2, 4)
    if strides != (1, 1) and dilations != (1, 1) and is_depthwise:
        raise NoCaseError
    draw.fixed("strides", _spread(is_last, strides))
    draw.fixed("dilations", _spread(is_last, dilations))
    _paddings(draw, is_last, "SAME", "VALID", *([] if is_depthwise else ["EXPLICIT"]))
    channels = 4
    x = _image(draw, is_last, channels, size)
    multiplier = draw.pick("outputs", 4, 1, 8)
    weights = [*kernel, channels // groups, multiplier]
    if is_depthwise:
        weights = [*kernel, channels, draw.pick("multiplier", 1, 2)]
    elif multiplier % groups:
        raise NoCaseError
    inputs = [
        Input(x, False),
        Input(
            draw.values(x.dtype, weights),
            draw.pick("kernel is", "constant", "computed") == "constant",
        ),
    ]
    if is_fused:
        fused = draw.pick("fused", ["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"])
        draw.fixed("fused_ops", fused)
        draw.fixed("num_args", 1)
        draw.fixed("data_format", "NHWC")
        draw.fixed("filter_format", "HWIO")
        outputs = weights[3] * (channels if is_depthwise else 1)
        inputs.append(Input(draw.values(x.dtype, [outputs]), True))
    return inputs


@makes("DepthwiseConv2dNative")
def _depthwise(draw: Draw) -> Sequence[Input]:
    draw.dtype("T", *FLOATS)
    is_last = _is_last(draw)
    draw.edges(NOT_FINITE)
    size = draw.pick("size", *SIZES)
    kernel, strides, dilations = draw.pick("window", *WINDOWS)
    if strides[0] != strides[1]:
        raise NoCaseError
    draw.fixed("strides", _spread(is_last, strides))
    draw.fixed("dilations", _spread(is_last, dilations))
    _paddings(draw, is_last, "SAME", "VALID", "EXPLICIT")
    channels = draw.pick("channels", 4, 3, 1)
    x = _image(draw, is_last, channels, size)
    weights = [*kernel, channels, draw.pick("multiplier", 1, 2)]
    is_constant = draw.pick("kernel is", "constant", "computed") == "constant"
    return [Input(x, False), Input(draw.values(x.dtype, weights), is_constant)]


@makes("Conv2DBackpropInput")
def _deconvolution(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", *FLOATS)
    is_last = _is_last(draw)
    size = draw.pick("size", *SIZES)
    kernel = draw.pick("kernel", (3, 3), (1, 1), (2, 2), (4, 4))
    strides = draw.pick("strides", (2, 2), (1, 1), (2, 1), (3, 3))
    dilations = draw.pick("dilations", (1, 1), (2, 2))
    draw.fixed("strides", _spread(is_last, strides))
    draw.fixed("dilations", _spread(is_last, dilations))
    padding = draw.attribute("padding", "SAME", "VALID")
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    more = draw.pick("wanted", 0, 1)
    if padding == "SAME":
        wanted = [n * s - (more if s > 1 else 0) for n, s in zip(size, strides, strict=True)]
    else:
        wanted = [(n - 1) * s + r for n, s, r in zip(size, strides, reach, strict=True)]
        wanted = [n + (more if s > 1 else 0) for n, s in zip(wanted, strides, strict=True)]
    batch, channels, outputs = 1, 3, 2
    spread = [batch, *wanted, outputs] if is_last else [batch, outputs, *wanted]
    x = [batch, *size, channels] if is_last else [batch, channels, *size]
    is_constant = draw.pick("sizes are", "constant", "computed") == "constant"
    holds_kernel = draw.pick("kernel is", "constant", "computed") == "constant"
    return [
        Input(np.array(spread, np.int32), is_constant),
        Input(draw.values(dtype, [*kernel, outputs, channels]), holds_kernel),
        Input(draw.values(dtype, x), False),
    ]


@makes("MaxPool", "AvgPool", "MaxPoolWithArgmax")
def _pool(draw: Draw) -> Sequence[Input]:
    op = draw.definition.name
    is_last = True if op == "MaxPoolWithArgmax" else _is_last(draw)
    draw.dtype("T", "float32", "float16", "int32", "uint8", "float64")
    draw.edges(*([NOT_FINITE] if op == "MaxPool" else []))
    size = draw.pick("size", *SIZES)
    draw.fixed(
        "ksize", _spread(is_last, draw.pick("ksize", (2, 2), (3, 3), (1, 1), (3, 2), (7, 6)))
    )
    draw.fixed("strides", _spread(is_last, draw.pick("strides", (2, 2), (1, 1), (2, 1), (3, 3))))
    _paddings(draw, is_last, "SAME", "VALID", *(["EXPLICIT"] if op == "MaxPool" else []))
    return [Input(_image(draw, is_last, draw.pick("channels", 3, 4, 1), size), False)]


@makes("MaxPoolV2")
def _pool_by_inputs(draw: Draw) -> Sequence[Input]:
    is_last = _is_last(draw)
    draw.dtype("T", "float32", "float16", "int32")
    ksize, strides = (_spread(is_last, each) for each in draw.pick("window", *POOLS))
    x = _image(draw, is_last, 3, draw.pick("size", *SIZES))
    return [
        Input(x, False),
        Input(np.array(ksize, np.int32), True),
        Input(np.array(strides, np.int32), True),
    ]


@makes("Conv3D")
def _convolution_3d(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", *FLOATS)
    is_last = draw.attribute("data_format", "NDHWC", "NCDHW") == "NDHWC"
    kernel = draw.pick("kernel", (2, 3, 3), (1, 1, 1))
    for key, options in (
        ("strides", [(1, 1, 1), (2, 2, 2), (1, 2, 2), (3, 3, 3)]),
        ("dilations", [(1, 1, 1), (1, 2, 2)]),
    ):
        found = draw.pick(key, *options)
        draw.fixed(key, [1, *found, 1] if is_last else [1, 1, *found])
    draw.attribute("padding", "SAME", "VALID")
    size = [4, 5, 6]
    x = draw.values(dtype, [1, *size, 2] if is_last else [1, 2, *size])
    return [Input(x, False), Input(draw.values(dtype, [*kernel, 2, 3]), True)]


@makes("MaxPool3D", "AvgPool3D")
def _pool_3d(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", *FLOATS)
    is_last = draw.attribute("data_format", "NDHWC", "NCDHW") == "NDHWC"
    for key, options in (
        ("ksize", [(2, 2, 2), (1, 3, 3), (1, 1, 1)]),
        ("strides", [(2, 2, 2), (1, 1, 1), (1, 2, 2)]),
    ):
        found = draw.pick(key, *options)
        draw.fixed(key, [1, *found, 1] if is_last else [1, 1, *found])
    draw.attribute("padding", "SAME", "VALID")
    size = [4, 5, 6]
    return [Input(draw.values(dtype, [1, *size, 2] if is_last else [1, 2, *size]), False)]


@makes("Dilation2D")
def _dilation(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16", "int32", "uint8")
    kernel = draw.pick("kernel", (3, 3), (1, 1), (2, 3))
    draw.fixed("strides", [1, *draw.pick("strides", (1, 1), (2, 2)), 1])
    draw.fixed("rates", [1, *draw.pick("rates", (1, 1), (2, 2)), 1])
    draw.attribute("padding", "SAME", "VALID")
    x = draw.values(dtype, [1, *draw.pick("size", *SIZES), 3])
    return [Input(x, False), Input(draw.values(dtype, [*kernel, 3]), True)]


@makes("ExtractImagePatches")
def _patches(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "int32", "uint8", "float16")
    for key, options in (
        ("ksizes", [(3, 3), (1, 1), (2, 3)]),
        ("strides", [(1, 1), (2, 2)]),
        ("rates", [(1, 1), (2, 2)]),
    ):
        draw.fixed(key, [1, *draw.pick(key, *options), 1])
    draw.attribute("padding", "SAME", "VALID")
    return [Input(draw.values(dtype, [1, *draw.pick("size", *SIZES), 3]), False)]


@makes("LRN")
def _local_response(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16")
    draw.attribute("depth_radius", 5, 1, 2)
    draw.attribute("bias", 1.0, 2.0)
    draw.attribute("alpha", 1.0, 0.01)
    draw.attribute("beta", 0.5, 0.75, 1.0)
    return [Input(draw.values(dtype, [1, 4, 5, draw.pick("channels", 4, 7, 1)]), False)]
