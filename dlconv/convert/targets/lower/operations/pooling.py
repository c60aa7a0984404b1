"""Pools that targets lack, or whose windows they fill wrongly at the border."""

import numpy as np

from dlconv.convert.targets.lower.arithmetic import NARROW, cast
from dlconv.convert.targets.lower.operation import Operation, lowers
from dlconv.convert.targets.lower.sizes import computed, counted, extents, reshaped
from dlconv.convert.targets.lower.windows import (
    Windows,
    largest,
    least,
    padded,
    pads_of,
    slices,
    total,
)

_PLACES = np.dtype(np.int32)
_BEHIND_ALL = np.iinfo(np.int32).max


@lowers("MaxPool", "MaxPool3D")
def _max_pool(operation: Operation) -> str:
    windows = _windows(operation)
    dtype = operation.dtype()
    pads = pads_of(operation, windows)
    is_plain = operation.op == "MaxPool" and windows.sizes[-1] == 1
    if dtype.kind == "f" and is_plain:
        tensor = padded(operation, operation.inputs[0], pads, _lowest(dtype), dtype)
        return _valid_pool(operation, tensor, dtype)
    if dtype in NARROW and is_plain:
        floats = np.dtype(np.float32)
        tensor = cast(operation, operation.inputs[0], dtype, floats)
        tensor = padded(operation, tensor, pads, _lowest(floats), floats)
        pooled = _valid_pool(operation, tensor, floats)
        return cast(operation, pooled, floats, dtype)
    tensor = padded(operation, operation.inputs[0], pads, _lowest(dtype), dtype)
    return largest(operation, slices(operation, tensor, windows, pads, dtype), dtype)


def _windows(operation: Operation) -> Windows:
    if operation.text("data_format") not in ("NHWC", "NDHWC", ""):
        raise operation.refused("its channels are not last")
    sizes = operation.integers("ksize")
    return Windows(sizes, [1] * len(sizes), operation.integers("strides"))


def _lowest(dtype: np.dtype) -> float:
    if dtype.kind == "f":
        return float(np.finfo(dtype).min)
    return max(np.iinfo(dtype).min, np.iinfo(np.int32).min)


def _valid_pool(operation: Operation, tensor: str, dtype: np.dtype) -> str:
    return operation.add(
        operation.op,
        tensor,
        T=dtype,
        ksize=operation.integers("ksize"),
        strides=operation.integers("strides"),
        padding="VALID",
        data_format="NHWC",
    )


@lowers("AvgPool")
def _mean_of_images(operation: Operation) -> str:
    """Divide the mean with zeros around the image by that of ones, whatever its size."""
    windows, dtype = _windows(operation), operation.dtype()
    pads = pads_of(operation, windows)
    ones = operation.add("OnesLike", operation.inputs[0], T=dtype)
    means = [
        _valid_pool(operation, padded(operation, each, pads, 0, dtype), dtype)
        for each in (operation.inputs[0], ones)
    ]
    return operation.add("RealDiv", *means, T=dtype)


@lowers("AvgPool3D")
def _mean_of_volumes(operation: Operation) -> str:
    """What is added around a volume is not counted."""
    windows, dtype = _windows(operation), operation.dtype()
    pads = pads_of(operation, windows)
    ones = operation.add("OnesLike", operation.inputs[0], T=dtype)
    totals = [
        total(operation, slices(operation, tensor, windows, pads, dtype), dtype)
        for tensor in (
            padded(operation, each, pads, 0, dtype) for each in (operation.inputs[0], ones)
        )
    ]
    return operation.add("RealDiv", *totals, T=dtype)


@lowers("MaxPoolV2")
def _max_pool_by_tensors(operation: Operation) -> str:
    sizes = operation.constant(1, "the size of its windows").tolist()
    strides = operation.constant(2, "how far its windows move").tolist()
    return operation.add(
        "MaxPool",
        operation.inputs[0],
        T=operation.dtype(),
        ksize=sizes,
        strides=strides,
        padding=operation.text("padding"),
        data_format=operation.text("data_format"),
    )


@lowers("MaxPoolWithArgmax")
def _max_pool_with_places(operation: Operation) -> str | list[str]:
    """The place of the greatest is the first, row by row, of those that equal it."""
    dtype = operation.dtype()
    pooled = operation.add(
        "MaxPool",
        operation.inputs[0],
        T=dtype,
        ksize=operation.integers("ksize"),
        strides=operation.integers("strides"),
        padding=operation.text("padding"),
        data_format="NHWC",
    )
    return [pooled, _places(operation, pooled, dtype)] if operation.is_read(1) else pooled


def _places(operation: Operation, pooled: str, dtype: np.dtype) -> str:
    windows = _windows(operation)
    pads = pads_of(operation, windows)
    batch, *image = extents(operation, 0)
    count = computed(operation, "Mul", computed(operation, "Mul", *image[:2]), image[2])
    numbers = reshaped(operation, counted(operation, count), [1, *image], _PLACES)
    places = padded(operation, numbers, pads, _BEHIND_ALL, _PLACES)
    tensor = padded(operation, operation.inputs[0], pads, _lowest(dtype), dtype)
    behind = operation.const(_BEHIND_ALL, _PLACES)
    found = []
    for values, at in zip(
        slices(operation, tensor, windows, pads, dtype),
        slices(operation, places, windows, pads, _PLACES),
        strict=True,
    ):
        is_greatest = operation.add("Equal", values, pooled, T=dtype)
        found.append(operation.add("SelectV2", is_greatest, at, behind, T=_PLACES))
    first = least(operation, found, _PLACES)
    if operation.attribute("include_batch_in_index").b:
        start = reshaped(operation, counted(operation, batch), [batch, 1, 1, 1], _PLACES)
        size = count if isinstance(count, str) else operation.const(count, _PLACES)
        first = operation.add(
            "AddV2", first, operation.add("Mul", start, size, T=_PLACES), T=_PLACES
        )
    return cast(operation, first, _PLACES, operation.dtype("Targmax"))
