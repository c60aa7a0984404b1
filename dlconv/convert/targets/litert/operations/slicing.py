"""Parts of tensors: slices, and elements by their numbers."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes


@writes("Slice")
def slice_of(operation: Operation) -> Tensor:
    return operation.add("SLICE", operation.inputs[:3], options=Options("SliceOptions"))


@writes("StridedSlice")
def strided_slice(operation: Operation) -> Tensor:
    fields = {
        "BeginMask": operation.integer("begin_mask"),
        "EndMask": operation.integer("end_mask"),
        "ShrinkAxisMask": operation.integer("shrink_axis_mask"),
    }
    if operation.integer("ellipsis_mask") or operation.integer("new_axis_mask"):
        raise operation.refused("it adds axes, or leaves some out")
    options = Options("StridedSliceOptions", fields)
    return operation.add("STRIDED_SLICE", operation.inputs[:4], options=options)


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
