"""The ONNX writer: a graph and its contract become a model, node by node.

Each node is written by the writer of its operation (``operations``). Inputs and outputs keep the
frozen graph's names, and so does what a node gives; what else is added is named after the node that
it was added for. The same graph gives the same model. TensorFlow is not imported.

With channels first as ``layout``, images go in as [batch, channels, height, width], and an output
that has channels comes out so.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

import dlconv
from dlconv.convert.canonical import bodies_of, rename
from dlconv.convert.targets.axes import to_first
from dlconv.convert.targets.onnx.builder import Builder, tensor_type
from dlconv.convert.targets.onnx.model import Model
from dlconv.convert.targets.onnx.operation import Operation, Written, writer_of
from dlconv.convert.targets.onnx.operations.choosing import DEAD
from dlconv.convert.targets.onnx.opset import check_opset
from dlconv.convert.targets.onnx.tensors import Tensor, Value
from dlconv.convert.targets.pivots import with_switched_constants
from dlconv.convert.targets.tf2onnx_operations import may_convert
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, element_type
from dlconv.graph.graph import Graph, NodeOutput
from dlconv.graph.operations import MERGES, SWITCHES
from dlconv.graph.prune import prune
from dlconv.graph.shapes import Static, infer_static
from dlconv.recipe import DEFAULT_OPSET, Layout

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

Values = Mapping[str, Sequence[Value]]

# ONNX Runtime has faster kernels for them without their last outputs.
WITH_OPTIONAL_OUTPUTS = frozenset({"MaxPool"})
BRANCHES = SWITCHES | MERGES


def to_onnx(
    graph: Graph, contract: Contract, opset: int = DEFAULT_OPSET, layout: Layout = "nhwc"
) -> Model:
    """Write a frozen graph as a model.

    Raises UsageError for an opset out of range, DlconvError for a node that cannot be written.
    """
    check_opset(opset)
    builder = Builder(opset)
    names: dict[str, str] = {}
    needed = prune(with_switched_constants(graph), contract).graph
    values = write_nodes(needed, builder, names, layout)
    builder.scope = contract.output.node
    output = values[contract.output.node][0]
    if output.is_dead:
        raise DlconvError(f"{contract.output.node} is on a branch that never runs")
    result = output.first() if layout == "nchw" and output.rank > 3 else output.plain()
    return _finished(builder, graph, contract, result, names)


def write_nodes(
    graph: Graph,
    builder: Builder,
    names: dict[str, str],
    layout: Layout = "nhwc",
    wanted: Container[str] = (),
) -> dict[str, Sequence[Value]]:
    """Write the nodes of a graph without control edges, and return what each gives.

    ``names`` gets the graph's names of tensors. What the nodes ``wanted`` give is not made part of
    what another gives. Raises DlconvError for a node that cannot be written.
    """
    static = infer_static(graph)
    values: dict[str, Sequence[Value]] = {}
    for node in graph.order:
        builder.scope = node.name
        only = _only_readers(graph, node, wanted)
        written = _written(static, node, values, builder, layout, only)
        values[node.name] = [
            _known(builder, static, node, port, value) for port, value in enumerate(written)
        ]
        _name(node.name, values[node.name], builder, names)
    return values


def can_write(op: str) -> bool:
    """Tell whether an op has a writer; what that refuses shows when a graph is written."""
    return op in ("Const", "Placeholder") or writer_of(op) is not None


def _written(
    static: Static,
    node: NodeDef,
    values: Values,
    builder: Builder,
    layout: Layout,
    is_only_reader: Sequence[bool],
) -> list[Value]:
    if node.op == "Placeholder":
        return [_input(static, node, builder, layout)]
    if node.op == "Const":
        array = static.graph.constant(node)
        assert array is not None
        return [Value(builder.transposed, plain=builder.constant(array, node.name))]
    inputs = [_at_port(values, each.node, each.port) for each in static.graph.sources(node)]
    if any(value.is_dead for value in inputs) and node.op not in BRANCHES:
        return [DEAD]
    writer = writer_of(node.op)
    if writer is None:
        raise _unknown(node)
    operation = Operation(node, inputs, builder, is_only_reader)
    try:
        found = writer(operation)
    except DlconvError as error:
        raise _with_node(error, node) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise operation.refused(f"its inputs or attributes do not fit ({error})") from error
    made = [_as_value(builder, each) for each in _listed(found)]
    if node.op not in BRANCHES:
        guards = frozenset[tuple[str, bool]]().union(*(each.guards for each in inputs))
        return [value.guarded(guards) for value in made]
    return made


def _input(static: Static, node: NodeDef, builder: Builder, layout: Layout) -> Value:
    shape = static.shapes[node.name]
    if shape is None:
        raise _no_rank(node.name)
    extents = [extent if isinstance(extent, int) else None for extent in shape]
    dtype = element_type(node)
    if layout == "nchw" and len(extents) > 3:
        moved = [extents[axis] for axis in to_first(len(extents))]
        return Value(builder.transposed, first=builder.input(dtype, moved))
    return Value(builder.transposed, plain=builder.input(dtype, extents))


def _no_rank(name: str) -> DlconvError:
    return DlconvError(
        f"ONNX needs to know how many axes {name} has, and the graph does not show it",
        "fix the size of the input",
        code="no-rank",
        node=name,
    )


def _at_port(values: Values, name: str, port: int) -> Value:
    written = values[name]
    if len(written) == 1 and written[0].is_dead:
        return written[0]
    if port >= len(written):
        raise DlconvError(f"ONNX cannot hold output {port} of {name}, which a node reads")
    return written[port]


def _only_readers(graph: Graph, node: NodeDef, wanted: Container[str]) -> list[bool]:
    """Tell of each input of a node whether nobody else asks for it."""
    return [
        graph.consumers[source.node] == [node.name] and source.node not in wanted
        for source in graph.sources(node)
    ]


def _listed(found: Written | Sequence[Written]) -> list[Written]:
    return [found] if isinstance(found, Tensor | Value) else list(found)


def _as_value(builder: Builder, written: Written) -> Value:
    if isinstance(written, Value):
        return written
    return Value(builder.transposed, plain=written)


def _unknown(node: NodeDef) -> DlconvError:
    message = f"dlconv does not write {node.op} as ONNX (node {node.name})"
    if may_convert(node.op):
        return DlconvError(message, "tf2onnx may convert it", code="only-tf2onnx")
    return DlconvError(message)


def _with_node(error: DlconvError, node: NodeDef) -> DlconvError:
    """Return an error that names the node, if it does not yet."""
    if node.name in error.message:
        return error
    return DlconvError(f"ONNX cannot hold {node.name} ({node.op}): {error.message}")


def _known(builder: Builder, static: Static, node: NodeDef, port: int, value: Value) -> Value:
    """Return a value with what shape inference knows of an output of a node."""
    if value.is_dead or value.constant is not None:
        return value
    known = static.value_of(NodeOutput(node.name, port))
    if known is not None and value.dtype in ("int32", "int64") and _are_whole(known):
        constant = builder.constant(known.astype(value.dtype))
        return Value(builder.transposed, plain=constant, guards=value.guards)
    shape = static.shape_of(NodeOutput(node.name, port))
    if shape is not None and value.rank in (-1, len(shape)):
        value.learn(shape, builder.tensor_with_shape)
    return value


def _are_whole(known: np.ndarray) -> bool:
    return all(isinstance(item, int) for item in known.ravel())


def _name(node: str, values: Sequence[Value], builder: Builder, names: dict[str, str]) -> None:
    """Give what a node gives its name in the frozen graph, unless it has one already."""
    for port, value in enumerate(values):
        for tensor in value.tensors[:1]:
            if builder.made_for[tensor.name] == node and tensor.value is None:
                names[tensor.name] = node if port == 0 else f"{node}:{port}"


def _finished(
    builder: Builder, graph: Graph, contract: Contract, result: Tensor, names: dict[str, str]
) -> Model:
    from onnx import helper

    if result.rank < 0:
        raise _no_rank(contract.output.node)
    if result.value is not None or result in builder.inputs or not builder.nodes:
        result = builder.copied(result)
    nodes = needed_for(builder.nodes, {result.name})
    _drop_unread_outputs(nodes, result.name)
    names = {
        **{made: name for made, name in names.items() if name != contract.output.node},
        **{tensor.name: builder.made_for[tensor.name] for tensor in builder.inputs},
        result.name: contract.output.node,
    }
    used = [name for node in nodes for name in read_by(node) if name in builder.constants]
    _complete(names, builder, nodes, dict.fromkeys(used), graph)
    rename(nodes, names)
    _name_nodes(nodes)
    made = helper.make_graph(
        nodes,
        "graph",
        [_end(tensor, names, ("height", "width")) for tensor in builder.inputs],
        [_end(result, names, ("label_height", "label_width"))],
    )
    constants = {names[name]: builder.constants[name] for name in dict.fromkeys(used)}
    return Model(model_of(made, builder.opset), constants)


def model_of(graph: "GraphProto", opset: int) -> "ModelProto":
    """Return a model of one graph."""
    from onnx import helper

    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(
        graph,
        producer_name="dlconv",
        producer_version=dlconv.__version__,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
    )


def read_by(node: "NodeProto") -> Iterator[str]:
    """Yield the names that a node and the graphs in its attributes read."""
    yield from node.input
    for each in bodies_of(node):
        for inner in each.node:
            yield from read_by(inner)


def needed_for(
    nodes: "Sequence[NodeProto]", wanted: set[str], known: Collection[str] = ()
) -> "list[NodeProto]":
    """Return the nodes that tensors depend on, up to tensors that are known, in their order."""
    wanted, kept = {*wanted}, []
    for node in reversed(nodes):
        if any(name in wanted and name not in known for name in node.output):
            wanted |= {*read_by(node)}
            kept.append(node)
    return kept[::-1]


def _drop_unread_outputs(nodes: "Sequence[NodeProto]", result: str) -> None:
    read = {result, *(name for node in nodes for name in read_by(node))}
    for node in nodes:
        while node.op_type in WITH_OPTIONAL_OUTPUTS and node.output[-1] not in read:
            del node.output[-1]


def _complete(
    names: dict[str, str],
    builder: Builder,
    nodes: "Sequence[NodeProto]",
    constants: Iterable[str],
    graph: Graph,
) -> None:
    """Name what the frozen graph has no name for: after the node that it was added for."""
    taken = {*names.values(), *graph.nodes}

    def choose(wanted: str) -> str:
        candidates = (f"{wanted}_{k}" if k > 1 else wanted for k in range(1, len(taken) + 2))
        chosen = next(name for name in candidates if name not in taken)
        taken.add(chosen)
        return chosen

    numbered = (f"const_{k}" for k in range(1, len(builder.constants) + len(taken) + 2))
    own = {*names.values()}
    for name in constants:
        known = builder.named.get(name, "")
        if not known or known in own:
            known = next(each for each in numbered if each not in taken)
        own.add(known)
        taken.add(known)
        names[name] = known
    for node in nodes:
        for name in _made_by(node):
            if name and name not in names:
                names[name] = choose(f"{builder.made_for[name]}/{node.op_type}")


def _made_by(node: "NodeProto") -> Iterator[str]:
    yield from node.output
    for each in bodies_of(node):
        for inner in each.node:
            yield from _made_by(inner)


def _name_nodes(nodes: "Iterable[NodeProto]") -> None:
    for node in nodes:
        node.name = node.output[0]
        for body in bodies_of(node):
            _name_nodes(body.node)


def _end(tensor: Tensor, names: Mapping[str, str], sides: Sequence[str]) -> "ValueInfoProto":
    """Return an input or output of the model; height and width that vary get names."""
    from onnx import helper

    shape = tensor.shape
    value = helper.make_value_info(names[tensor.name], tensor_type(tensor))
    if shape is None or len(shape) < 3:
        return value
    dims = value.type.tensor_type.shape.dim
    start = 2 if len(shape) == 4 and isinstance(shape[1], int) and shape[1] <= 4 else 1
    for dim, side in zip(dims[start : start + 2], sides, strict=False):
        if not dim.HasField("dim_value"):
            dim.dim_param = side
    return value
