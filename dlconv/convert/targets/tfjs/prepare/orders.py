"""The graph that ``channels_last`` makes, and each of its values in up to two orders of axes.

A value that an image operation gives is at hand with channels last, any other in the order that it
has in the graph, its own. The other order is a Transpose, made once, when it is first asked for. A
node's name always stands for the value in its own order: what has channels last gets another name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.axes import to_first, to_last
from dlconv.graph.contract import OUTPUT_NAME, element_type
from dlconv.graph.edit import const
from dlconv.graph.element_types import output_types
from dlconv.graph.graph import Graph, NodeOutput, copy_of, source_node
from dlconv.graph.shapes import infer_static
from dlconv.graph.tensors import data_type_of


@dataclass
class _Held:
    """The tensors of a value in its own order, and with channels last; its rank, if known."""

    rank: int | None
    own: str | None = None
    last: str | None = None
    is_moved: bool = False


class Orders:
    """A graph in the making. Nodes are added in the order of the old one, inputs first."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.static = infer_static(graph)
        self.has_moved = False
        self._made: dict[str, NodeDef] = {}
        self._held: dict[NodeOutput, _Held] = {}

    def rank(self, node: NodeDef, index: int) -> int | None:
        """Return the rank of an input, None if it is not known."""
        return self._value(node, index).rank

    def is_moved(self, node: NodeDef, index: int) -> bool:
        """Tell whether an input came with channels last."""
        return self._value(node, index).is_moved

    def own(self, node: NodeDef, index: int) -> str:
        """Return an input in its own order."""
        return self._own(self.graph.sources(node)[index])

    def last(self, node: NodeDef, index: int, rank: int | None = None) -> str:
        """Return an input with channels last; its rank is known, or ``rank``."""
        held = self._value(node, index)
        held.rank = held.rank if rank is None else rank
        if held.last is None:
            source = self.graph.sources(node)[index]
            assert held.rank is not None, node.name
            given = self._own(source)
            held.last = self._transposed(source, given, to_last(held.rank), "channels_last")
        return held.last

    def aligned(self, node: NodeDef, index: int, rank: int) -> str:
        """Return an input that broadcasts to one of ``rank``, so that it does with channels last.

        Its own rank is known, and at most ``rank``.
        """
        own_rank = self.rank(node, index)
        if own_rank in (0, None):
            return self.own(node, index)
        value = self.graph.constant(self.graph.producer(node, index))
        if value is not None:
            full = value.reshape((1,) * (rank - value.ndim) + value.shape)
            moved = full.transpose(to_last(rank))
            return self.constant(node, _without_ones(moved))
        if own_rank == rank:
            return self.last(node, index)
        source, given = self.graph.sources(node)[index], self.own(node, index)
        if own_rank == rank - 1:
            return self._transposed(source, given, (*range(1, own_rank), 0), "aligned")
        return self._with_axis_behind(source, given)

    def vector(self, node: NodeDef, index: int, rank: int) -> str:
        """Return an input with an element or a row for each axis, for channels last."""
        order = np.array(to_last(rank), np.int32)
        value = self.graph.constant(self.graph.producer(node, index))
        if value is not None:
            return self.constant(node, value[order])
        dtype = element_type(self.graph.producer(node, index))
        return self.gathered(node, self.own(node, index), order, dtype)

    def gathered(
        self, node: NodeDef, vector: str, order: np.ndarray, dtype: str, name: str = ""
    ) -> str:
        """Add a GatherV2 of elements of a vector for a node and return its tensor."""
        inputs = [vector, self.constant(node, order), self.constant(node, np.array(0, np.int32))]
        made = NodeDef(name=name or self.free(f"{node.name}/in_order"), op="GatherV2")
        made.input.extend(inputs)
        made.attr["Tparams"].type = data_type_of(dtype)
        made.attr["Tindices"].type = made.attr["Taxis"].type = data_type_of("int32")
        return self.add(made)

    def constant(self, node: NodeDef, value: np.ndarray) -> str:
        """Add a constant for a node and return its tensor."""
        return self.add(const(self.free(f"{node.name}/constant"), value))

    def add(self, node: NodeDef) -> str:
        """Add a node whose inputs are made, and return its name."""
        self._made[node.name] = node
        return str(node.name)

    def keep(self, node: NodeDef, inputs: Sequence[str] | None = None) -> None:
        """Add a node that gives its values in their own order, of such inputs if none are given."""
        if inputs is None:
            inputs = [self._own(source) for source in self.graph.sources(node)]
        inputs = [*inputs, *_controls(node)]
        self.add(node if inputs == list(node.input) else copy_of(node, inputs=inputs))

    def move(
        self,
        node: NodeDef,
        inputs: Sequence[str],
        rank: int,
        ports: int = 1,
        lists: dict[str, list[int]] | None = None,
        numbers: dict[str, int] | None = None,
        layout: bytes = b"",
    ) -> None:
        """Add a node whose first outputs have channels last, with other values of attributes."""
        name = self.free(f"{node.name}/channels_last")
        made = copy_of(node, name=name, inputs=[*inputs, *_controls(node)])
        for key, values in (lists or {}).items():
            del made.attr[key].list.i[:]
            made.attr[key].list.i.extend(values)
        for key, number in (numbers or {}).items():
            made.attr[key].i = number
        if layout:
            made.attr["data_format"].s = layout
        self.add(made)
        self.has_moved = True
        for port in range(ports):
            tensor = f"{name}:{port}" if port else name
            self._held[NodeOutput(node.name, port)] = _Held(rank, last=tensor, is_moved=True)
        if ports == 1 and rank > 1:
            self._hold_others(node, name)

    def hold_own(self, node: NodeDef, tensor: str, rank: int) -> None:
        """Let a tensor that is made stand for a node's value in its own order."""
        self._held[NodeOutput(node.name)] = _Held(rank, own=tensor)

    def hold_last(self, node: NodeDef, tensor: str, rank: int) -> None:
        """Let a tensor that is made stand for a node's value with channels last."""
        self._held[NodeOutput(node.name)] = _Held(rank, last=tensor, is_moved=True)

    def finished(self) -> Graph:
        """Return the graph, with every output under its name, and without what is not read."""
        ends = _without_readers(self.graph)
        missing = ends | {name for node in self._made.values() for name in _reads(node)}
        while missing := missing - self._made.keys():
            for name in sorted(missing):
                self._name(name)
            missing = {name for node in self._made.values() for name in _reads(node)}
        needed = _behind(self._made, ends)
        return self.graph.with_nodes(made for name, made in self._made.items() if name in needed)

    def _hold_others(self, node: NodeDef, made: str) -> None:
        """Let the further outputs of a moved node, which are vectors, stand for the old ones."""
        for reader in map(self.graph.nodes.__getitem__, self.graph.consumers[node.name]):
            for source in self.graph.sources(reader):
                if source.node == node.name and source.port:
                    self._held.setdefault(source, _Held(1, own=f"{made}:{source.port}"))

    def _name(self, name: str) -> None:
        tensor = self._own(NodeOutput(name))
        if tensor != name:
            same = NodeDef(name=name, op="Identity", input=[tensor])
            same.attr["T"].type = data_type_of(element_type(self.graph.nodes[name]))
            self.add(same)

    def _value(self, node: NodeDef, index: int) -> _Held:
        return self._of(self.graph.sources(node)[index])

    def _of(self, source: NodeOutput) -> _Held:
        if source not in self._held:
            shape = self.static.shape_of(source)
            name = f"{source.node}:{source.port}" if source.port else source.node
            self._held[source] = _Held(None if shape is None else len(shape), own=name)
        return self._held[source]

    def _own(self, source: NodeOutput) -> str:
        held = self._of(source)
        if held.own is None:
            assert held.last is not None
            assert held.rank is not None
            name = "" if source.port else source.node
            order = to_first(held.rank)
            held.own = self._transposed(source, held.last, order, "channels_first", name)
        return held.own

    def _transposed(
        self, source: NodeOutput, tensor: str, order: Sequence[int], suffix: str, name: str = ""
    ) -> str:
        producer = self.graph.nodes[source.node]
        types = output_types(producer) or ()
        dtype = types[source.port] if source.port < len(types) else "float32"
        made = NodeDef(name=name or self.free(f"{source.node}/{suffix}"), op="Transpose")
        made.input.extend([tensor, self.constant(producer, np.array(order, np.int32))])
        made.attr["T"].type = data_type_of(dtype)
        made.attr["Tperm"].type = data_type_of("int32")
        return self.add(made)

    def _with_axis_behind(self, source: NodeOutput, tensor: str) -> str:
        producer = self.graph.nodes[source.node]
        made = NodeDef(name=self.free(f"{source.node}/aligned"), op="ExpandDims")
        made.input.extend([tensor, self.constant(producer, np.array(-1, np.int32))])
        made.attr["T"].type = data_type_of(element_type(producer))
        made.attr["Tdim"].type = data_type_of("int32")
        return self.add(made)

    def free(self, wanted: str) -> str:
        """Return ``wanted``, or with a number if a node has that name."""
        name, number = wanted, 1
        while name in self.graph.nodes or name in self._made:
            name, number = f"{wanted}_{number}", number + 1
        return name


def _controls(node: NodeDef) -> list[str]:
    return [name for name in node.input if name.startswith("^")]


def _reads(node: NodeDef) -> set[str]:
    return {source_node(name) for name in node.input}


def _without_ones(array: np.ndarray) -> np.ndarray:
    """Return an array without the axes of one element that it begins with, but for one axis."""
    while array.ndim > 1 and array.shape[0] == 1:
        array = array[0]
    return array


def _without_readers(graph: Graph) -> set[str]:
    read = {name for node in graph.nodes.values() for name in _reads(node)}
    return {name for name in graph.nodes if name == OUTPUT_NAME or name not in read}


def _behind(nodes: dict[str, NodeDef], ends: set[str]) -> set[str]:
    """Return the names of nodes and of all that they read, also by control edges."""
    found, pending = set(ends), sorted(ends)
    for name in pending:
        new = _reads(nodes[name]) - found
        found |= new
        pending.extend(sorted(new))
    return found
