"""One TensorFlow node that a target does not compute rightly, as its lowering sees it.

A lowering is a function of an ``Operation``, registered by the ops that it is for, which adds other
TensorFlow nodes and returns the tensors that stand for the node's outputs: ``name`` or
``name:port``, one or several. It computes what the node computes, in TensorFlow too, so that it can
be tested there. What it cannot say in other operations, it refuses, with the node and the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.attributes import ReadsAttributes, Value, attribute_value
from dlconv.graph.by_op import registers
from dlconv.graph.edit import const, free_name
from dlconv.graph.element_types import input_types
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes import Static
from dlconv.graph.tensors import dtype_name

Lowered = str | Sequence[str]
Lowering = Callable[["Operation"], Lowered]
_lowerings: dict[str, Lowering] = {}


def lowers(*ops: str) -> Callable[[Lowering], Lowering]:
    """Register a function as the lowering of these TensorFlow ops."""
    return registers(_lowerings, ops)


def lowering_of(op: str) -> Lowering | None:
    """Return the lowering of an op, None if there is none."""
    return _lowerings.get(op)


@dataclass
class Operation(ReadsAttributes):
    """A node, the tensors that it reads now, and the nodes that are added in its place.

    ``inputs`` are the tensors of the graph that is being made, as ``name`` or ``name:port``;
    ``static`` is what is known of the graph as it was, ``holder`` is how the target is called.
    """

    node: NodeDef
    inputs: Sequence[str]
    static: Static
    holder: str
    added: list[NodeDef] = field(default_factory=list)

    def dtype(self, key: str = "T") -> np.dtype:
        """Return an attribute that is an element type. Raises DlconvError for one numpy lacks."""
        name = dtype_name(self.attribute(key).type)
        try:
            return np.dtype(name)
        except TypeError:
            raise self.refused(f"its element type is {name}") from None

    def input_dtype(self, index: int) -> np.dtype:
        """Return the element type of an input. Raises DlconvError for one that numpy lacks."""
        names = input_types(self.node) or ()
        name = names[index] if index < len(names) else "unknown"
        try:
            return np.dtype(name)
        except TypeError:
            raise self.refused(f"the element type of its input {index} is {name}") from None

    def is_read(self, port: int) -> bool:
        """Tell whether a node reads an output."""
        return port in self.static.graph.ports_read.get(self.node.name, ())

    def shape(self, index: int) -> Shape:
        """Return what is known of the shape of an input."""
        return self.static.shape(self.node, index)

    def rank(self, index: int) -> int:
        """Return the rank of an input. Raises DlconvError if it is not known."""
        shape = self.shape(index)
        if shape is None:
            raise self.refused(f"the rank of its input {index} is not known")
        return len(shape)

    def extents(self, index: int) -> tuple[int, ...]:
        """Return the shape of an input. Raises DlconvError unless all of it is known."""
        shape = self.shape(index)
        if shape is None or not all(isinstance(extent, int) for extent in shape):
            raise self.refused(f"the size of its input {index} is not fixed")
        return tuple(extent for extent in shape if isinstance(extent, int))

    def fixed(self, extent: Extent) -> int:
        """Return an extent that is a number. Raises DlconvError for one that varies."""
        if not isinstance(extent, int):
            raise self.refused("its size is not fixed")
        return extent

    def constant(self, index: int, what: str) -> np.ndarray:
        """Return the value of an input. Raises DlconvError if it is not constant."""
        found = self.static.graph.constant(self.static.graph.producer(self.node, index))
        if found is None:
            raise self.refused(f"{what} is not constant")
        return found

    def add(self, op: str, *inputs: str, **attributes: Value) -> str:
        """Add a node and return its first output; others are ``result:1`` and so on.

        Attributes go by their Python type: lists are lists of integers, text is a string, numpy
        element types are types.
        """
        made = NodeDef(name=self._free_name(op), op=op, input=inputs)
        for key, value in attributes.items():
            made.attr[key].CopyFrom(attribute_value(value))
        self.added.append(made)
        return str(made.name)

    def const(self, value: np.typing.ArrayLike, dtype: np.typing.DTypeLike) -> str:
        """Add a constant and return its tensor."""
        made = const(self._free_name("Const"), np.asarray(value, dtype))
        self.added.append(made)
        return str(made.name)

    def again(self, *inputs: str, **attributes: Value) -> str:
        """Add the node as it is, with other inputs and some other attributes."""
        name = self.add(self.op, *inputs)
        for key, value in self.node.attr.items():
            self.added[-1].attr[key].CopyFrom(value)
        for key, changed in attributes.items():
            self.added[-1].attr[key].CopyFrom(attribute_value(changed))
        return name

    def _free_name(self, op: str) -> str:
        return free_name(self.static.graph, f"{self.node.name}/{op}_{len(self.added)}")

    def refused(self, reason: str) -> DlconvError:
        """Return the error for a node that is not written."""
        return DlconvError(
            f"{self.holder} cannot hold {self.node.name} ({self.op}): {reason}", reason=reason
        )


def renamed(nodes: Sequence[NodeDef], names: Mapping[str, str]) -> None:
    """Rename nodes and what reads them, in place."""
    for node in nodes:
        node.name = names.get(node.name, node.name)
        for index, read in enumerate(node.input):
            name, mark, port = read.partition(":")
            node.input[index] = names.get(name, name) + mark + port
