"""Operations that move values and change shapes without computing anything."""

from collections.abc import Sequence

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue

from dlconv.graph.tensors import shape_proto
from dlconv.verify.conformance.cases import makes
from dlconv.verify.conformance.draw import EMPTY, TYPES, Draw, Input, NoCaseError

SHAPE = (2, 3, 4, 5, 2, 3)
RANKS = (4, 1, 2, 3, 5, 6)
INDICES = ("int32", "int64")


def data(draw: Draw, rank: int, key: str = "T") -> np.ndarray:
    """Return values of a rank."""
    draw.edges(EMPTY)
    return draw.values(draw.dtype(key), SHAPE[:rank])


def parameter(draw: Draw, value: object, key: str = "", name: str = "parameter is") -> Input:
    """Return a value that operations usually take from a constant."""
    dtype = draw.dtype(key, *INDICES) if key else np.int32
    is_constant = draw.pick(name, "constant", "computed") == "constant"
    return Input(np.array(value, dtype), is_constant)


def axis_of(draw: Draw, rank: int, *options: int) -> int:
    """Return an axis of a rank."""
    axis = draw.pick("axis", *options, 0, -1, 1, -2)
    if not -rank <= axis < rank:
        raise NoCaseError
    return axis


@makes("Reshape")
def _reshape(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    x = data(draw, rank)
    rest = int(x.size)
    wanted = draw.pick("wanted", [-1], [rest], [2, -1], [1, -1, 1], [2, 1, 1, -1], [1, 1, 1, 1, -1])
    if x.size == 0 and -1 in wanted:
        wanted = [0, 3]
    return [Input(x, False), parameter(draw, wanted, "Tshape")]


@makes("Squeeze")
def _squeeze(draw: Draw) -> Sequence[Input]:
    shape, axes = draw.pick(
        "axes",
        ([1, 3, 1, 4], [0, 2]),
        ([1, 3, 1, 4], []),
        ([2, 3, 1], [-1]),
        ([1, 1], [0]),
        ([1, 2, 1, 1, 3], [2, 3]),
    )
    draw.fixed("squeeze_dims", axes)
    return [Input(draw.values(draw.dtype("T"), shape), False)]


@makes("ExpandDims")
def _expand(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 3, 0, 1, 2, 4, 5)
    axis = draw.pick("axis", 0, -1, 1, rank, -rank - 1)
    if not -rank - 1 <= axis <= rank:
        raise NoCaseError
    return [Input(data(draw, rank), False), parameter(draw, axis, "Tdim")]


@makes("Transpose")
def _transpose(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    order = draw.random.permutation(rank)
    kind = draw.pick("order", "mixed", "reversed", "same")
    order = {"mixed": order, "reversed": order[::1][::-1], "same": np.arange(rank)}[kind]
    if kind == "reversed":
        order = np.arange(rank)[::-1]
    return [Input(data(draw, rank), False), parameter(draw, order, "Tperm")]


@makes("Tile")
def _tile(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    counts = draw.pick("counts", [2, 1, 3, 1, 1, 2], [1] * 6, [2] * 6, [0, 1, 1, 1, 1, 1])
    return [Input(data(draw, rank), False), parameter(draw, counts[:rank], "Tmultiples")]


@makes("BroadcastTo")
def _broadcast_to(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 3, 0, 1, 2, 4, 5)
    x = data(draw, rank)
    wanted = draw.pick("wanted", [2, *x.shape], list(x.shape), [1, *x.shape])
    return [Input(x, False), parameter(draw, wanted, "Tidx")]


@makes("BroadcastArgs")
def _broadcast_args(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", *INDICES)
    return [Input(np.array([3, 1], dtype), False), Input(np.array([2, 1, 5], dtype), False)]


@makes("ReverseV2")
def _reverse(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS, 0)
    axes = draw.pick("axes", [0], [-1], [1, 2], [], [0, -1])
    if any(not -rank <= axis < rank for axis in axes) or (len(axes) == 2 and rank < 2):
        raise NoCaseError
    return [Input(data(draw, rank), False), parameter(draw, axes, "Tidx")]


@makes("Reverse")
def _old_reverse(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 4, 1, 2, 3)
    flags = draw.pick("flags", [False, True, False, True], [True] * 4, [False] * 4)
    return [Input(data(draw, rank), False), Input(np.array(flags[:rank]), True)]


@makes("Roll")
def _roll(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 3, 1, 2, 4)
    shift, axis = draw.pick("shift", (1, 0), ([1, -2], [0, 1]), (-3, -1), (7, 0))
    if rank < 2 and not isinstance(shift, int):
        raise NoCaseError
    return [
        Input(data(draw, rank), False),
        parameter(draw, shift, "Tshift"),
        parameter(draw, axis, "Taxis"),
    ]


@makes("ReverseSequence")
def _reverse_sequence(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 3, 2, 4)
    draw.attribute("seq_dim", 1)
    draw.attribute("batch_dim", 0)
    return [
        Input(draw.values(draw.dtype("T"), SHAPE[:rank]), False),
        parameter(draw, [3, 1], "Tlen"),
    ]


@makes("Concat", "ConcatV2")
def _concat(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    axis = axis_of(draw, rank, rank - 1)
    is_old = draw.definition.name == "Concat"
    if is_old and axis < 0:
        raise NoCaseError
    draw.edges(EMPTY)
    count = draw.attribute("N", 2, 3, 5)
    parts = []
    for index in range(count):
        shape = list(SHAPE[:rank])
        shape[axis] = draw.pick("extents", 2 + index, 1, 0 if index == 1 else 2)
        parts.append(Input(draw.values(draw.dtype("T"), shape), False))
    at = parameter(draw, axis, "" if is_old else "Tidx")
    return [at, *parts] if is_old else [*parts, at]


@makes("Pack")
def _pack(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 2, 0, 1, 3, 4)
    axis = draw.attribute("axis", 0, -1, 1, -2)
    if not -rank - 1 <= axis <= rank:
        raise NoCaseError
    count = draw.attribute("N", 2, 1, 4)
    return [Input(data(draw, rank), False) for _ in range(count)]


@makes("Unpack")
def _unpack(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", 2, 1, 3, 4, 5)
    axis = draw.attribute("axis", 0, -1, 1)
    if not -rank <= axis < rank:
        raise NoCaseError
    draw.fixed("num", SHAPE[:rank][axis])
    return [Input(draw.values(draw.dtype("T"), SHAPE[:rank]), False)]


@makes("Split")
def _split(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    axis = axis_of(draw, rank, rank - 1)
    count = draw.attribute("num_split", 2, 1, 3)
    shape = list(SHAPE[:rank])
    shape[axis] = 2 * count
    return [parameter(draw, axis), Input(draw.values(draw.dtype("T"), shape), False)]


@makes("SplitV")
def _split_by_sizes(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    axis = axis_of(draw, rank, rank - 1)
    shape = list(SHAPE[:rank])
    shape[axis] = 6
    sizes = draw.pick("parts", [2, 4], [1, 2, 3], [-1, 2], [0, 6], [6])
    draw.fixed("num_split", len(sizes))
    x = Input(draw.values(draw.dtype("T"), shape), False)
    return [x, parameter(draw, sizes, "Tlen", "parts are"), parameter(draw, axis)]


@makes("Slice")
def _slice(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    begin = draw.pick("begin", [1, 0, 2, 1, 0, 1], [0] * 6)[:rank]
    size = draw.pick("size", [1, 2, -1, 3, 1, 1], [-1] * 6, [1] * 6, [0, 1, 1, 1, 1, 1])[:rank]
    x = Input(draw.values(draw.dtype("T"), SHAPE[:rank]), False)
    return [x, parameter(draw, begin, "Index"), parameter(draw, size, "Index")]


@makes("StridedSlice")
def _strided_slice(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    begin = draw.pick("begin", [0, 1, 1, 0, 0, 1], [-1, -2, -1, -2, -1, -1])
    end = draw.pick("end", [2, 3, 3, 4, 2, 3], [-1] * 6, [99] * 6)
    steps = draw.pick("steps", [1] * 6, [1, 2, 1, 2, 1, 1], [-1] * 6, [1, -2, 1, -1, 1, 1])
    if min(steps) < 0:
        begin, end = [9] * 6, [0, -9, 0, 0, 0, 0]
    count = draw.pick("count", rank, 1, max(1, rank - 1))
    for mask, options in (
        ("begin_mask", [0, 1, 3, 2]),
        ("end_mask", [0, 1, 3, 2]),
        ("shrink_axis_mask", [0, 1, 2]),
        ("new_axis_mask", [0, 1, 2]),
        ("ellipsis_mask", [0, 1, 2]),
    ):
        draw.attribute(mask, *options)
    if draw.attributes["shrink_axis_mask"] and min(steps) < 0:
        raise NoCaseError
    x = Input(draw.values(draw.dtype("T"), SHAPE[:rank]), False)
    return [x, *(parameter(draw, each[:count], "Index") for each in (begin, end, steps))]


@makes("Pad", "PadV2", "MirrorPad")
def _pad(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS)
    amounts = draw.pick(
        "amounts",
        [(0, 0), (1, 2), (1, 1), (0, 0), (0, 0), (0, 0)],
        [(1, 1)] * 6,
        [(0, 0)] * 6,
        [(0, 1), (0, 0), (2, 0), (1, 0), (0, 1), (0, 0)],
    )[:rank]
    x = Input(draw.values(draw.dtype("T"), SHAPE[:rank]), False)
    inputs = [x, parameter(draw, amounts, "Tpaddings")]
    if draw.definition.name == "PadV2":
        value = draw.pick("value", 2, 0, 1)
        is_constant = draw.pick("value is", "constant", "computed") == "constant"
        inputs.append(Input(np.array(value, x.value.dtype), is_constant))
    return inputs


@makes("Fill")
def _fill(draw: Draw) -> Sequence[Input]:
    shape = draw.pick("shape", [2, 3], [4], [], [0], [2, 1, 3, 2, 2])
    value = draw.values(draw.dtype("T"), [])
    return [parameter(draw, shape, "index_type"), Input(value, False)]


@makes("Range", "LinSpace")
def _range(draw: Draw) -> Sequence[Input]:
    if draw.definition.name == "LinSpace":
        both = [Input(np.array(value, np.float32), False) for value in (-1.5, 2.0)]
        return [*both, parameter(draw, draw.pick("count", 5, 1, 2))]
    dtype = draw.dtype("Tidx", "int32", "float32", "int64")
    ends = draw.pick("ends", (0, 7, 2), (5, -2, -3), (2, 3, 1), (3, 3, 1))
    return [Input(np.array(each, dtype), False) for each in ends]


@makes("Shape", "Rank", "Size", "ShapeN")
def _shape(draw: Draw) -> Sequence[Input]:
    rank = draw.pick("rank", *RANKS, 0)
    x = data(draw, rank)
    count = draw.attribute("N", 2, 1) if draw.definition.name == "ShapeN" else 1
    return [Input(x, False)] * count


@makes("EnsureShape")
def _ensure(draw: Draw) -> Sequence[Input]:

    x = data(draw, draw.pick("rank", *RANKS))
    shape = draw.pick("stated", list(x.shape), [None, *x.shape[1:]])
    draw.fixed("shape", AttrValue(shape=shape_proto(shape)))
    return [Input(x, False)]


@makes("Cast")
def _cast(draw: Draw) -> Sequence[Input]:
    source = draw.dtype("SrcT", *TYPES)
    target = draw.dtype("DstT", *TYPES)
    least = 0.0 if target.kind == "u" and source.kind == "f" else -9.0
    return [
        Input(draw.values(source, SHAPE[: draw.pick("rank", 4, 0, 1, 2, 3, 5, 6)], least), False)
    ]


@makes("Bitcast")
def _bitcast(draw: Draw) -> Sequence[Input]:
    source, target = draw.pick(
        "types", ("float32", "int32"), ("int32", "float32"), ("uint8", "int8")
    )
    draw.fixed("T", np.dtype(source))
    draw.fixed("type", np.dtype(target))
    rank = draw.pick("rank", 4, 0, 1, 2, 3)
    return [Input(draw.values(np.dtype(source), SHAPE[:rank]), False)]


@makes("SpaceToDepth", "DepthToSpace")
def _depth(draw: Draw) -> Sequence[Input]:
    is_last = draw.attribute("data_format", "NHWC", "NCHW") == "NHWC"
    block = draw.attribute("block_size", 2, 3)
    size, channels = (block * 2, block * 3), block * block * 2
    shape = [2, *size, channels] if is_last else [2, channels, *size]
    return [Input(draw.values(draw.dtype("T"), shape), False)]


@makes("SpaceToBatchND", "BatchToSpaceND")
def _batches(draw: Draw) -> Sequence[Input]:
    is_to_batch = draw.definition.name == "SpaceToBatchND"
    blocks = draw.pick("blocks", [2, 2], [2, 1], [3], [1, 1], [2, 2, 2])
    rank = draw.pick("rank", 4, 3, 5)
    if rank < len(blocks) + 1:
        raise NoCaseError
    amounts = draw.pick("amounts", 0, 1, 2)
    factor = int(np.prod(blocks))
    shape = [1 if is_to_batch else factor, *[6] * len(blocks), *[2] * (rank - 1 - len(blocks))]
    pads = []
    for block in blocks:
        before = min(amounts, block - 1) if is_to_batch else amounts
        pads.append((before, (block - before) % block if is_to_batch else 0))
    x = Input(draw.values(draw.dtype("T"), shape), False)
    return [x, parameter(draw, blocks, "Tblock_shape"), parameter(draw, pads)]


@makes("SpaceToBatch", "BatchToSpace")
def _old_batches(draw: Draw) -> Sequence[Input]:
    block = draw.attribute("block_size", 2, 3)
    batch = 1 if draw.definition.name == "SpaceToBatch" else block * block
    pads = draw.pick("amounts", [(0, 0), (0, 0)])
    x = Input(draw.values(draw.dtype("T"), [batch, 6, 6, 2]), False)
    return [x, parameter(draw, pads)]


@makes("MatrixBandPart")
def _band(draw: Draw) -> Sequence[Input]:
    x = draw.values(draw.dtype("T"), [2, 4, 5][-draw.pick("rank", 2, 3) :])
    lower, upper = draw.pick("band", (1, 0), (-1, 0), (0, -1), (1, 2))
    return [
        Input(x, False),
        parameter(draw, lower, "Tindex"),
        parameter(draw, upper, "Tindex"),
    ]


@makes("MatrixDiag")
def _diagonal(draw: Draw) -> Sequence[Input]:
    return [Input(draw.values(draw.dtype("T"), SHAPE[: draw.pick("rank", 1, 2)]), False)]


@makes("IdentityN")
def _identities(draw: Draw) -> Sequence[Input]:
    types = draw.pick("types", ["float32", "int32"], ["float32"], ["bool", "uint8", "int64"])
    draw.fixed("T", [np.dtype(each) for each in types])
    rank = draw.pick("rank", 4, *range(4))
    return [Input(draw.values(np.dtype(each), SHAPE[:rank]), False) for each in types]
