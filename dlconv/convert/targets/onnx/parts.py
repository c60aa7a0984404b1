"""Parts of a graph as models: from values that are fed to values that are wanted.

The graph is written once, with the weights that parts are given as inputs, and is cut in what was
written: a graph that can be written has all its parts, and they compute what the whole does. In the
model of a part the weights are constants, with which ONNX Runtime convolves faster.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.axes import to_first
from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.model import Model
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.convert.targets.onnx.write import model_of, needed_for, read_by, write_nodes
from dlconv.convert.targets.pivots import with_switched_constants
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.prune import pruned_to
from dlconv.graph.shapes import numbers_of
from dlconv.recipe import DEFAULT_OPSET

if TYPE_CHECKING:
    from onnx import NodeProto, ValueInfoProto

# What a part gives of what is wanted: the value itself, or how many elements it has.
Kind = Literal["Identity", "Size"]


@dataclass(frozen=True)
class Part:
    """A model without its weights; its outputs are in the order in which they were asked for.

    ``inputs`` are the model's names of what is fed, and ``weights`` those of the weights that it
    reads, both by the graph's names.
    """

    inputs: Mapping[str, str]
    weights: Mapping[str, str]
    weightless: Model

    def model(self, weights: Mapping[str, np.ndarray]) -> Model:
        """Return the model with weights, by the graph's names."""
        given = {inside: weights[name] for name, inside in self.weights.items()}
        return Model(self.weightless.skeleton, {**self.weightless.constants, **given})


class Parts:
    """A graph that parts are made of: of what is behind the nodes ``ends``.

    ``weights`` names the constants that parts are given. Raises DlconvError when ONNX cannot hold
    the graph.
    """

    def __init__(self, graph: Graph, weights: Collection[str], ends: Iterable[str]) -> None:
        self._weights = frozenset(weights)
        self._builder = Builder(DEFAULT_OPSET)
        needed = pruned_to(with_switched_constants(graph), *ends).graph
        with_inputs = needed.with_nodes(
            _placeholder(node) if name in self._weights else node
            for name, node in needed.nodes.items()
        )
        self._values = write_nodes(with_inputs, self._builder, {}, wanted=needed.nodes)
        self._inputs = {tensor.name for tensor in self._builder.inputs}

    def part(self, wanted: Sequence[str], fed: Iterable[str], kind: Kind = "Identity") -> Part:
        """Return the part that makes the first outputs of nodes from those of others.

        Raises DlconvError for a node on a branch that never runs, and if more has to be fed.
        """
        from onnx import helper

        given = {name: self._value(name) for name in fed}
        inputs = {name: value.plain() for name, value in given.items()}
        known = {tensor.name for value in given.values() for tensor in value.tensors}
        ends, outputs = _ends([self._value(name) for name in wanted], kind)
        nodes = self._nodes_to(ends, known)
        read = dict.fromkeys(name for node in nodes for name in read_by(node))
        made = helper.make_graph(
            [*_with_channels_first(given.values()), *nodes],
            "part",
            list({tensor.name: _input(tensor) for tensor in inputs.values()}.values()),
            outputs,
        )
        constants = self._builder.constants
        return Part(
            {name: tensor.name for name, tensor in inputs.items()},
            self._weights_among(read, known),
            Model(
                model_of(made, self._builder.opset),
                {name: constants[name] for name in read if name in constants},
            ),
        )

    def _nodes_to(self, ends: "Sequence[NodeProto]", known: Collection[str]) -> "list[NodeProto]":
        """Return the nodes that lead from known tensors to the last nodes, and those."""
        wanted = {node.output[0] for node in ends}
        needed = needed_for([*self._builder.nodes, *ends], wanted, known)
        return [_without_outputs(node, known) for node in needed]

    def _value(self, name: str) -> Value:
        value = self._values[name][0]
        if value.is_dead:
            raise DlconvError(f"{name} is on a branch that never runs")
        return value

    def _weights_among(self, read: Iterable[str], known: Collection[str]) -> dict[str, str]:
        """Return the weights among what nodes read, by the graph's names."""
        found = {}
        for inside in read:
            if inside in self._inputs and inside not in known:
                name = self._builder.made_for[inside]
                if name not in self._weights:
                    raise DlconvError(f"nothing is fed to {name}")
                found[name] = inside
        return found


def _placeholder(constant: NodeDef) -> NodeDef:
    node = NodeDef(name=constant.name, op="Placeholder")
    tensor = attribute(constant, "value").tensor
    node.attr["dtype"].type = tensor.dtype
    node.attr["shape"].shape.CopyFrom(tensor.tensor_shape)
    return node


def _without_outputs(node: "NodeProto", known: Collection[str]) -> "NodeProto":
    """Return a node whose known outputs are out of the way, since others of it are needed."""
    if not any(name in known for name in node.output):
        return node
    copy = type(node)()
    copy.CopyFrom(node)
    copy.output[:] = [f"{name} computed" if name in known else name for name in node.output]
    return copy


def _with_channels_first(values: Iterable[Value]) -> "Iterator[NodeProto]":
    """Yield nodes that make of what is fed the tensors with channels first, where there are any."""
    from onnx import helper

    made: set[str] = set()
    for value in values:
        plain = value.plain()
        first = value.first() if value.has_first else plain
        if first.name not in {plain.name, *made}:
            made.add(first.name)
            perm = to_first(first.rank)
            yield helper.make_node("Transpose", [plain.name], [first.name], perm=perm)


def _ends(values: Sequence[Value], kind: Kind) -> "tuple[list[NodeProto], list[ValueInfoProto]]":
    """Return the nodes that give what is wanted of values, and the outputs of the model."""
    from onnx import helper

    nodes, outputs = [], []
    for number, value in enumerate(values):
        tensor = value.tensors[0] if kind == "Size" else value.plain()
        dtype = "int64" if kind == "Size" else tensor.dtype
        nodes.append(helper.make_node(kind, [tensor.name], [f"output {number}"]))
        outputs.append(_end(f"output {number}", dtype, None))
    return nodes, outputs


def _input(tensor: Tensor) -> "ValueInfoProto":
    return _end(tensor.name, tensor.dtype, numbers_of(tensor.shape))


def _end(name: str, dtype: str, shape: Sequence[int | None] | None) -> "ValueInfoProto":
    from onnx import helper

    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, element, shape)
