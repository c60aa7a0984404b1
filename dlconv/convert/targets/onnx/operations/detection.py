"""Boxes of detected objects: those that are left where several overlap."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import (
    computed,
    extent_of,
    padded,
    scalar,
    unsqueeze,
)
from dlconv.convert.targets.onnx.tensors import Tensor

# No score is too low for the older ones.
LOWEST = float(np.finfo(np.float32).min)


@writes("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3")
def strongest(operation: Operation) -> Tensor:
    return operation.builder.cast(_selected(operation), "int32")


@writes("NonMaxSuppressionV4")
def strongest_and_how_many(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    selected = _selected(operation)
    indices = builder.cast(_filled_up(operation, selected), "int32")
    return [indices, _count(operation, selected)]


@writes("NonMaxSuppressionV5")
def strongest_with_scores(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    if operation.constant(5, "how much it lowers scores").item():
        raise operation.refused("it lowers the scores of boxes that overlap")
    selected = _selected(operation)
    scores = builder.node("Gather", operation.plain(1), selected, axis=0)
    indices = builder.cast(_filled_up(operation, selected), "int32")
    return [indices, _filled_up(operation, scores), _count(operation, selected)]


def _selected(operation: Operation) -> Tensor:
    """Return which boxes are left, int64 [number of these], that of the highest score first."""
    builder = operation.builder
    boxes, scores = (operation.plain(k) for k in (0, 1))
    if boxes.dtype != "float32":
        raise operation.refused(f"its boxes are {boxes.dtype}")
    overlap = (
        builder.constant(np.array(operation.number("iou_threshold"), np.float32))
        if operation.op == "NonMaxSuppression"
        else operation.plain(3)
    )
    least = (
        operation.plain(4)
        if len(operation.inputs) > 4
        else builder.constant(np.array(LOWEST, np.float32))
    )
    found = builder.node(
        "NonMaxSuppression",
        unsqueeze(builder, boxes, 0),
        unsqueeze(builder, scores, 0, 1),
        _most(operation),
        *(unsqueeze(builder, builder.cast(each, "float32"), 0) for each in (overlap, least)),
    )
    # The columns are batch, class and box.
    column = builder.constant(np.array(2, np.int64))
    return builder.node("Gather", found, column, axis=1)


def _most(operation: Operation) -> Tensor:
    return unsqueeze(operation.builder, operation.builder.cast(operation.plain(2), "int64"), 0)


def _filled_up(operation: Operation, tensor: Tensor) -> Tensor:
    """Return as many as there may be at most, with zeros at the end, if the node wants that."""
    if not operation.flag("pad_to_max_output_size"):
        return tensor
    builder = operation.builder
    lacking = computed(builder, "Sub", _most(operation), extent_of(builder, tensor, 0))
    return padded(builder, tensor, [(0, lacking)])


def _count(operation: Operation, selected: Tensor) -> Tensor:
    builder = operation.builder
    count = scalar(builder, extent_of(builder, selected, 0))
    return builder.cast(count, "int32")
