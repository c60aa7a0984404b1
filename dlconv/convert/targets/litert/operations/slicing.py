"""Parts of tensors: slices, and elements by their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dlconv.convert.targets.litert.model import Extents, Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes


@writes("Slice")
def slice_of(operation: Operation) -> Tensor:
    return operation.add("SLICE", operation.inputs[:3], options=Options("SliceOptions"))


@writes("StridedSlice")
def strided_slice(operation: Operation) -> Tensor:
    if operation.integer("ellipsis_mask") or operation.integer("new_axis_mask"):
        return _with_new_axes(operation)
    masks = (operation.integer(f"{name}_mask") for name in ("begin", "end", "shrink_axis"))
    return _sliced(operation, operation.inputs[1:4], tuple(masks), operation.shape())


def _sliced(
    operation: Operation, bounds: Sequence[Tensor], masks: tuple[int, ...], shape: Extents
) -> Tensor:
    """Return a slice by its begin, end and strides, and the masks of begin, end and shrunk axes.

    Of an axis that is shrunk TensorFlow takes the element at its begin, whatever the others say.
    """
    begin, end, shrunk = masks
    fields = {"BeginMask": begin & ~shrunk, "EndMask": end & ~shrunk, "ShrinkAxisMask": shrunk}
    inputs = [operation.inputs[0], *bounds]
    options = Options("StridedSliceOptions", fields)
    return operation.add("STRIDED_SLICE", inputs, None, shape, options)


@dataclass
class _Slices:
    """A slice of each axis of what is sliced, and where new axes are in what that gives."""

    bounds: list[tuple[int, int, int]] = field(default_factory=list)
    masks: list[tuple[bool, bool, bool]] = field(default_factory=list)
    new_axes: list[int] = field(default_factory=list)
    rank: int = 0

    def take_all(self, count: int) -> None:
        """Take all of so many axes."""
        self.bounds += [(0, 0, 1)] * count
        self.masks += [(True, True, False)] * count
        self.rank += count

    def take(self, bounds: tuple[int, int, int], masks: tuple[bool, bool, bool]) -> None:
        """Take a part of an axis, or an element."""
        self.bounds.append(bounds)
        self.masks.append(masks)
        self.rank += not masks[2]

    def add_axis(self) -> None:
        """Put a new axis next."""
        self.new_axes.append(self.rank)
        self.rank += 1


def _with_new_axes(operation: Operation) -> Tensor:
    """Slice each axis on its own terms, which LiteRT needs, then add the new ones."""
    slices = _slices(operation)
    shape = tuple(
        extent for axis, extent in enumerate(operation.shape()) if axis not in slices.new_axes
    )
    bounds = [operation.const(each, "int32") for each in zip(*slices.bounds, strict=True)]
    masks = tuple(
        sum(1 << axis for axis, is_set in enumerate(each) if is_set)
        for each in zip(*slices.masks, strict=True)
    )
    part = _sliced(operation, bounds, masks, shape)
    for axis in slices.new_axes:
        shape = (*part.shape[:axis], 1, *part.shape[axis:])
        inputs = [part, operation.const(axis, "int32")]
        part = operation.add("EXPAND_DIMS", inputs, None, shape, Options("ExpandDimsOptions"))
    return part


def _slices(operation: Operation) -> _Slices:
    """Return what a node with an ellipsis or new axes does to each axis."""
    begin, end, strides = (
        operation.constant(index, what).tolist()
        for index, what in ((1, "its begin"), (2, "its end"), (3, "its step"))
    )
    ellipsis, new = (operation.integer(f"{name}_mask") for name in ("ellipsis", "new_axis"))
    names = ("begin_mask", "end_mask", "shrink_axis_mask")
    begin_mask, end_mask, shrunk = (operation.integer(name) for name in names)
    rank = operation.inputs[0].rank
    stated = sum(1 for k in range(len(begin)) if not (ellipsis | new) >> k & 1)
    slices = _Slices()
    for k, bounds in enumerate(zip(begin, end, strides, strict=True)):
        if ellipsis >> k & 1:
            slices.take_all(rank - stated)
        elif new >> k & 1:
            slices.add_axis()
        else:
            is_open, is_endless, is_shrunk = (
                bool(mask >> k & 1) for mask in (begin_mask, end_mask, shrunk)
            )
            slices.take(bounds, (is_open, is_endless, is_shrunk))
    slices.take_all(rank - len(slices.bounds))
    return slices


@writes("Gather", "GatherV2")
def gather(operation: Operation) -> Tensor:
    axis = int(operation.constant(2, "its axis")) if operation.op == "GatherV2" else 0
    batches = operation.integer("batch_dims") if operation.op == "GatherV2" else 0
    value, numbers = operation.inputs[:2]
    fields = {"Axis": axis % value.rank, "BatchDims": batches % max(numbers.rank, 1)}
    options = Options("GatherOptions", fields)
    return operation.add("GATHER", [value, numbers], options=options)


@writes("GatherNd")
def gather_nd(operation: Operation) -> Tensor:
    return operation.add("GATHER_ND", operation.inputs[:2], options=Options("GatherNdOptions"))
