"""The size of a graph: which ops it is made of, and how many weights it holds.

Weights are its constants of a floating-point type, before any conversion; integer constants are
shapes, axes and paddings.
"""

import math
from collections import Counter
from dataclasses import dataclass

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import Graph
from dlconv.graph.tensors import byte_size, dtype_name, shape_of

WEIGHT_DTYPES = frozenset({"float32", "float64", "float16"})


@dataclass(frozen=True)
class Summary:
    """The size of a graph once it is loaded."""

    nodes: int
    """Nodes, constants included."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""
    weight_tensors: int
    """Constants of a floating-point type."""
    weight_elements: int
    """Their elements."""
    weight_bytes: int
    """Their bytes."""
    producer: int
    """The version of TensorFlow's graphs that it was written in."""


def summarize(graph: Graph) -> Summary:
    """Count the ops and weights of a graph."""
    weights = [node.attr["value"].tensor for node in graph.nodes.values() if is_weight(node)]
    return Summary(
        nodes=len(graph.nodes),
        ops=dict(Counter(node.op for node in graph.nodes.values()).most_common()),
        weight_tensors=len(weights),
        weight_elements=sum(math.prod(shape_of(tensor)) for tensor in weights),
        weight_bytes=sum(byte_size(tensor) for tensor in weights),
        producer=graph.versions.producer,
    )


def is_weight(node: NodeDef) -> bool:
    """Tell whether a node is a constant of a floating-point type."""
    return node.op == "Const" and dtype_name(node.attr["value"].tensor.dtype) in WEIGHT_DTYPES
