"""Reductions, arg ops, sums along an axis, sorting and norms."""

from collections.abc import Sequence

import numpy as np

from dlconv.verify.conformance.cases import makes
from dlconv.verify.conformance.draw import EMPTY, LARGE, NOT_FINITE, Draw, Input, NoCaseError

SHAPE = (2, 3, 4, 5, 2, 3)
INDICES = ("int32", "int64")


def _axis_dtype(draw: Draw) -> np.dtype:
    return draw.dtype("Tidx", *INDICES)


@makes("Sum", "Mean", "Prod", "Max", "Min", "All", "Any", "EuclideanNorm")
def _reduction(draw: Draw) -> Sequence[Input]:
    is_logical = draw.definition.name in ("All", "Any")
    dtype = np.dtype(bool) if is_logical else draw.dtype("T")
    draw.is_wide = True
    rank = draw.pick("rank", 4, 1, 2, 3, 5, 6, 0)
    draw.edges(*([EMPTY] if is_logical else [NOT_FINITE, EMPTY]))
    wanted = draw.pick("axes", [1, 2], [0], [-1], [], [*range(rank)], [1, 3], [-2, -1], [0, 2])
    axes = [axis for axis in wanted if -rank <= axis < rank] or [0][: min(rank, len(wanted))]
    is_scalar = len(axes) == 1 and draw.pick("axis", "list", "scalar") == "scalar"
    draw.attribute("keep_dims", False, True)
    is_constant = draw.pick("axes are", "constant", "computed") == "constant"
    x = draw.values(dtype, SHAPE[:rank])
    if draw.definition.name == "Prod" and dtype.kind in "iu":
        x = (x % 3).astype(dtype)
    given = np.array(axes[0] if is_scalar else axes, _axis_dtype(draw))
    return [Input(x, False), Input(given, is_constant)]


@makes("ArgMax", "ArgMin")
def _arg(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "int32", "uint8", "float16", "int64", "bool", "float64")
    rank = draw.pick("rank", 4, 1, 2, 3, 5)
    axis = draw.pick("axis", rank - 1, -1, 0, 1, -2)
    draw.edges(NOT_FINITE)
    if not -rank <= axis < rank:
        raise NoCaseError
    draw.attribute("output_type", np.dtype("int64"), np.dtype("int32"))
    x = draw.values(dtype, [*SHAPE[: rank - 1], draw.pick("extent", 5, 1, 21)])
    if draw.pick("ties", "no", "yes") == "yes":
        x = np.round(x).astype(dtype)
    is_constant = draw.pick("axis is", "constant", "computed") == "constant"
    return [Input(x, False), Input(np.array(axis, _axis_dtype(draw)), is_constant)]


@makes("Cumsum", "Cumprod")
def _cumulative(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "int32", "float16", "int64", "uint8")
    rank = draw.pick("rank", 2, 1, 3, 4, 5)
    axis = draw.pick("axis", 0, rank - 1, -1, -rank)
    draw.attribute("exclusive", False, True)
    draw.attribute("reverse", False, True)
    x = draw.values(dtype, SHAPE[:rank])
    if draw.definition.name == "Cumprod" and dtype.kind in "iu":
        x = (x % 3).astype(dtype)
    return [Input(x, False), Input(np.array(axis, _axis_dtype(draw)), True)]


@makes("Softmax", "LogSoftmax")
def _softmax(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16", "float64")
    rank = draw.pick("rank", 4, 1, 2, 3, 5)
    draw.edges(LARGE, EMPTY)
    return [Input(draw.values(dtype, SHAPE[:rank]), False)]


@makes("TopKV2")
def _top_k(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "int32", "uint8", "float16", "int64")
    rank = draw.pick("rank", 2, 1, 3, 4)
    draw.attribute("sorted", True, False)
    if "Tk" in {each.name for each in draw.definition.attr}:
        draw.attribute("Tk", np.dtype("int32"))
    x = draw.values(dtype, [*SHAPE[: rank - 1], 7])
    if draw.pick("ties", "no", "yes") == "yes":
        x = np.round(x / 4).astype(dtype)
    is_constant = draw.pick("k is", "constant", "computed") == "constant"
    return [Input(x, False), Input(np.array(draw.pick("k", 3, 1, 7, 0), np.int32), is_constant)]


@makes("L2Loss")
def _loss(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 2, 1, 3, 4)
    return [Input(draw.values(draw.dtype("T", "float32", "float16"), SHAPE[:rank]), False)]


@makes("Bincount", "DenseBincount")
def _bincount(draw: Draw) -> Sequence[Input]:
    values = draw.random.integers(0, 6, 12).astype(np.int32)
    weights = draw.values(draw.dtype("T", "float32", "int32"), [draw.pick("weights", 12, 0)])
    size = Input(np.array(8, np.int32), True)
    return [Input(values, False), size, Input(weights, False)]
