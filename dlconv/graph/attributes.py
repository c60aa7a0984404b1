"""Attributes of nodes, made from Python values, and read as such."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.tensors import data_type_of

Items: TypeAlias = "Sequence[int] | Sequence[float] | Sequence[str] | Sequence[np.dtype[Any]]"
Value: TypeAlias = "bool | int | float | str | bytes | np.dtype[Any] | type | Items | AttrValue"


def attribute_value(value: Value) -> AttrValue:
    """Return a value as an attribute, by its Python type.

    Element types are numpy's; a list is of the type of its first item, an empty one of integers.
    """
    if isinstance(value, AttrValue):
        return value
    if isinstance(value, bool):
        return AttrValue(b=value)
    if isinstance(value, int | np.integer):
        return AttrValue(i=int(value))
    if isinstance(value, float):
        return AttrValue(f=value)
    if isinstance(value, str):
        return AttrValue(s=value.encode())
    if isinstance(value, bytes):
        return AttrValue(s=value)
    if isinstance(value, np.dtype | type):
        return AttrValue(type=data_type_of(np.dtype(value).name))
    return AttrValue(list=_list_value(list(value)))


def _list_value(items: list[Any]) -> AttrValue.ListValue:
    first = items[0] if items else 0
    if isinstance(first, str):
        return AttrValue.ListValue(s=[text.encode() for text in items])
    if isinstance(first, np.dtype):
        return AttrValue.ListValue(type=[data_type_of(each.name) for each in items])
    if isinstance(first, float):
        return AttrValue.ListValue(f=items)
    return AttrValue.ListValue(i=items)


class ReadsAttributes:
    """What has a node, and reads its attributes as the kinds that they are."""

    node: NodeDef

    @property
    def op(self) -> str:
        """The TensorFlow op."""
        return str(self.node.op)

    def attribute(self, key: str) -> AttrValue:
        """Return what the node states, or its op's default."""
        return attribute(self.node, key)

    def flag(self, key: str) -> bool:
        """Return an attribute that is yes or no."""
        return bool(self.attribute(key).b)

    def integer(self, key: str) -> int:
        """Return an attribute that is an integer."""
        return int(self.attribute(key).i)

    def integers(self, key: str) -> list[int]:
        """Return an attribute that is a list of integers."""
        return list(self.attribute(key).list.i)

    def number(self, key: str) -> float:
        """Return an attribute that is a float."""
        return float(self.attribute(key).f)

    def text(self, key: str) -> str:
        """Return an attribute that is text."""
        return str(self.attribute(key).s.decode(errors="replace"))
