"""The LiteRT writer: a graph and its contract become a model, node by node.

Each node is written by the writer of its operation (``operations``). What a node gives has its
name; inputs and outputs keep the frozen graph's. What is known without an image, such as sizes, is
a constant. The same graph gives the same model. TensorFlow is not imported.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

import dlconv.convert.targets.litert.operations  # noqa: F401
from dlconv.convert.targets.litert.builder import Builder
from dlconv.convert.targets.litert.fused import with_fused_activations
from dlconv.convert.targets.litert.model import Codes, Model, Operator, Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, cast, writer_of
from dlconv.convert.targets.litert.types import INPUT_TYPES, INT32, held, held_type
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, element_type
from dlconv.graph.element_types import input_types, output_count, output_types
from dlconv.graph.graph import Graph, NodeOutput
from dlconv.graph.prune import prune
from dlconv.graph.shapes import Static, infer_static, numbers_of
from dlconv.graph.tensors import array_of

Values = dict[tuple[str, int], Tensor]
# Why a node without a writer is refused.
LACKING = "LiteRT does not have it"
SOURCES = frozenset({"Placeholder", "PlaceholderWithDefault"})


def to_litert(
    graph: Graph, contract: Contract, rounded: Mapping[str, Codes] | None = None
) -> Model:
    """Return the model of a graph that was lowered for LiteRT.

    Nodes that are named in ``rounded`` round what they read to codes. Raises DlconvError
    for a node that LiteRT cannot hold.
    """
    needed = prune(graph, contract).graph
    static = infer_static(needed)
    builder = Builder()
    inputs: dict[str, Tensor] = {}
    values: Values = {}
    for node in needed.order:
        if node.op in SOURCES:
            inputs[node.name] = _input(static, node)
            values[node.name, 0] = _as_read(builder, inputs[node.name], node)
            continue
        if rounded and node.name in rounded:
            source = needed.sources(node)[0]
            read = values[source.node, source.port]
            values[node.name, 0] = _rounded(builder, read, rounded[node.name], node.name)
            continue
        for port, tensor in enumerate(_written(node, static, builder, values)):
            values[node.name, port] = tensor
    name = contract.output.node
    model = builder.model(inputs, {name: _as_output(builder, values[name, 0], name)})
    return with_fused_activations(model)


def refusal_of(static: Static, node: NodeDef) -> str | None:
    """Return why a node cannot be written, None if it can."""
    if node.op in SOURCES:
        return None
    try:
        values = {
            (source.node, source.port): _imagined(static, node, index)
            for index, source in enumerate(static.graph.sources(node))
        }
        _written(node, static, Builder(), values)
    except DlconvError as error:
        return str(error.data.get("reason", error.message))
    return None


def _written(node: NodeDef, static: Static, builder: Builder, values: Values) -> Sequence[Tensor]:
    """Return what a node gives, which it writes if it is not known."""
    if node.op == "Const":
        return [_constant(node)]
    known = _known(static, NodeOutput(node.name, 0), node)
    if known is not None and output_count(node) == 1:
        return [known]
    writer = writer_of(node.op)
    if writer is None:
        raise DlconvError(f"LiteRT has no operation for {node.name} ({node.op})", reason=LACKING)
    read = [_read(values, source) for source in static.graph.sources(node)]
    written = writer(Operation(node, read, static, builder))
    outputs = [written] if isinstance(written, Tensor) else [*written]
    for port, tensor in enumerate(outputs):
        builder.name(tensor, f"{node.name}:{port}" if port else node.name)
    return outputs


def _read(values: Values, source: NodeOutput) -> Tensor:
    """Return what a node reads. Raises DlconvError for an output that is not written."""
    found = values.get((source.node, source.port))
    if found is None:
        reason = f"a node reads its output {source.port}, which is not written"
        raise DlconvError(f"LiteRT cannot hold {source.node}: {reason}", reason=reason)
    return found


def _constant(node: NodeDef) -> Tensor:
    values = held(node.name, array_of(node.attr["value"].tensor))
    return Tensor(values.dtype.name, values.shape, values)


def _known(static: Static, output: NodeOutput, node: NodeDef) -> Tensor | None:
    """Return an output as a constant, if it is known to be integers."""
    value = static.value_of(output)
    types = output_types(node) or ()
    if value is None or output.port >= len(types) or held_type(types[output.port]) != "int32":
        return None
    if not all(isinstance(item, int) for item in value.ravel()):
        return None
    array = held(node.name, np.array(value.tolist(), np.int64).reshape(value.shape))
    return Tensor(array.dtype.name, array.shape, array)


def _imagined(static: Static, node: NodeDef, index: int) -> Tensor:
    """Return a tensor as an input of a node would be."""
    source = static.graph.sources(node)[index]
    producer = static.graph.nodes[source.node]
    if producer.op == "Const":
        return _constant(producer)
    known = _known(static, source, producer)
    if known is not None:
        return known
    types = input_types(node) or ()
    dtype = held_type(types[index] if index < len(types) else "float32")
    shape = numbers_of(static.shape(node, index))
    if dtype is None or shape is None:
        what = "element type" if dtype is None else "rank"
        reason = f"the {what} of its input {index} is not known"
        raise DlconvError(reason, reason=reason)
    return Tensor(dtype, shape)


def _input(static: Static, node: NodeDef) -> Tensor:
    dtype, shape = element_type(node), numbers_of(static.inferred.shapes.get(node.name))
    if shape is None:
        raise DlconvError(f"LiteRT cannot hold {node.name}: the rank of the input is not known")
    held_as = dtype if dtype in INPUT_TYPES else held_type(dtype)
    if held_as is None:
        raise DlconvError(f"LiteRT cannot hold {node.name}: its element type is {dtype}")
    return Tensor(held_as, shape)


def _as_read(builder: Builder, tensor: Tensor, node: NodeDef) -> Tensor:
    """Name an input, and return it in the type in which it is read."""
    builder.name(tensor, node.name)
    wanted = held_type(tensor.dtype) or tensor.dtype
    if wanted == tensor.dtype:
        return tensor
    given = cast(builder, tensor, wanted)
    builder.uncast[given] = tensor
    return given


def _rounded(builder: Builder, tensor: Tensor, codes: Codes, name: str) -> Tensor:
    """Round floats to codes, and return the floats that these are."""
    given = Tensor(codes.dtype, tensor.shape, quantization=codes.quantization)
    builder.put(Operator("QUANTIZE", (tensor,), (given,), Options("QuantizeOptions")))
    builder.name(given, name)
    options = Options("DequantizeOptions")
    floats = builder.add("DEQUANTIZE", [given], [("float32", tensor.shape)], options)[0]
    builder.name(floats, f"{name}/float")
    return floats


def _as_output(builder: Builder, tensor: Tensor, name: str) -> Tensor:
    """Return a tensor under the name of the output, as one that an operator gives."""
    if tensor.constant is None and builder.name_of(tensor) == name and tensor not in builder.uncast:
        return tensor
    shape = builder.add(
        "SHAPE", [tensor], [("int32", (tensor.rank,))], Options("ShapeOptions", {"OutType": INT32})
    )[0]
    output = builder.add("RESHAPE", [tensor, shape], [(tensor.dtype, tensor.shape)])[0]
    builder.name(output, name)
    return output
