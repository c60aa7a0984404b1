"""Resizing that TF.js lacks, or does not do with integers.

Bicubic and area weigh rows and columns apart, so where sizes are fixed they are two products with
matrices of constants, in TensorFlow's float32 arithmetic (tensorflow/core/kernels/image/
resize_bicubic_op.cc, resize_area_op.cc). TF.js's wasm backend makes floats of integers that go to
the nearest pixel: here the places of the pixels are resized as floats, and gathered.
"""

from collections.abc import Callable

import numpy as np

from dlconv.convert.targets.bicubic import BICUBIC_STEPS, bicubic_table
from dlconv.convert.targets.lower.arithmetic import (
    FLOAT32,
    INT32,
    cast,
    element,
    extent,
    gathered,
    reshaped,
)
from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import counted

# Gives float32 [wanted, given]: how much of each given pixel each wanted one takes.
Weights = Callable[[Operation, int, int], np.ndarray]


@lowers("ResizeNearestNeighbor")
def _nearest(operation: Operation) -> str:
    value, size = operation.inputs
    dtype = operation.dtype()
    for axis in (1, 2):
        places = cast(
            operation, counted(operation, extent(operation, value, axis, dtype)), INT32, FLOAT32
        )
        column = reshaped(operation, places, operation.const([1, -1, 1, 1], INT32), FLOAT32)
        wanted = operation.add(
            "Pack",
            element(operation, size, axis - 1),
            operation.const(1, INT32),
            T=INT32,
            N=2,
            axis=0,
        )
        resized = operation.again(column, wanted, T=FLOAT32)
        flat = reshaped(operation, resized, operation.const([-1], INT32), FLOAT32)
        at = cast(operation, flat, FLOAT32, INT32)
        value = gathered(operation, value, at, operation.const(axis, INT32), dtype)
    return value


@lowers("ResizeBicubic")
def _bicubic(operation: Operation) -> str:
    return _weighed(operation, _bicubic_weights)


@lowers("ResizeArea")
def _area(operation: Operation) -> str:
    return _weighed(operation, _area_weights)


def _weighed(operation: Operation, weights: Weights) -> str:
    """Return an image as the weights of its rows and of its columns give it."""
    shape = operation.shape(0)
    if shape is None or len(shape) != 4:
        raise operation.refused("the rank of its image is not known")
    height, width, channels = (operation.fixed(extent) for extent in shape[1:])
    rows, columns = operation.constant(1, "its size").tolist()
    image = cast(operation, operation.inputs[0], operation.dtype(), FLOAT32)
    lines = _product(
        operation, weights(operation, height, rows), image, [-1, height, width * channels]
    )
    wide = _product(operation, weights(operation, width, columns), lines, [-1, width, channels])
    return reshaped(operation, wide, operation.const([-1, rows, columns, channels], INT32), FLOAT32)


def _product(operation: Operation, weights: np.ndarray, value: str, shape: list[int]) -> str:
    matrices = reshaped(operation, value, operation.const(shape, INT32), FLOAT32)
    factor = operation.const(weights, FLOAT32)
    return operation.add("BatchMatMulV2", factor, matrices, T=FLOAT32, adj_x=False, adj_y=False)


def _scale(operation: Operation, given: int, wanted: int) -> np.float32:
    """Return how far apart the wanted pixels lie."""
    if operation.attribute("align_corners").b and min(given, wanted) > 1:
        return np.float32(given - 1) / np.float32(wanted - 1)
    return np.float32(given) / np.float32(wanted)


def _bicubic_weights(operation: Operation, given: int, wanted: int) -> np.ndarray:
    """Return the weights of bicubic.

    Near the border the outermost pixel counts several times; with half pixel centers the pixels
    outside are left out, and the others scaled to a sum of 1.
    """
    is_centred = operation.attribute("half_pixel_centers").b
    half = np.float32(0.5 if is_centred else 0)
    place = (np.arange(wanted, dtype=np.float32) + half) * _scale(operation, given, wanted) - half
    before = np.floor(place)
    step = np.rint((place - before) * np.float32(BICUBIC_STEPS)).astype(int)
    weights = bicubic_table(is_centred)[step]
    pixels = before.astype(int)[:, None] + np.arange(-1, 3)
    inside = np.clip(pixels, 0, given - 1)
    if is_centred:
        weights = np.where(pixels == inside, weights, np.float32(0))
        weights = weights / weights.sum(1, keepdims=True, dtype=np.float32)
    matrix = np.zeros((wanted, given), np.float32)
    np.add.at(matrix, (np.arange(wanted)[:, None], inside), weights)
    return matrix


def _area_weights(operation: Operation, given: int, wanted: int) -> np.ndarray:
    """Return how much of each given pixel a wanted one covers.

    What it covers outside the image counts as the last pixel.
    """
    scale = _scale(operation, given, wanted)
    numbers = np.arange(wanted, dtype=np.float32)[:, None]
    start, end = numbers * scale, (numbers + np.float32(1)) * scale
    low = np.arange(given, dtype=np.float32)
    high = low + np.float32(1)
    reach = np.where(high == given, np.float32(np.inf), high)
    covered = np.maximum(np.minimum(reach, end) - np.maximum(low, start), np.float32(0))
    shares = np.where((low < start) & (high > end), scale, covered)
    return np.asarray(shares / scale, np.float32)
