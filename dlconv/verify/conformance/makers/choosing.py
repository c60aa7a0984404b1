"""Operations that choose values by indices or conditions, or put them at places."""

from collections.abc import Sequence

import numpy as np

from dlconv.verify.conformance.cases import makes
from dlconv.verify.conformance.draw import EMPTY, LARGE, NOT_FINITE, Draw, Input, NoCaseError
from dlconv.verify.conformance.makers.moving import INDICES, SHAPE, parameter


def _indices(draw: Draw, most: int, shape: Sequence[int], key: str) -> Input:
    dtype = draw.dtype(key, *INDICES)
    value = draw.random.integers(0, most, shape).astype(dtype)
    return Input(value, draw.pick("indices are", "computed", "constant") == "constant")


@makes("Gather", "GatherV2")
def _gather(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 3, 1, 2, 4, 5)
    axis = draw.pick("axis", 0, 1, -1, rank - 1) if draw.definition.name == "GatherV2" else 0
    if not -rank <= axis < rank:
        raise NoCaseError
    x = draw.values(draw.dtype("Tparams"), SHAPE[:rank])
    batches = draw.pick("batches", 0, 1) if draw.definition.name == "GatherV2" else 0
    shape = list(draw.pick("indices", [3], [], [2, 2], [2, 1, 3]))
    if batches and axis % rank == 0:
        raise NoCaseError
    if draw.definition.name == "GatherV2":
        draw.fixed("batch_dims", batches)
    if batches:
        shape = [SHAPE[0], *shape]
    indices = _indices(draw, x.shape[axis], shape, "Tindices")
    if draw.definition.name == "Gather":
        return [Input(x, False), indices]
    return [Input(x, False), indices, parameter(draw, axis, "Taxis", "axis is")]


@makes("GatherNd")
def _gather_nd(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 3, 1, 2, 4)
    depth = min(draw.pick("depth", 1, 2, 3), rank)
    x = draw.values(draw.dtype("Tparams"), SHAPE[:rank])
    shape = [*draw.pick("indices", [3], [], [2, 2]), depth]
    return [Input(x, False), _indices(draw, 2, shape, "Tindices")]


@makes("ScatterNd")
def _scatter(draw: Draw) -> Sequence[Input]:
    wanted = draw.pick("wanted", [6, 3], [8], [4, 3, 2])
    dtype = draw.dtype("Tindices", *INDICES)
    rows = [[[1], [3], [0]], [[1], [1], [0]], [[[1], [3]], [[0], [2]]]]
    places = np.array(rows[draw.pick("places", 0, 1, 2)], dtype)
    updates = draw.values(draw.dtype("T"), [*places.shape[:-1], *wanted[1:]])
    shape = Input(
        np.array(wanted, dtype), draw.pick("shape is", "constant", "computed") == "constant"
    )
    return [Input(places, False), Input(updates, False), shape]


@makes(
    "TensorScatterUpdate",
    "TensorScatterAdd",
    "TensorScatterSub",
    "TensorScatterMax",
    "TensorScatterMin",
)
def _tensor_scatter(draw: Draw) -> Sequence[Input]:
    shape = draw.pick("shape", [6, 3], [8], [4, 3, 2])
    dtype = draw.dtype("Tindices", *INDICES)
    options = [[[1], [3], [0]]]
    if draw.definition.name != "TensorScatterUpdate":
        options.append([[1], [1], [0]])
    places = np.array(draw.pick("places", *options), dtype)
    x, updates = (draw.values(draw.dtype("T"), each) for each in (shape, [3, *shape[1:]]))
    return [Input(x, False), Input(places, False), Input(updates, False)]


@makes("OneHot")
def _one_hot(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 1, 0, 2, 3)
    indices = draw.random.integers(-1, 7, SHAPE[:rank]).astype(
        draw.dtype("TI", "int32", "int64", "uint8")
    )
    dtype = draw.dtype("T")
    draw.attribute("axis", -1, 0, 1)
    on, off = draw.pick("on and off", (1, 0), (5, 2), (0, 1))
    return [
        Input(indices, False),
        parameter(draw, 5),
        Input(np.array(on, dtype), draw.pick("on is", "constant", "computed") == "constant"),
        Input(np.array(off, dtype), True),
    ]


@makes("Select", "SelectV2")
def _select(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 4, 0, 1, 2, 3, 5)
    draw.edges(NOT_FINITE, EMPTY)
    shape = list(SHAPE[:rank])
    options = [shape, shape[:1]]
    if draw.definition.name == "SelectV2":
        options = [shape, [], shape[-1:], [*shape[:-1], 1] if shape else []]
    condition = draw.values(np.dtype(bool), options[draw.pick("condition", *range(len(options)))])
    other = shape
    if draw.definition.name == "SelectV2":
        other = draw.pick("other", shape, [], shape[-1:])
    values = [draw.values(draw.dtype("T"), each) for each in (shape, other)]
    return [Input(condition, False), *(Input(value, False) for value in values)]


@makes("ClipByValue")
def _clip(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "int32", "uint8", "float16")
    rank = draw.pick("rank", 4, 0, 1, 2, 3, 5)
    draw.edges(NOT_FINITE, LARGE)
    ends = [Input(np.array(end, dtype), True) for end in draw.pick("ends", (1, 6), (0, 3))]
    return [Input(draw.values(dtype, SHAPE[:rank]), False), *ends]


@makes("Where", "Unique", "UniqueV2", "NonMaxSuppressionV2", "NonMaxSuppressionV3")
def _of_unknown_size(draw: Draw) -> Sequence[Input]:
    op = draw.definition.name
    if op == "Where":
        shape = [3, 4, 2, 2][: draw.pick("rank", 2, 1, 3, 4)]
        return [Input(draw.values(draw.dtype("T", "bool", "float32", "int32"), shape), False)]
    if op.startswith("Unique"):
        x = Input(draw.random.integers(0, 4, 8).astype(draw.dtype("T", "int32", "float32")), False)
        return [x, *([parameter(draw, [0], "Taxis")] if op == "UniqueV2" else [])]
    corners = draw.random.uniform(0, 4, [6, 2])
    boxes = np.concatenate([corners, corners + draw.random.uniform(1, 3, [6, 2])], axis=1)
    scores = draw.random.uniform(size=6)
    found = [boxes, scores]
    inputs = [Input(value.astype(draw.dtype("T", "float32")), False) for value in found]
    limits = [np.array(0.5, np.float32)]
    if op == "NonMaxSuppressionV3":
        limits.append(np.array(draw.pick("least", 0.1, 0.6), np.float32))
    return [*inputs, parameter(draw, 3), *(Input(each, True) for each in limits)]


@makes("InvertPermutation")
def _inverse(draw: Draw) -> Sequence[Input]:
    return [Input(draw.random.permutation(6).astype(draw.dtype("T", *INDICES)), False)]


@makes("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin", "UnsortedSegmentProd")
def _segments(draw: Draw) -> Sequence[Input]:
    x = draw.values(draw.dtype("T", "float32", "int32", "float16"), [6, 2])
    ids = np.array([0, 2, 1, 2, 0, 1], draw.dtype("Tindices", *INDICES))
    return [
        Input(x, False),
        Input(ids, False),
        parameter(draw, draw.pick("count", 3, 5), "Tnumsegments"),
    ]
