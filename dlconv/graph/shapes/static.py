"""A graph with what is inferred of it, which the rules of operations read and fill."""

from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph, NodeOutput
from dlconv.graph.inferred import Inferred, Shape


@dataclass(frozen=True)
class Static:
    """A graph with what is inferred of it.

    Values are object arrays of extents (floats and truths where shape arithmetic passes through
    them).
    """

    graph: Graph
    inferred: Inferred

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every node's first output."""
        return self.inferred.shapes

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The values of the nodes whose first output shape arithmetic gives."""
        return self.inferred.values

    def shape_of(self, output: NodeOutput) -> Shape:
        """Return the shape of any output of a node."""
        if output.port:
            return self.inferred.later_shapes.get((output.node, output.port))
        return self.inferred.shapes.get(output.node)

    def value_of(self, output: NodeOutput) -> np.ndarray | None:
        """Return the value of any output of a node, None if it is not known as an array."""
        if output.port:
            return self.inferred.later_values.get((output.node, output.port))
        return self.inferred.values.get(output.node)

    def shape(self, node: NodeDef, index: int) -> Shape:
        """Return the shape of a node's input. Raises DlconvError if it has no such input."""
        return self.shape_of(self._source(node, index))

    def value(self, node: NodeDef, index: int) -> np.ndarray | None:
        """Return the value of a node's input, None if it is not known as an array.

        Raises DlconvError if the node has no such input.
        """
        return self.value_of(self._source(node, index))

    def whole_value(self, node: NodeDef, index: int) -> np.ndarray | None:
        """Return the value of a node's input if all of it is numbers.

        Raises DlconvError if the node has no such input.
        """
        value = self.value(node, index)
        is_known = value is not None and all(isinstance(item, int) for item in value.ravel())
        return value if is_known else None

    def whole(self, node: NodeDef, index: int) -> int | None:
        """Return the number that a node's input is, None if it is not known to be one.

        Raises DlconvError if the node has no such input.
        """
        value = self.whole_value(node, index)
        return None if value is None or value.size != 1 else int(value.item())

    def is_dead(self, output: NodeOutput) -> bool:
        """Tell whether an output is never computed, since a Switch takes its other side."""
        inferred = self.inferred
        return output.node in inferred.dead or (output.node, output.port) in inferred.dead_outputs

    def _source(self, node: NodeDef, index: int) -> NodeOutput:
        sources = self.graph.sources(node)
        if not 0 <= index < len(sources):
            raise DlconvError(f"node {node.name} ({node.op}) has no input {index}")
        return sources[index]


def numbers_of(shape: Shape) -> tuple[int | None, ...] | None:
    """Return a shape with None for every extent that is not a number."""
    if shape is None:
        return None
    return tuple(extent if isinstance(extent, int) else None for extent in shape)
