"""What a StridedSlice says of each axis, its masks read (tensorflow/core/util/strided_slice_op.cc).

A bit of ``ellipsis_mask`` stands for all axes that no other part names, one of ``new_axis_mask``
for a new axis, one of ``shrink_axis_mask`` for one element; bits of ``begin_mask`` and ``end_mask``
open a bound. An ellipsis goes before a new axis, and that before one element.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent
from dlconv.graph.shapes.static import Static


class New:
    """A new axis."""


@dataclass(frozen=True)
class One:
    """One element of an axis, which goes; ``at`` is None where it is unknown."""

    at: int | None


@dataclass(frozen=True)
class Axis:
    """A range of an axis. A bound is None where it is open, UNKNOWN where it is not known."""

    begin: Extent
    end: Extent
    step: int | None


# No symbol of an extent.
UNKNOWN = ""
WHOLE = Axis(None, None, 1)


def read_spec(static: Static, node: NodeDef, rank: int) -> Iterator[tuple[New | One | Axis, int]]:
    """Yield what is taken of each axis, and its number in the input.

    Raises ValueError where the number of parts is unknown or does not fit ``rank`` axes.
    """
    count = _count(static, node)
    begin_mask, end_mask, ellipsis_mask, new_mask, shrink_mask = (
        attribute(node, f"{key}_mask").i
        for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    )
    begins, ends, steps = (_bounds(static, node, index, count) for index in (1, 2, 3))
    ellipses = [k for k in range(count) if ellipsis_mask >> k & 1]
    at = ellipses[0] if ellipses else count
    named = sum(k != at and not new_mask >> k & 1 for k in range(count))
    if len(ellipses) > 1 or named > rank:
        raise ValueError(f"{node.name} does not fit {rank} axes")
    axis = 0
    for k in range(count + (not ellipses)):
        if k == at:
            yield from ((WHOLE, axis + more) for more in range(rank - named))
            axis += rank - named
        elif new_mask >> k & 1:
            yield New(), axis
        elif shrink_mask >> k & 1:
            yield One(_number(begins[k])), axis
            axis += 1
        else:
            begin = None if begin_mask >> k & 1 else begins[k]
            end = None if end_mask >> k & 1 else ends[k]
            yield Axis(begin, end, _number(steps[k])), axis
            axis += 1


def _count(static: Static, node: NodeDef) -> int:
    for index in (1, 2, 3):
        length = static.shape(node, index)
        if length and isinstance(length[0], int) and length[0] <= 64:
            return length[0]
    raise ValueError(f"how many axes {node.name} names is not known")


def _bounds(static: Static, node: NodeDef, index: int, count: int) -> list[Extent]:
    value = static.value(node, index)
    items = [None] * count if value is None else list(value)
    return [UNKNOWN if item is None else item for item in items]


def _number(extent: Extent) -> int | None:
    return extent if isinstance(extent, int) else None
