"""Values that are passed on, put into another shape, joined, taken apart or chosen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.shapes.extents import axis_of
from dlconv.graph.shapes.operations.slicing import split_sizes
from dlconv.graph.shapes.rules import MOST_VALUES, Value, gives_value, gives_values
from dlconv.graph.shapes.static import Static
from dlconv.graph.shapes.strides import Axis, New, One, read_spec
from dlconv.graph.shapes.values.arrays import is_small, objects, small, value_or_unknowns


@gives_value(
    "CheckNumerics CheckNumericsV2 DeepCopy EnsureShape Identity PreventGradient Print RefIdentity"
    " Snapshot StopGradient"
)
def _same(static: Static, node: NodeDef) -> Value:
    return static.value(node, 0)


@gives_values("IdentityN")
def _all_the_same(static: Static, node: NodeDef) -> Sequence[Value]:
    return [static.value(node, index) for index in range(len(static.graph.sources(node)))]


@gives_values("RefSwitch Switch")
def _switch(static: Static, node: NodeDef) -> Sequence[Value]:
    value = static.value(node, 0)
    return value, value


@gives_values("Merge RefMerge")
def _merge(static: Static, node: NodeDef) -> Sequence[Value]:
    """The value of the one side that runs, or what both sides have in common."""
    sources = static.graph.sources(node)
    alive = [index for index, source in enumerate(sources) if not static.is_dead(source)]
    values = [static.value(node, index) for index in alive]
    which = np.array(alive[0], object) if len(alive) == 1 else None
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or len({value.shape for value in known}) > 1:
        return None, which
    columns = zip(*(value.ravel() for value in known), strict=True)
    return objects([_common(column) for column in columns], known[0].shape), which


def _common(items: Sequence[object]) -> object:
    return items[0] if all(item == items[0] for item in items) else None


@gives_value("ExpandDims Reshape Squeeze")
def _reshape(static: Static, node: NodeDef) -> Value:
    value, shape = static.value(node, 0), small(static.shapes[node.name])
    return None if value is None or shape is None else value.reshape(shape)


@gives_value("Transpose")
def _transpose(static: Static, node: NodeDef) -> Value:
    value, perm = static.value(node, 0), static.whole_value(node, 1)
    return None if value is None or perm is None else value.transpose([int(k) for k in perm])


@gives_value("ReverseV2")
def _reverse(static: Static, node: NodeDef) -> Value:
    value, axes = static.value(node, 0), static.whole_value(node, 1)
    return None if value is None or axes is None else np.flip(value, tuple(map(int, axes.ravel())))


@gives_value("BroadcastTo")
def _broadcast(static: Static, node: NodeDef) -> Value:
    value, shape = static.value(node, 0), small(static.shapes[node.name])
    return None if value is None or shape is None else np.broadcast_to(value, shape)


@gives_value("Tile")
def _tile(static: Static, node: NodeDef) -> Value:
    value, counts = static.value(node, 0), static.whole_value(node, 1)
    if value is None or counts is None or not is_small(static.shapes[node.name]):
        return None
    return np.tile(value, [int(count) for count in counts])


@gives_value("Pack")
def _pack(static: Static, node: NodeDef) -> Value:
    parts = _parts(static, node, range(len(static.graph.sources(node))))
    if parts is None:
        return None
    known = next(part for part in parts if part is not None)
    unknowns = np.full(known.shape, None, object)
    stacked = [unknowns if part is None else part for part in parts]
    return np.stack(stacked, attribute(node, "axis").i)


@gives_value("ConcatV2")
def _concat(static: Static, node: NodeDef) -> Value:
    count = len(static.graph.sources(node)) - 1
    return _joined(_parts(static, node, range(count)), static.whole(node, count))


@gives_value("Concat")
def _concat_by_the_first(static: Static, node: NodeDef) -> Value:
    count = len(static.graph.sources(node))
    return _joined(_parts(static, node, range(1, count)), static.whole(node, 0))


def _parts(static: Static, node: NodeDef, indices: range) -> list[Value] | None:
    """Return the values of inputs, None if nothing is known of any of them."""
    if len(indices) > MOST_VALUES:
        return None
    if all(static.value(node, index) is None for index in indices):
        return None
    return [value_or_unknowns(static, node, index) for index in indices]


def _joined(parts: list[Value] | None, axis: int | None) -> Value:
    known = [part for part in parts or () if part is not None]
    if parts is None or axis is None or len(known) < len(parts):
        return None
    return np.concatenate(known, axis)


@gives_value("Slice")
def _slice(static: Static, node: NodeDef) -> Value:
    value = static.value(node, 0)
    begin, sizes = static.whole_value(node, 1), static.whole_value(node, 2)
    if value is None or begin is None or sizes is None:
        return None
    ends = (None if size == -1 else b + size for b, size in zip(begin, sizes, strict=True))
    return value[tuple(slice(b, end) for b, end in zip(begin, ends, strict=True))]


@gives_value("StridedSlice")
def _strided_slice(static: Static, node: NodeDef) -> Value:
    value = static.value(node, 0)
    if value is None:
        return None
    return np.array(value[tuple(_index(p) for p, _ in read_spec(static, node, value.ndim))], object)


def _index(part: New | One | Axis) -> Any:
    """Return how numpy says it. Raises ValueError where it depends on what is not known."""
    if isinstance(part, New):
        return np.newaxis
    if isinstance(part, One):
        if part.at is None:
            raise ValueError("which element is taken is not known")
        return part.at
    if part.step is None or isinstance(part.begin, str) or isinstance(part.end, str):
        raise ValueError("which elements are taken is not known")
    return slice(part.begin, part.end, part.step)


@gives_values("Unpack")
def _unpack(static: Static, node: NodeDef) -> Sequence[Value]:
    value = static.value(node, 0)
    if value is None:
        return ()
    parts = np.moveaxis(value, attribute(node, "axis").i, 0)
    return [np.array(part, object) for part in parts]


@gives_values("Split")
def _split(static: Static, node: NodeDef) -> Sequence[Value]:
    value, axis = static.value(node, 1), static.whole(node, 0)
    if value is None or axis is None:
        return ()
    return np.split(value, attribute(node, "num_split").i, axis)


@gives_values("SplitV")
def _split_by_sizes(static: Static, node: NodeDef) -> Sequence[Value]:
    value, axis, sizes = static.value(node, 0), static.whole(node, 2), static.whole_value(node, 1)
    if value is None or axis is None or sizes is None:
        return ()
    whole = split_sizes(sizes, value.shape[axis_of(axis, value.ndim)], len(sizes))
    ends = np.cumsum([int(size) for size in whole if isinstance(size, int)])
    return np.split(value, ends[:-1], axis)


@gives_value("Gather")
def _gather(static: Static, node: NodeDef) -> Value:
    return _gathered(static.value(node, 0), static.whole_value(node, 1), 0)


@gives_value("GatherV2")
def _gather_along(static: Static, node: NodeDef) -> Value:
    if attribute(node, "batch_dims").i:
        return None
    return _gathered(static.value(node, 0), static.whole_value(node, 1), static.whole(node, 2))


def _gathered(value: Value, indices: Value, axis: int | None) -> Value:
    if value is None or indices is None or axis is None or min(indices.ravel(), default=0) < 0:
        return None
    if value.size * indices.size > MOST_VALUES**2:
        return None
    return np.array(np.take(value, indices.astype(np.int64), axis), object)


@gives_value("SelectV2")
def _select_broadcast(static: Static, node: NodeDef) -> Value:
    return _selected(*(static.value(node, index) for index in range(3)))


@gives_value("Select")
def _select(static: Static, node: NodeDef) -> Value:
    """A vector of conditions chooses among rows."""
    condition, first, second = (static.value(node, index) for index in range(3))
    if condition is not None and first is not None and 0 < condition.ndim < first.ndim:
        condition = condition.reshape(condition.shape + (1,) * (first.ndim - condition.ndim))
    return _selected(condition, first, second)


def _selected(condition: Value, first: Value, second: Value) -> Value:
    if condition is None or first is None or second is None:
        return None
    arrays = np.broadcast_arrays(condition, first, second)
    if arrays[0].size > MOST_VALUES:
        return None
    rows = zip(*(array.ravel() for array in arrays), strict=True)
    return objects([_chosen(*row) for row in rows], arrays[0].shape)


def _chosen(condition: object, first: object, second: object) -> object:
    if isinstance(condition, bool):
        return first if condition else second
    return first if first == second else None
