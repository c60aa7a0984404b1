"""One TensorFlow node that is to be written, as the writer of its operation sees it.

A writer is a function of an ``Operation``, registered by the ops that it writes, which adds
operators to the model and returns the tensors that the node gives: one, or several for several
outputs. What it cannot write, it refuses, with the node and the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.litert.builder import Builder
from dlconv.convert.targets.litert.model import Extents, Options, Tensor
from dlconv.convert.targets.litert.types import INT32, held_type
from dlconv.errors import DlconvError
from dlconv.graph.attributes import ReadsAttributes
from dlconv.graph.by_op import registers
from dlconv.graph.graph import NodeOutput, is_nhwc
from dlconv.graph.shapes import Static, numbers_of
from dlconv.graph.tensors import dtype_name

Written = Tensor | Sequence[Tensor]
Writer = Callable[["Operation"], Written]
OneWriter = TypeVar("OneWriter", bound=Writer)

_writers: dict[str, Writer] = {}


def writes(*ops: str) -> Callable[[OneWriter], OneWriter]:
    """Register a function as the writer of these TensorFlow ops."""
    return registers(_writers, ops)


def writer_of(op: str) -> Writer | None:
    """Return the writer of an op, None if there is none."""
    return _writers.get(op)


@dataclass(frozen=True)
class Operation(ReadsAttributes):
    """A node, its data inputs, what is known of the graph, and the model that is being made."""

    node: NodeDef
    inputs: Sequence[Tensor]
    static: Static
    builder: Builder

    def dtype(self, key: str) -> str:
        """Return the type that holds an attribute's. Raises DlconvError if there is none."""
        name = dtype_name(self.attribute(key).type)
        found = held_type(name)
        if found is None:
            raise self.refused(f"its element type is {name}")
        return found

    def shape(self, port: int = 0) -> Extents:
        """Return the shape of an output. Raises DlconvError if its rank is not known."""
        numbers = numbers_of(self.static.shape_of(NodeOutput(self.node.name, port)))
        if numbers is None:
            raise self.refused("the rank of what it gives is not known")
        return numbers

    def constant(self, index: int, what: str) -> np.ndarray:
        """Return the value of an input. Raises DlconvError if it is not constant."""
        found = self.inputs[index].constant
        if found is None:
            raise self.refused(f"{what} is not constant")
        return found

    def constant_name(self, index: int) -> str:
        """Return the name of the constant that an input is, or else the name of its node."""
        producer = self.static.graph.producer(self.node, index)
        constant = self.static.graph.constant_node(producer)
        return str((producer if constant is None else constant).name)

    def need_channels_last(self) -> None:
        """Raise DlconvError for channels that are not last."""
        if not is_nhwc(self.node):
            raise self.refused("its images do not have channels last")

    def add(
        self,
        code: str,
        inputs: Sequence[Tensor | None],
        dtype: str | None = None,
        shape: Extents | None = None,
        options: Options | None = None,
    ) -> Tensor:
        """Add an operator with one output, and return it.

        By default that has the shape of the node's first output, and the type of the first input.
        """
        first = inputs[0]
        kind = dtype or (first.dtype if first is not None else "float32")
        extents = self.shape() if shape is None else shape
        return self.builder.add(code, inputs, [(kind, extents)], options)[0]

    def const(self, value: Any, dtype: Any) -> Tensor:
        """Return a constant."""
        return self.builder.constant(value, dtype)

    def reshaped(self, tensor: Tensor, shape: Extents) -> Tensor:
        """Return a tensor in another shape, with one free extent at most."""
        if tensor.shape == shape and tensor.is_fixed:
            return tensor
        if shape.count(None) > 1:
            raise self.refused("more than one size of what it gives is free")
        target = self.const([-1 if extent is None else extent for extent in shape], "int32")
        return self.add("RESHAPE", [tensor, target], tensor.dtype, shape)

    def filled(self, tensor: Tensor, value: Any, dtype: str) -> Tensor:
        """Return a value in the shape of a tensor."""
        inputs = [self.extents(tensor), self.const(value, dtype)]
        return self.add("FILL", inputs, dtype, tensor.shape, Options("FillOptions"))

    def extents(self, tensor: Tensor) -> Tensor:
        """Return the shape of a tensor, int32 [rank]."""
        options = Options("ShapeOptions", {"OutType": INT32})
        return self.add("SHAPE", [tensor], "int32", (tensor.rank,), options)

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return a tensor in another type."""
        return tensor if tensor.dtype == dtype else cast(self.builder, tensor, dtype)

    def with_numbers(self) -> "Operation":
        """Return the same on integers in place of truth values, which some kernels do not move."""
        numbers = [
            self.cast(each, "int32") if each.dtype == "bool" else each for each in self.inputs
        ]
        return replace(self, inputs=numbers)

    def refused(self, reason: str) -> DlconvError:
        """Return the error for a node that is not written."""
        return DlconvError(
            f"LiteRT cannot hold {self.node.name} ({self.op}): {reason}", reason=reason
        )


def cast(builder: Builder, tensor: Tensor, dtype: str) -> Tensor:
    """Add a cast to a model, and return what it gives."""
    # Kernels go by the tensors' types; the options may stay empty (CastOptions in schema.fbs).
    return builder.add("CAST", [tensor], [(dtype, tensor.shape)], Options("CastOptions"))[0]
