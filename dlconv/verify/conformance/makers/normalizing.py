"""Operations with parameters for each channel: biases, batch norms, fake quantization."""

from collections.abc import Sequence

import numpy as np

from dlconv.verify.conformance.cases import makes
from dlconv.verify.conformance.draw import NOT_FINITE, Draw, Input


def _shape(draw: Draw, is_last: bool, rank: int) -> list[int]:
    extents = [2, 3, 5, 2, 3][: rank - 1]
    return [*extents, 4] if is_last else [extents[0], 4, *extents[1:]]


@makes("BiasAdd")
def _bias(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T")
    is_last = draw.attribute("data_format", "NHWC", "NCHW") == "NHWC"
    rank = draw.pick("rank", 4, 2, 3, 5)
    x = draw.values(dtype, _shape(draw, is_last, rank))
    is_constant = draw.pick("bias is", "constant", "computed") == "constant"
    return [Input(x, False), Input(draw.values(dtype, [4]), is_constant)]


@makes("BiasAddV1")
def _old_bias(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T")
    x = draw.values(dtype, _shape(draw, True, draw.pick("rank", 4, 2, 3)))
    return [Input(x, False), Input(draw.values(dtype, [4]), True)]


@makes("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _batch_norm(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16")
    parameters = dtype
    if draw.definition.name != "FusedBatchNorm":
        parameters = np.dtype(draw.attribute("U", np.dtype("float32")))
    is_last = draw.attribute("data_format", "NHWC", "NCHW") == "NHWC"
    draw.attribute("is_training", False, True)
    draw.attribute("epsilon", 1e-3, 1e-4, 0.1)
    draw.edges(NOT_FINITE)
    x = draw.values(dtype, _shape(draw, is_last, 4))
    is_constant = draw.pick("parameters are", "constant", "computed") == "constant"
    count = (
        0 if draw.attributes["is_training"] and draw.pick("old", "none", "given") == "none" else 4
    )
    scale, offset = (draw.random.normal(size=4).astype(parameters) for _ in range(2))
    mean = draw.random.normal(size=count).astype(parameters)
    variance = draw.random.uniform(0.5, 2, count).astype(parameters)
    return [
        Input(x, False),
        *(Input(each, is_constant) for each in (scale, offset, mean, variance)),
    ]


@makes("BatchNormWithGlobalNormalization")
def _old_batch_norm(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16")
    draw.attribute("variance_epsilon", 1e-3, 0.1)
    draw.attribute("scale_after_normalization", True, False)
    mean, beta, gamma = (draw.random.normal(size=4).astype(dtype) for _ in range(3))
    variance = draw.random.uniform(0.5, 2, 4).astype(dtype)
    parameters = [Input(each, True) for each in (mean, variance, beta, gamma)]
    return [Input(draw.values(dtype, [2, 3, 5, 4]), False), *parameters]


@makes("FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def _fake_quantization(draw: Draw) -> Sequence[Input]:
    draw.attribute("num_bits", 8, 4, 2, 16)
    low, high = draw.pick("range", (-3.1, 2.7), (0.0, 6.0), (-6.0, 6.0), (0.3, 4.0), (-4.0, -0.3))
    x = draw.values(np.dtype("float32"), [2, 3, 5, 4][: draw.pick("rank", 4, 1, 2, 3)])
    if draw.definition.name.endswith("Args"):
        draw.attribute("min", low)
        draw.attribute("max", high)
        return [Input(x, False)]
    many = draw.definition.name.endswith("PerChannel")
    ends = [
        np.float32(end) * np.linspace(1, 2, x.shape[-1], dtype=np.float32) if many else end
        for end in (low, high)
    ]
    is_constant = draw.pick("ends are", "constant", "computed") == "constant"
    return [Input(x, False), *(Input(np.asarray(end, np.float32), is_constant) for end in ends)]


@makes("Dequantize")
def _dequantization(draw: Draw) -> Sequence[Input]:
    draw.attribute("mode", "MIN_COMBINED", "MIN_FIRST", "SCALED")
    ends = [Input(np.asarray(end, np.float32), True) for end in (-3.0, 5.0)]
    return [Input(draw.values(np.dtype("uint8"), [2, 3]), False), *ends]
