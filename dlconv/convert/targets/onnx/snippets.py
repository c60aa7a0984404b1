"""Groups of nodes that several operations are written with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.axes import to_first
from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation
from dlconv.convert.targets.onnx.tensors import Tensor, Value

# An extent that is known, or a tensor int64 [1].
Size = int | Tensor
TO_THE_END = 2**63 - 1
TO_THE_START = -(2**63) + 1
# The start, end and step of all elements, the last one first.
BACKWARDS = (TO_THE_END, TO_THE_START, -1)
_POOLINGS = frozenset({"AveragePool", "MaxPool", "ReduceMax", "ReduceMean", "ReduceSum"})
_HANDED_ON = frozenset({"Clip", "Conv", "Div", "Relu", "Sigmoid"})


def at_hand(value: Value) -> tuple[Tensor, bool]:
    """Return a value as it is at hand, and whether channels come first."""
    return (value.first(), True) if value.has_first else (value.plain(), False)


def aligned(operation: Operation, values: Sequence[Value]) -> tuple[list[Tensor], bool]:
    """Return values that are broadcast in one order of axes, and whether channels come first.

    They do if any that has all axes is at hand so; those with fewer axes get axes of extent 1.
    They do not where a rank is not known.
    """
    rank = max(value.rank for value in values)
    are_known = all(value.rank >= 0 for value in values)
    if not (are_known and any(value.has_first and value.rank == rank for value in values)):
        return [value.plain() for value in values], False
    return [_with_rank(operation.builder, value, rank) for value in values], True


def _with_rank(builder: Builder, value: Value, rank: int) -> Tensor:
    if value.rank == rank:
        return value.first()
    if value.rank == 0:
        return value.plain()
    missing = rank - value.rank
    wide = builder.node("Unsqueeze", value.plain(), builder.integers(*range(missing)))
    if value.rank == 1:
        return builder.node("Reshape", wide, builder.integers(1, -1, *[1] * (rank - 2)))
    return builder.transposed(wide, to_first(rank))


def ordered(operation: Operation, tensor: Tensor, is_first: bool) -> Value:
    """Return a tensor in one of the two orders as a value."""
    if is_first:
        return Value(operation.builder.transposed, first=tensor)
    return Value(operation.builder.transposed, plain=tensor)


def axis_in(axis: int, rank: int, is_first: bool) -> int:
    """Return where an axis of TensorFlow's order is."""
    axis %= max(rank, 1)
    return to_first(rank).index(axis) if is_first else axis


def without_axes(value: Value, gone: Sequence[int]) -> tuple[Tensor, bool, bool]:
    """Return a value in an order in which what is left without some axes is in order, too.

    Also whether it has channels first, and whether what is left has them first. The order of axes
    is the one at hand if that can be.
    """
    rank = value.rank
    has_channels, has_batch = rank - 1 not in gone, 0 not in gone
    sides = rank - 2 - sum(0 < axis < rank - 1 for axis in gone)
    is_in_order = not has_channels or sides == 0 or has_batch
    if not value.has_first or not is_in_order:
        return value.plain(), False, False
    return value.first(), True, has_channels and sides > 0


def extent_of(builder: Builder, tensor: Tensor, axis: int) -> Size:
    """Return the extent of an axis: a number, or int64 [1]."""
    known = None if tensor.shape is None else tensor.shape[axis]
    if isinstance(known, int):
        return known
    return builder.node("Gather", builder.node("Shape", tensor), builder.integers(axis), axis=0)


def known_extent(operation: Operation, tensor: Tensor, axis: int) -> int:
    """Return the extent of an axis. Raises DlconvError if it is not known."""
    extent = extent_of(operation.builder, tensor, axis)
    if not isinstance(extent, int):
        raise operation.refused("how long the axis is that it goes along is not known")
    return extent


def as_tensor(builder: Builder, size: Size) -> Tensor:
    """Return a size as int64 [1]."""
    return builder.integers(size) if isinstance(size, int) else size


def scalar(builder: Builder, size: Size) -> Tensor:
    """Return a size as int64 []."""
    if isinstance(size, int):
        return builder.constant(np.array(size, np.int64))
    return squeeze(builder, size, 0)


def computed(builder: Builder, kind: str, a: Size, b: Size) -> Size:
    """Return Add, Sub, Mul, Max or Div of two sizes, as a number if both are."""
    result = builder.node(kind, as_tensor(builder, a), as_tensor(builder, b))
    return result if result.value is None else int(result.value[0])


def vector(builder: Builder, sizes: Sequence[Size]) -> Tensor:
    """Return sizes as one int64 [number of sizes]."""
    if all(isinstance(size, int) for size in sizes):
        return builder.constant(np.array(sizes, np.int64))
    return builder.node("Concat", *(as_tensor(builder, size) for size in sizes), axis=0)


def elements(operation: Operation, tensor: Tensor, count: int) -> list[Size]:
    """Return the elements of an integer vector of ``count``, as numbers where they are known."""
    builder = operation.builder
    whole = builder.cast(tensor, "int64")
    found: list[Size] = []
    for index in range(count):
        element = builder.node("Gather", whole, builder.integers(index), axis=0)
        found.append(element if element.value is None else int(element.value[0]))
    return found


def reshape(builder: Builder, tensor: Tensor, sizes: Sequence[Size]) -> Tensor:
    """Return a tensor in another shape; at most one size is -1."""
    numbers = [size for size in sizes if isinstance(size, int)]
    if len(numbers) == len(sizes) and tuple(numbers) == tensor.shape:
        return tensor
    may_be_empty = 0 in numbers or (len(numbers) < len(sizes) and -1 not in numbers)
    attributes = {"allowzero": 1} if may_be_empty else {}
    return builder.node("Reshape", tensor, vector(builder, sizes), **attributes)


def squeeze(builder: Builder, tensor: Tensor, *axes: int) -> Tensor:
    """Return a tensor without axes of extent 1."""
    return builder.node("Squeeze", tensor, builder.integers(*axes))


def unsqueeze(builder: Builder, tensor: Tensor, *axes: int) -> Tensor:
    """Return a tensor with more axes of extent 1."""
    if not axes:
        return tensor
    return builder.node("Unsqueeze", tensor, builder.integers(*axes))


@dataclass(frozen=True)
class Cut:
    """What is taken along one axis of a tensor."""

    axis: int
    start: Size
    end: Size
    step: int = 1


def sliced(builder: Builder, tensor: Tensor, cuts: Sequence[Cut]) -> Tensor:
    """Return a part of a tensor along several axes."""
    if not cuts:
        return tensor
    starts = vector(builder, [cut.start for cut in cuts])
    ends = vector(builder, [cut.end for cut in cuts])
    axes, steps = (
        builder.integers(*(getattr(cut, key) for cut in cuts)) for key in ("axis", "step")
    )
    return builder.node("Slice", tensor, starts, ends, axes, steps)


def taken(
    builder: Builder, tensor: Tensor, axis: int, start: Size, end: Size, step: int = 1
) -> Tensor:
    """Return a part of a tensor along one axis."""
    return sliced(builder, tensor, [Cut(axis, start, end, step)])


def reduced(
    builder: Builder, kind: str, tensor: Tensor, axes: Sequence[int], keeps: bool = True
) -> Tensor:
    """Return ReduceSum, ReduceMean, ... over axes; over none it is the tensor itself."""
    if not axes:
        return tensor
    keepdims = int(keeps)
    if builder.opset >= 18 or kind == "ReduceSum":
        return builder.node(kind, tensor, builder.integers(*axes), keepdims=keepdims)
    return builder.node(kind, tensor, axes=list(axes), keepdims=keepdims)


def counted(builder: Builder, size: Size) -> Tensor:
    """Return 0, 1, 2 ... below a size, int64."""
    return builder.node("Range", *(scalar(builder, each) for each in (0, size, 1)))


def padded(
    builder: Builder,
    tensor: Tensor,
    pads: Sequence[tuple[Size, Size]],
    value: Tensor | None = None,
    mode: str = "constant",
) -> Tensor:
    """Return a tensor padded before and behind each axis."""
    if all(isinstance(size, int) and size == 0 for pair in pads for size in pair):
        return tensor
    amounts = vector(builder, [before for before, _ in pads] + [behind for _, behind in pads])
    return builder.node("Pad", tensor, amounts, *([] if value is None else [value]), mode=mode)


def added(builder: Builder, a: Tensor, b: Tensor) -> Tensor:
    """Return a sum.

    OpenCV 5.0 lets a convolution add what was computed before it, and fails where one of both is
    broadcast. An Identity just before the sum keeps it from that; ONNX Runtime drops it.
    """
    kinds = [producer.op_type for t in (a, b) if (producer := builder.producer(t)) is not None]
    if len(kinds) == 2 and "Conv" in kinds and _may_broadcast(builder, a, b):
        return builder.node("Add", a, builder.node("Identity", b))
    return builder.node("Add", a, b)


def _may_broadcast(builder: Builder, a: Tensor, b: Tensor) -> bool:
    """Tell whether one is smaller, or may be since it was pooled and its size is not known."""
    extents = [*zip(a.shape or (), b.shape or (), strict=False)]
    if any((m == 1) != (n == 1) for m, n in extents):
        return True
    if all(isinstance(extent, int) for pair in extents for extent in pair):
        return False
    return _is_pooled(builder, a) != _is_pooled(builder, b)


def _is_pooled(builder: Builder, tensor: Tensor) -> bool:
    """Tell whether only convolutions and activations stand between a pooling and a tensor."""
    producer = builder.producer(tensor)
    while producer is not None and producer.op_type in _HANDED_ON:
        producer = builder.producer(builder.by_name(producer.input[0]))
    return producer is not None and producer.op_type in _POOLINGS


def clipped(builder: Builder, tensor: Tensor, low: float | None, high: float | None) -> Tensor:
    """Return a tensor between limits."""
    limits = [None if limit is None else builder.like(tensor, limit) for limit in (low, high)]
    return builder.node("Clip", tensor, *limits)


def product(extents: Sequence[Size], builder: Builder) -> Size:
    """Return the product of sizes."""
    result: Size = math.prod(size for size in extents if isinstance(size, int))
    for size in extents:
        if not isinstance(size, int):
            result = size if result == 1 else computed(builder, "Mul", result, size)
    return result
