"""One TensorFlow node that is to be written, as the writer of its operation sees it.

A writer is a function of an ``Operation``, registered by the ops that it writes, which adds nodes
to the model and returns what they give: a tensor in TensorFlow's order of axes, a ``Value``, or
several for several outputs. What it cannot write, it refuses, with the node and the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.errors import DlconvError
from dlconv.graph.attributes import ReadsAttributes
from dlconv.graph.by_op import registers
from dlconv.graph.definitions import is_required
from dlconv.graph.graph import attribute, is_nhwc
from dlconv.graph.tensors import dtype_name

Written = Tensor | Value
Writer = Callable[["Operation"], Written | Sequence[Written]]
OneWriter = TypeVar("OneWriter", bound=Writer)

IMAGE_FORMATS = frozenset({"NHWC", "NCHW", "NDHWC", "NCDHW"})

_writers: dict[str, Writer] = {}


def writes(*ops: str) -> Callable[[OneWriter], OneWriter]:
    """Register a function as the writer of these TensorFlow ops."""
    return registers(_writers, ops)


def writer_of(op: str) -> Writer | None:
    """Return the writer of an op, None if there is none."""
    return _writers.get(op)


def written_operations() -> frozenset[str]:
    """Return the ops that have a writer."""
    return frozenset(_writers)


@dataclass(frozen=True)
class Operation(ReadsAttributes):
    """A node, its data inputs, and the model that is being made.

    ``is_only_reader`` says of each input whether no other node reads it.
    """

    node: NodeDef
    inputs: Sequence[Value]
    builder: Builder
    is_only_reader: Sequence[bool]

    @property
    def has_channels_last(self) -> bool:
        """Whether its images have channels last, which is the default."""
        return is_nhwc(self.node) or attribute(self.node, "data_format").s == b"NDHWC"

    def text(self, key: str, default: str = "") -> str:
        """Return an attribute that is text, ``default`` for an op that does not have it."""
        return super().text(key) or default

    def dtype(self, key: str, default: str = "") -> str:
        """Return an attribute that is an element type, as numpy calls it.

        It is ``default`` for an op that does not have the attribute. Raises DlconvError for a type
        that ONNX or numpy does not have.
        """
        data_type = self.attribute(key).type
        name = dtype_name(data_type) if data_type else default
        try:
            return np.dtype(name).name
        except TypeError:
            raise self.refused(f"its element type is {name}") from None

    def attribute(self, key: str) -> AttrValue:
        """Return what the node states, or its op's default; what is neither is refused."""
        found = attribute(self.node, key)
        if found.WhichOneof("value") is None and is_required(self.op, key):
            raise self.refused(f"its attribute {key} is missing")
        return found

    def plain(self, index: int) -> Tensor:
        """Return an input in TensorFlow's order of axes."""
        return self.inputs[index].plain()

    def ranked(self, index: int) -> Value:
        """Return an input of known rank. Raises DlconvError if it is not known."""
        value = self.inputs[index]
        if value.rank < 0:
            raise self.refused(f"the rank of its input {index} is not known")
        return value

    def image(self, index: int = 0, rank: int = -1) -> Tensor:
        """Return an input with channels first, wherever the node has them.

        ``rank`` is how many axes it has in any case. Raises DlconvError if that is not known, and
        for channels that are neither first nor last.
        """
        if self.text("data_format", "NHWC") not in IMAGE_FORMATS:
            raise self.refused(f"its images are {self.text('data_format')}")
        if self.inputs[index].rank < 0 < rank:
            self.inputs[index].learn((None,) * rank, self.builder.tensor_with_shape)
        value = self.ranked(index)
        return value.first() if self.has_channels_last else value.plain()

    def of_image(self, tensor: Tensor) -> Value:
        """Return a tensor with channels first as an output of the node."""
        if self.has_channels_last:
            return Value(self.builder.transposed, first=tensor)
        return Value(self.builder.transposed, plain=tensor)

    def constant(self, index: int, what: str) -> np.ndarray:
        """Return the value of an input. Raises DlconvError if it is not constant."""
        found = self.inputs[index].constant
        if found is None:
            raise self.refused(f"{what} is not constant")
        return found

    def need_opset(self, oldest: int) -> None:
        """Raise DlconvError for a model of an older opset."""
        if self.builder.opset < oldest:
            raise self.refused(f"it needs opset {oldest} or newer")

    def refused(self, reason: str) -> DlconvError:
        """Return the error for a node that is not written."""
        return DlconvError(f"ONNX cannot hold {self.node.name} ({self.op}): {reason}")
