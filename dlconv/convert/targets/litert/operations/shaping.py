"""Shapes: reshaping, order of axes, joining, splitting, padding and repeating."""

from collections.abc import Callable

import numpy as np

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, Written, writes


@writes("Reshape")
def reshape(operation: Operation) -> Tensor:
    value, shape = operation.inputs[:2]
    if operation.shape().count(None) <= 1 and shape.constant is None:
        return operation.reshaped(value, operation.shape())
    return operation.add("RESHAPE", [value, shape])


@writes("ExpandDims")
def expand_dims(operation: Operation) -> Tensor:
    value, shape = operation.inputs[0], operation.shape()
    if shape.count(None) <= 1:
        return operation.reshaped(value, shape)
    axis = operation.const(int(operation.constant(1, "its axis")), "int32")
    return operation.add("EXPAND_DIMS", [value, axis], options=Options("ExpandDimsOptions"))


@writes("Squeeze")
def squeeze(operation: Operation) -> Tensor:
    value, shape = operation.inputs[0], operation.shape()
    if shape.count(None) <= 1:
        return operation.reshaped(value, shape)
    axes = operation.integers("squeeze_dims")
    if not axes:
        raise operation.refused("which axes it drops depends on sizes that are free")
    fields = {"SqueezeDims": tuple(axis % value.rank for axis in axes)}
    return operation.add("SQUEEZE", [value], options=Options("SqueezeOptions", fields))


@writes("Transpose")
def transpose(operation: Operation) -> Tensor:
    return operation.add("TRANSPOSE", operation.inputs[:2], options=Options("TransposeOptions"))


@writes("ConcatV2", "Concat")
def concatenation(operation: Operation) -> Tensor:
    at = len(operation.inputs) - 1 if operation.op == "ConcatV2" else 0
    parts = [each for index, each in enumerate(operation.inputs) if index != at]
    axis = int(operation.constant(at, "its axis")) % max(parts[0].rank, 1)
    options = Options("ConcatenationOptions", {"Axis": axis})
    return operation.add("CONCATENATION", parts, options=options)


def _moving(write: Callable[[Operation], Written]) -> Callable[[Operation], Written]:
    """Return a writer that moves truth values as integers, for kernels that take no others."""

    def moving(operation: Operation) -> Written:
        if all(each.dtype != "bool" for each in operation.inputs):
            return write(operation)
        written = write(operation.with_numbers())
        if isinstance(written, Tensor):
            return operation.cast(written, "bool")
        return [operation.cast(each, "bool") for each in written]

    return moving


@writes("Pack")
@_moving
def pack(operation: Operation) -> Written:
    axis = operation.integer("axis") % (operation.inputs[0].rank + 1)
    fields = {"ValuesCount": len(operation.inputs), "Axis": axis}
    return operation.add("PACK", operation.inputs, options=Options("PackOptions", fields))


@writes("Unpack")
def unpack(operation: Operation) -> Written:
    value, count = operation.inputs[0], operation.integer("num")
    axis = operation.integer("axis") % value.rank
    fields = {"Num": count, "Axis": axis}
    shape = value.shape[:axis] + value.shape[axis + 1 :]
    outputs = [(value.dtype, shape)] * count
    return operation.builder.add("UNPACK", [value], outputs, Options("UnpackOptions", fields))


@writes("Split", "SplitV")
@_moving
def split(operation: Operation) -> Written:
    is_even = operation.op == "Split"
    value = operation.inputs[1 if is_even else 0]
    axis = int(operation.constant(0 if is_even else 2, "its axis")) % value.rank
    count = operation.integer("num_split")
    shapes = [operation.shape(port) for port in range(count)]
    outputs = [(value.dtype, shape) for shape in shapes]
    along = operation.const(axis, "int32")
    if is_even:
        options = Options("SplitOptions", {"NumSplits": count})
        return operation.builder.add("SPLIT", [along, value], outputs, options)
    sizes = operation.const(operation.constant(1, "a size"), "int32")
    options = Options("SplitVOptions", {"NumSplits": count})
    return operation.builder.add("SPLIT_V", [value, sizes, along], outputs, options)


@writes("Pad", "PadV2")
def pad(operation: Operation) -> Tensor:
    if operation.op == "Pad":
        return operation.add("PAD", operation.inputs[:2], options=Options("PadOptions"))
    return operation.add("PADV2", operation.inputs[:3], options=Options("PadV2Options"))


@writes("MirrorPad")
def mirror_pad(operation: Operation) -> Tensor:
    mode = {"REFLECT": 0, "SYMMETRIC": 1}[operation.text("mode")]
    options = Options("MirrorPadOptions", {"Mode": mode})
    return operation.add("MIRROR_PAD", operation.inputs[:2], options=options)


@writes("Tile")
def tile(operation: Operation) -> Tensor:
    return operation.add("TILE", operation.inputs[:2], options=Options("TileOptions"))


@writes("Fill")
def fill(operation: Operation) -> Tensor:
    kind = operation.inputs[1].dtype
    return operation.add("FILL", operation.inputs[:2], kind, options=Options("FillOptions"))


@writes("BroadcastTo")
def broadcast_to(operation: Operation) -> Tensor:
    options = Options("BroadcastToOptions")
    return operation.add("BROADCAST_TO", operation.inputs[:2], options=options)


@writes("Shape")
def shape(operation: Operation) -> Tensor:
    value = operation.builder.uncast.get(operation.inputs[0], operation.inputs[0])
    return operation.extents(value)


@writes("BroadcastArgs")
def common_shape(operation: Operation) -> Tensor:
    return operation.add("BROADCAST_ARGS", operation.inputs[:2])


@writes("Range")
def span(operation: Operation) -> Tensor:
    return operation.add("RANGE", operation.inputs[:3], options=Options("RangeOptions"))


@writes("SpaceToDepth", "DepthToSpace")
@_moving
def blocks(operation: Operation) -> Written:
    operation.need_channels_last()
    is_to_depth = operation.op == "SpaceToDepth"
    table = "SpaceToDepthOptions" if is_to_depth else "DepthToSpaceOptions"
    options = Options(table, {"BlockSize": operation.integer("block_size")})
    code = "SPACE_TO_DEPTH" if is_to_depth else "DEPTH_TO_SPACE"
    return operation.add(code, operation.inputs, options=options)


@writes("SpaceToBatchND", "BatchToSpaceND")
def batches(operation: Operation) -> Tensor:
    is_to_batch = operation.op == "SpaceToBatchND"
    code = "SPACE_TO_BATCH_ND" if is_to_batch else "BATCH_TO_SPACE_ND"
    table = "SpaceToBatchNDOptions" if is_to_batch else "BatchToSpaceNDOptions"
    return operation.add(code, operation.inputs[:3], options=Options(table))


@writes("ReverseV2", "Reverse")
def reverse(operation: Operation) -> Tensor:
    value, axes = operation.inputs[0], operation.constant(1, "which axes")
    axes = np.flatnonzero(axes) if operation.op == "Reverse" else np.unique(axes % value.rank)
    for axis in axes:
        along = operation.const([axis], "int32")
        value = operation.add("REVERSE_V2", [value, along], options=Options("ReverseV2Options"))
    return value
