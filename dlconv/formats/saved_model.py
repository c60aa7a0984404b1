"""Reading a SavedModel without TensorFlow: its signature, and the ops and weights behind it.

A SavedModel is a folder with ``saved_model.pb``, a graph and its library of functions, and a
checkpoint with the variables' values. The graph tells shapes and types of the variables; their
values stay unread, for TensorFlow alone reads its checkpoints.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from tensorboard.compat.proto.function_pb2 import FunctionDef
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import VARIABLE_OPS, check_nodes
from dlconv.formats.network import Network, WeightTensor, constants_of, contract_of
from dlconv.graph.contract import TensorSpec
from dlconv.graph.graph import Graph, attribute, source_node
from dlconv.graph.summary import WEIGHT_DTYPES
from dlconv.graph.tensors import dtype_name, extents_of

GRAPH_NAME = "saved_model.pb"
USUAL_SIGNATURE = "serving_default"
OWN_SIGNATURE = "__saved_model_init_op"
RESOURCE_READERS = frozenset({"ReadVariableOp"})


def read_saved_model(path: Path) -> Network:
    """Read a SavedModel, ``path`` being its saved_model.pb.

    Raises DlconvError when it is not a SavedModel, or has no signature.
    """
    meta = _meta_graph(path)
    name, signature = _signature(path, meta)
    nodes = list(_needed_nodes(path, meta, signature))
    variables = tuple(_variables(nodes))
    is_whole = not variables and not any(_functions_of(node) for node in nodes)
    graph = Graph(meta.graph_def) if is_whole else None
    contract, unknown = (None, ()) if graph is None else contract_of(graph)
    if variables:
        unknown = (*unknown, f"the values of {len(variables)} variables: TensorFlow reads them")
    weights = (*variables, *constants_of(nodes))
    return Network(
        format="SavedModel",
        maker=f"TensorFlow {meta.meta_info_def.tensorflow_version or 'of unknown version'}",
        files=(path, *sorted((path.parent / "variables").glob("variables.*"))),
        inputs=tuple(_ends(signature.inputs, name)),
        outputs=tuple(_ends(signature.outputs, name)),
        ops=dict(Counter(node.op for node in nodes).most_common()),
        weights=weights,
        stored_dtypes=frozenset(weight.stored_dtype for weight in weights),
        graph=graph,
        contract=contract,
        unknown=unknown,
    )


def _message() -> Any:
    """Return the message class of saved_model.proto, of which TensorBoard has the parts."""
    file = descriptor_pb2.FileDescriptorProto(
        name="dlconv/saved_model.proto",
        package="dlconv",
        dependency=[MetaGraphDef.DESCRIPTOR.file.name],
        syntax="proto3",
    )
    field = file.message_type.add(name="SavedModel").field.add(name="meta_graphs", number=2)
    field.label, field.type = field.LABEL_REPEATED, field.TYPE_MESSAGE
    field.type_name = f".{MetaGraphDef.DESCRIPTOR.full_name}"
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("dlconv.SavedModel"))


def _meta_graph(path: Path) -> MetaGraphDef:
    saved = _message()()
    try:
        saved.ParseFromString(path.read_bytes())
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    except (DecodeError, RuntimeError) as error:
        raise DlconvError(f"{path} is not a SavedModel, or it is truncated") from error
    if not saved.meta_graphs or not saved.meta_graphs[0].graph_def.node:
        raise DlconvError(f"{path} is a SavedModel without a graph")
    for meta in saved.meta_graphs:
        check_nodes(meta.graph_def, str(path))
        for function in meta.graph_def.library.function:
            check_nodes(GraphDef(node=function.node_def), str(path))
    serving = [meta for meta in saved.meta_graphs if "serve" in meta.meta_info_def.tags]
    return (serving or saved.meta_graphs)[0]


def _signature(path: Path, meta: MetaGraphDef) -> tuple[str, SignatureDef]:
    named = {name: each for name, each in meta.signature_def.items() if name != OWN_SIGNATURE}
    if USUAL_SIGNATURE in named:
        return USUAL_SIGNATURE, named[USUAL_SIGNATURE]
    if len(named) == 1:
        return named.popitem()
    found = ", ".join(sorted(named)) or "none"
    raise DlconvError(f"{path} has no signature {USUAL_SIGNATURE}, only {found}")


def _ends(tensors: Mapping[str, TensorInfo], signature: str) -> Iterator[TensorSpec]:
    for key, tensor in sorted(tensors.items()):
        shape = extents_of(tensor.tensor_shape) if tensor.HasField("tensor_shape") else None
        reason = f"{key} of the signature {signature}"
        yield TensorSpec(source_node(tensor.name), dtype_name(tensor.dtype), shape, reason)


def _needed_nodes(path: Path, meta: MetaGraphDef, signature: SignatureDef) -> Iterator[NodeDef]:
    """Yield the nodes that the outputs need, in the graph and in the functions that they call."""
    nodes = {node.name: node for node in meta.graph_def.node}
    functions = {each.signature.name: each for each in meta.graph_def.library.function}
    called: dict[str, FunctionDef] = {}
    waiting = [source_node(tensor.name) for tensor in signature.outputs.values()]
    seen = set(waiting)
    for name in waiting:
        if name not in nodes:
            raise DlconvError(f"{path}: {name} is needed and not in the graph")
        yield nodes[name]
        _call(nodes[name], functions, called)
        before = [each for each in map(source_node, nodes[name].input) if each not in seen]
        waiting += dict.fromkeys(before)
        seen.update(before)
    done = 0
    while done < len(called):
        function = list(called.values())[done]
        done += 1
        for node in function.node_def:
            yield node
            _call(node, functions, called)


def _call(
    node: NodeDef, functions: Mapping[str, FunctionDef], called: dict[str, FunctionDef]
) -> None:
    for name in _functions_of(node):
        if name in functions:
            called[name] = functions[name]


def _functions_of(node: NodeDef) -> list[str]:
    """Return the names of the functions that a node calls."""
    values = node.attr.values()
    lists = [each.name for value in values for each in value.list.func]
    return [value.func.name for value in values if value.HasField("func")] + lists


def _variables(nodes: list[NodeDef]) -> Iterator[WeightTensor]:
    for node in nodes:
        dtype = dtype_name(attribute(node, "dtype").type)
        shape = extents_of(attribute(node, "shape").shape)
        is_variable = node.op in VARIABLE_OPS - RESOURCE_READERS and dtype in WEIGHT_DTYPES
        if is_variable and shape is not None and None not in shape:
            known = tuple(extent for extent in shape if extent is not None)
            name = attribute(node, "shared_name").s.decode(errors="replace") or node.name
            size = math.prod(known) * np.dtype(dtype).itemsize
            yield WeightTensor(name, known, dtype, dtype, size, None)
