"""Operations on images: resizes, crops and colours."""

from collections.abc import Sequence

import numpy as np

from dlconv.verify.conformance.cases import makes
from dlconv.verify.conformance.draw import Draw, Input, NoCaseError

SIZES = ((5, 7), (6, 4), (1, 1), (13, 9))
WANTED = ((11, 13), (5, 7), (3, 4), (1, 1), (10, 14), (33, 65), (2, 9))


@makes("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")
def _resize(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "uint8", "int32", "float16", "int64")
    size, wanted = draw.pick("size", *SIZES), draw.pick("wanted", *WANTED)
    has_centers = any(each.name == "half_pixel_centers" for each in draw.definition.attr)
    corners = draw.attribute("align_corners", False, True)
    if has_centers and draw.attribute("half_pixel_centers", False, True) and corners:
        raise NoCaseError
    x = np.abs(draw.values(dtype, [draw.pick("batch", 1, 2), *size, 3]))
    is_constant = draw.pick("size is", "constant", "computed") == "constant"
    return [Input(x, False), Input(np.array(wanted, np.int32), is_constant)]


@makes("CropAndResize")
def _crop(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "uint8")
    draw.attribute("method", "bilinear", "nearest")
    draw.attribute("extrapolation_value", 0.0, 2.5)
    x = np.abs(draw.values(dtype, [2, 6, 7, 3]))
    boxes = draw.pick(
        "boxes",
        [[0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]],
        [[-0.2, 0.1, 1.3, 0.9], [0.5, 0.5, 0.5, 0.5]],
        [[0.9, 0.8, 0.1, 0.0], [0, 0, 1, 1]],
    )
    wanted = draw.pick("wanted", (4, 5), (1, 1), (7, 3))
    return [
        Input(x, False),
        Input(np.array(boxes, np.float32), False),
        Input(np.array([0, 1], np.int32), False),
        Input(np.array(wanted, np.int32), True),
    ]


@makes("RGBToHSV", "HSVToRGB")
def _colours(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16")
    values = draw.random.uniform(size=[1, 4, 5, 3][-draw.pick("rank", 4, 2, 3) :]).astype(dtype)
    return [Input(values, False)]


@makes("AdjustContrastv2", "AdjustSaturation", "AdjustHue")
def _adjustments(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32")
    values = draw.random.uniform(size=[2, 4, 5, 3][-draw.pick("rank", 4, 3) :]).astype(dtype)
    amount = draw.pick("amount", 0.3, 1.0, 2.0)
    return [Input(values, False), Input(np.array(amount, np.float32), True)]
