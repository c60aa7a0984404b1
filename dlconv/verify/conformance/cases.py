"""The cases of an operation: small graphs of one node, with the values that go in.

What varies is taken from the op's definition, as far as that says it (element types, flags, texts
with allowed values), and from its maker (``makers``): ranks, sizes, which inputs are constant. An
op without a maker gets values of equal or broadcast shapes.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.attributes import attribute_value
from dlconv.graph.by_op import registers
from dlconv.graph.definitions import definition_of
from dlconv.graph.edit import const
from dlconv.graph.graph import Graph
from dlconv.graph.operations import CONVOLUTIONS
from dlconv.graph.tensors import shape_proto
from dlconv.verify.conformance.draw import EMPTY, Draw, Input, every_way

Maker = Callable[[Draw], Sequence[Input]]
OneMaker = TypeVar("OneMaker", bound=Maker)

# The node that a case is about.
NODE = "y"
AT_RANDOM = 40
PRODUCER = 1645

_makers: dict[str, Maker] = {}


def makes(*ops: str) -> Callable[[OneMaker], OneMaker]:
    """Register a function as the maker of the cases of these ops."""
    return registers(_makers, ops)


@dataclass(frozen=True)
class Case:
    """A graph whose node ``y`` is of the op, with the values of its placeholders.

    ``reference`` computes the same in TensorFlow, ``edge`` says what kind of values they are.
    """

    graph: Graph
    reference: Graph
    feeds: Mapping[str, np.ndarray]
    edge: str
    digest: str


def cases_of(op: str) -> Iterator[Case]:
    """Yield the cases of an op that TensorFlow defines."""
    import dlconv.verify.conformance.makers  # noqa: F401
    from dlconv.verify.conformance.makers.elementwise import elementwise

    definition = definition_of(op)
    if definition is None or definition.is_stateful:
        return
    maker = _makers.get(op, elementwise)

    def made(draw: Draw) -> Case:
        inputs = maker(draw)
        draw.finish()
        return _case(op, draw, inputs)

    seen = set()
    for _, case in every_way(definition, made, AT_RANDOM):
        if case.digest not in seen:
            seen.add(case.digest)
            yield case


def _case(op: str, draw: Draw, inputs: Sequence[Input]) -> Case:
    is_free = draw.pick("sizes", "fixed", "free") == "free"
    is_stated = draw.pick("defaults", "stated", "absent") == "stated"
    kept = _channels(draw) if op in CONVOLUTIONS else None
    nodes, feeds = [], {}
    for index, each in enumerate(inputs):
        if each.is_constant:
            nodes.append(const(f"x{index}", each.value))
        else:
            nodes.append(_placeholder(f"x{index}", each.value, is_free, kept))
            feeds[f"x{index}"] = each.value
    if not feeds:
        # TF.js and ONNX Runtime want an input.
        nodes[0] = _placeholder("x0", inputs[0].value, is_free)
        feeds["x0"] = inputs[0].value
    node = NodeDef(name=NODE, op=op, input=[f"x{index}" for index in range(len(inputs))])
    defaults = {
        each.name: each.default_value
        for each in draw.definition.attr
        if each.HasField("default_value")
    }
    attributes = {
        **(defaults if is_stated else {}),
        **{key: attribute_value(value) for key, value in draw.attributes.items()},
    }
    for key, value in sorted(attributes.items()):
        if is_stated or defaults.get(key) != value:
            node.attr[key].CopyFrom(value)
    graph = _graph([*nodes, node])
    reference = _graph([*nodes, *_unfused(node)]) if op in FUSED else graph
    content = graph.graph_def.SerializeToString(deterministic=True)
    values = b"".join(value.tobytes() for value in feeds.values())
    digest = hashlib.sha256(content + values).hexdigest()[:20]
    is_empty = any(each.value.size == 0 for each in inputs)
    return Case(graph, reference, feeds, EMPTY if is_empty else draw.edge, digest)


def _graph(nodes: Sequence[NodeDef]) -> Graph:
    made = GraphDef(node=nodes)
    made.versions.producer = PRODUCER
    return Graph(made)


def _channels(draw: Draw) -> int:
    """Return the axis of channels, which are known wherever a convolution is."""
    return 1 if draw.attributes.get("data_format") == "NCHW" else 3


def _placeholder(name: str, value: np.ndarray, is_free: bool, kept: int | None = None) -> NodeDef:
    node = NodeDef(name=name, op="Placeholder")
    node.attr["dtype"].CopyFrom(attribute_value(value.dtype))
    extents = [
        None if is_free and axis != kept else extent for axis, extent in enumerate(value.shape)
    ]
    node.attr["shape"].shape.CopyFrom(shape_proto(extents))
    node.attr["shape"].shape.SetInParent()
    return node


# Ops that dlconv's own passes make, for TF.js alone.
FUSED = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
}


def _unfused(node: NodeDef) -> list[NodeDef]:
    """Return the nodes that a fused one stands for."""
    plain = NodeDef(name=f"{NODE}/0", op=FUSED[node.op], input=node.input[:2])
    for key in ("T", "strides", "padding", "explicit_paddings", "data_format", "dilations"):
        if key in node.attr:
            plain.attr[key].CopyFrom(node.attr[key])
    nodes = [plain]
    for index, op in enumerate(node.attr["fused_ops"].list.s, start=1):
        inputs = [nodes[-1].name, *(node.input[2:3] if index == 1 else [])]
        nodes.append(NodeDef(name=f"{NODE}/{index}", op=op.decode(), input=inputs))
        nodes[-1].attr["T"].CopyFrom(node.attr["T"])
    nodes[-1].name = NODE
    return nodes
