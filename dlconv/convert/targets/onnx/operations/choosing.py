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
    condition, value = operation.ranked(0), operation.ranked(1)
    if condition.rank != 1 or value.rank <= 1:
        return select(operation)
    rows = reshape(operation.builder, condition.plain(), [-1, *[1] * (value.rank - 1)])
    choices = (value.plain(), operation.plain(2))
    return ordered(operation, operation.builder.node("Where", rows, *choices), False)


@writes("Where")
def places(operation: Operation) -> Tensor:
    builder = operation.builder
    is_set = builder.cast(operation.plain(0), "bool")
    return builder.transposed(builder.node("NonZero", is_set), (1, 0))


@writes("OneHot")
def one_hot(operation: Operation) -> Tensor:
    builder = operation.builder
    indices = builder.cast(operation.ranked(0).plain(), "int64")
    axis = operation.integer("axis")
    axis = indices.rank if axis == -1 else axis
    depth = builder.node("Reshape", builder.cast(operation.plain(1), "int64"), builder.integers(1))
    column = reshape(builder, counted(builder, depth), [-1, *[1] * (indices.rank - axis)])
    is_on = builder.node("Equal", unsqueeze(builder, indices, axis), column)
    return builder.node("Where", is_on, operation.plain(2), operation.plain(3))


@writes("Switch", "RefSwitch")
def switch(operation: Operation) -> Sequence[Value]:
    value, condition = operation.inputs
    if value.is_dead or condition.is_dead:
        return [DEAD, DEAD]
    value = value.guarded(condition.guards)
    constant = condition.constant
    if constant is not None:
        return [DEAD, value] if constant.item() else [value, DEAD]
    name = condition.plain().name
    return [value.guarded(frozenset({(name, is_taken)})) for is_taken in (False, True)]


@writes("Merge", "RefMerge")
def merge(operation: Operation) -> Sequence[Written]:
    builder = operation.builder
    alive = [(k, value) for k, value in enumerate(operation.inputs) if not value.is_dead]
    if not alive:
        return [DEAD, DEAD]
    if len(alive) == 1:
        number, value = alive[0]
        return [value, builder.constant(np.array(number, np.int32))]
    if len(alive) != 2:
        raise operation.refused("it joins more than two branches")
    (first, one), (second, other) = alive
    name, is_first_taken = _deciding(operation, one, other)
    condition = builder.by_name(name)
    guards = frozenset(each for each in one.guards | other.guards if each[0] != name)
    numbers = [builder.constant(np.array(k, np.int32)) for k in (first, second)]
    values = [one, other]
    if not is_first_taken:
        numbers.reverse()
        values.reverse()
    index = Value(builder.transposed, plain=builder.node("Where", condition, *numbers))
    return [_chosen(operation, condition, *values).guarded(guards), index.guarded(guards)]


def _deciding(operation: Operation, one: Value, other: Value) -> tuple[str, bool]:
    """Return the condition that tells two branches apart, and what it is where ``one`` is computed.

    A constant may have lost the control edge that says on which branch it is: it is then on the
    opposite one, as only one of the two is ever computed.
    """
    for name, is_taken in sorted(one.guards):
        if (name, not is_taken) in other.guards:
            return name, is_taken
    if len(one.guards ^ other.guards) != 1:
        raise operation.refused("no condition decides between its branches")
    ((name, is_taken),) = one.guards ^ other.guards
    return name, is_taken == ((name, is_taken) in one.guards)


def _chosen(operation: Operation, condition: Tensor, taken: Value, left: Value) -> Value:
    """Return one of two values: element by element if their shapes are known to be equal."""
    builder = operation.builder
    is_first = taken.has_first and left.has_first and taken.rank == left.rank
    one, other = (each.first() if is_first else each.plain() for each in (taken, left))
    if one is other:
        return ordered(operation, one, is_first)
    is_whole = one.shape is not None and all(isinstance(extent, int) for extent in one.shape)
    if is_whole and one.shape == other.shape:
        return ordered(operation, builder.node("Where", condition, one, other), is_first)
    return ordered(operation, builder.either(condition, one, other), is_first)
