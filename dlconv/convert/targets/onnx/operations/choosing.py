"""Choosing between values: element by element, or by the branch that runs.

Both sides of a branch are computed, which is the same for operations without effects, and the
condition chooses between what they give. Where the condition is constant, only one side is written.
"""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.targets.onnx.operation import Operation, Written, writes
from dlconv.convert.targets.onnx.snippets import aligned, counted, ordered, reshape, unsqueeze
from dlconv.convert.targets.onnx.tensors import Tensor, Value

DEAD = Value(lambda tensor, _: tensor)


@writes("SelectV2")
def select(operation: Operation) -> Value:
    (condition, one, other), is_first = aligned(operation, operation.inputs)
    return ordered(operation, operation.builder.node("Where", condition, one, other), is_first)


@writes("Select")
def select_rows(operation: Operation) -> Value:
    """Write the older Select, whose condition may be a vector for the first axis."""
    condition, value = operation.inputs[0], operation.ranked(1)
    if condition.rank != 1 or value.rank <= 1:
        return select(operation)
    rows = reshape(operation.builder, condition.plain(), [-1, *[1] * (value.rank - 1)])
    choices = (value.plain(), operation.plain(2))
    return ordered(operation, operation.builder.node("Where", rows, *choices), False)


@writes("Where")
def places(operation: Operation) -> Tensor:
    builder = operation.builder
    tensor = operation.plain(0)
    return builder.transposed(builder.node("NonZero", tensor), (1, 0))


@writes("OneHot")
def one_hot(operation: Operation) -> Tensor:
    builder = operation.builder
    indices = operation.ranked(0).plain()
    if indices.dtype == "uint8":
        indices = builder.cast(indices, "int32")
    axis = operation.integer("axis", -1)
    axis = indices.rank if axis == -1 else axis
    depth = builder.node("Reshape", builder.cast(operation.plain(1), "int64"), builder.integers(1))
    numbers = builder.cast(counted(builder, depth), indices.dtype)
    column = reshape(builder, numbers, [-1, *[1] * (indices.rank - axis)])
    is_on = builder.node("Equal", unsqueeze(builder, indices, axis), column)
    return builder.node("Where", is_on, operation.plain(2), operation.plain(3))


@writes("Switch", "RefSwitch")
def switch(operation: Operation) -> Sequence[Value]:
    value, condition = operation.inputs
    constant = condition.constant
    if constant is not None:
        return [DEAD, value] if constant.item() else [value, DEAD]
    name = condition.plain().name
    return [
        Value(operation.builder.transposed, *_both(value), value.guards | {(name, is_taken)})
        for is_taken in (False, True)
    ]


def _both(value: Value) -> tuple[Tensor | None, Tensor | None]:
    return (None, value.first()) if value.has_first else (value.plain(), None)


@writes("Merge", "RefMerge")
def merge(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    alive = [(k, value) for k, value in enumerate(operation.inputs) if not value.is_dead]
    if not alive:
        return [DEAD, DEAD]
    if len(alive) == 1:
        index, value = alive[0]
        return [value, builder.constant(np.array(index, np.int32))]
    if len(alive) != 2:
        raise operation.refused("it joins more than two branches")
    one, other = (value for _, value in alive)
    names = {name for name, is_taken in one.guards if (name, not is_taken) in other.guards}
    if not names:
        raise operation.refused("no condition decides between its branches")
    name = min(names)
    condition = builder.by_name(name)
    guards = frozenset(each for each in one.guards | other.guards if each[0] != name)
    is_first_taken = (name, True) in one.guards
    taken, left = (one, other) if is_first_taken else (other, one)
    chosen = builder.node(
        "Where",
        condition,
        *(
            builder.constant(np.array(int(k), np.int32))
            for k in (not is_first_taken, is_first_taken)
        ),
    )
    made = _chosen(operation, condition, taken, left)
    return [Value(builder.transposed, plain=made, guards=guards), chosen]


def _chosen(operation: Operation, condition: Tensor, taken: Value, left: Value) -> Tensor:
    """Return one of two values: element by element if their shapes are known to be equal."""
    builder = operation.builder
    one, other = taken.plain(), left.plain()
    is_whole = one.shape is not None and all(isinstance(extent, int) for extent in one.shape)
    if is_whole and one.shape == other.shape:
        return builder.node("Where", condition, one, other)
    return builder.either(condition, one, other)
