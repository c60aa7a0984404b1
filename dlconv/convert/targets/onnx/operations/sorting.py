"""The largest values along an axis, and the values that differ."""

from collections.abc import Sequence

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import at_hand, axis_in, ordered
from dlconv.convert.targets.onnx.tensors import Tensor


@writes("TopKV2")
def largest(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    tensor, is_first = at_hand(operation.ranked(0))
    axis = axis_in(-1, tensor.rank, is_first)
    wanted = builder.cast(operation.plain(1), "int64")
    count = builder.node("Reshape", wanted, builder.integers(1))
    if not operation.flag("sorted") and not _is_sorted_anyway(count, tensor, axis):
        raise operation.refused("it does not sort what it finds")
    values, indices = builder.split("TopK", tensor, count, count=2, axis=axis)
    whole = builder.cast(indices, operation.dtype("index_type"))
    return [ordered(operation, values, is_first), ordered(operation, whole, is_first)]


def _is_sorted_anyway(count: Tensor, tensor: Tensor, axis: int) -> bool:
    """Tell whether TensorFlow sorts although it is told not to: a single value, or all of them."""
    if count.value is None or tensor.shape is None:
        return False
    return int(count.value[0]) in (0, 1, tensor.shape[axis])


@writes("Unique", "UniqueV2", "UniqueWithCounts", "UniqueWithCountsV2")
def unique(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    tensor = operation.ranked(0).plain()
    if tensor.rank != 1:
        raise operation.refused("it compares slices of more than one axis")
    values, _, inverse, counts = builder.split("Unique", tensor, count=4, sorted=0)
    whole = operation.dtype("out_idx")
    found = [values, builder.cast(inverse, whole), builder.cast(counts, whole)]
    return found if "WithCounts" in operation.op else found[:2]
