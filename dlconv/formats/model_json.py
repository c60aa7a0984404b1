"""Reading the model.json of a TF.js graph model, whoever wrote it.

Its topology is a GraphDef as JSON, so that a ``Graph`` comes out; its constants have no values,
which are in the shards. Inputs and outputs are those that its signature names, if it has one; the
first converters to JSON (pb2json) wrote neither a signature nor a format, and bytes as lists of
numbers, which TF.js takes, too.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.meta_graph_pb2 import TensorInfo

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import check_nodes
from dlconv.formats.kinds import HEAD_BYTES, JSON, refuse_other_kinds
from dlconv.formats.tfjs_weights import Group, parse_groups
from dlconv.graph.contract import TensorSpec
from dlconv.graph.graph import Graph, source_node
from dlconv.graph.tensors import dtype_name, extents_of

# The errors from reading JSON that has not the expected form.
UNEXPECTED_JSON = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class ModelJson:
    """A graph model: what it computes, what its signature names, its weights and who wrote it."""

    graph: Graph
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    groups: tuple[Group, ...]
    maker: str


def read_model_json(path: Path) -> ModelJson:
    """Read a model.json.

    Raises DlconvError when it is not one, or its graph or its weights manifest is invalid.
    """
    content = _read_json(path)
    try:
        graph_def = json_format.ParseDict(
            _with_text(content["modelTopology"], GraphDef.DESCRIPTOR),
            GraphDef(),
            ignore_unknown_fields=True,
        )
        signature = content.get("signature") or {}
        _captured_to_constants(graph_def, signature.get("inputs"))
        check_nodes(graph_def, str(path))
        graph = Graph(graph_def)
        inputs = _signed(signature.get("inputs"), graph)
        outputs = _signed(signature.get("outputs"), graph)
    except (*UNEXPECTED_JSON, json_format.Error) as error:
        raise _refusal(path) from error
    if not graph.nodes:
        raise _refusal(path)
    maker = str(content.get("convertedBy") or "unknown")
    return ModelJson(graph, inputs, outputs, _groups(content, path), maker)


def read_manifest(path: Path) -> tuple[Group, ...]:
    """Read the weights manifest of a model.json alone. Raises DlconvError when it has none."""
    return _groups(_read_json(path), path)


def _read_json(path: Path) -> Any:
    try:
        raw = path.read_bytes()
        refuse_other_kinds(raw[:HEAD_BYTES], str(path), "a model.json", JSON)
        return json.loads(raw)
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    except UNEXPECTED_JSON as error:
        raise _refusal(path) from error


def _groups(content: Any, path: Path) -> tuple[Group, ...]:
    try:
        weights = content["weightsManifest"]
    except UNEXPECTED_JSON as error:
        raise _refusal(path) from error
    return parse_groups(weights, str(path))


def _refusal(path: Path) -> DlconvError:
    return DlconvError(f"{path} is not the model.json of a TF.js graph model")


def _with_text(content: Any, kind: Descriptor) -> Any:
    """Return a message's JSON with bytes as base64, which pb2json wrote as lists of numbers."""
    if not isinstance(content, dict):
        return content
    fields = {name: each for each in kind.fields for name in (each.name, each.json_name)}
    return {
        key: _field_with_text(value, fields[key]) if key in fields else value
        for key, value in content.items()
    }


def _field_with_text(value: Any, field: FieldDescriptor) -> Any:
    if field.type == field.TYPE_BYTES:
        is_single = field.default_value == b""
        return (
            _text_of(value) if is_single or not isinstance(value, list) else [*map(_text_of, value)]
        )
    kind = field.message_type
    if kind is None:
        return value
    if kind.GetOptions().map_entry:
        entry = kind.fields_by_name["value"]
        return {key: _field_with_text(each, entry) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_text(each, kind) for each in value]
    return _with_text(value, kind)


def _text_of(value: Any) -> Any:
    return base64.b64encode(bytes(value)).decode() if isinstance(value, list) else value


def _captured_to_constants(graph_def: GraphDef, entries: Mapping[str, Any] | None) -> None:
    """Turn placeholders that TF.js fills when it loads into constants without values."""
    listed = list((entries or {}).values())
    captured = {source_node(entry["name"]) for entry in listed if "resourceId" in entry}
    fed = {source_node(entry["name"]) for entry in listed if "resourceId" not in entry}
    for node in graph_def.node:
        if node.op == "Placeholder" and node.name in captured - fed:
            node.op = "Const"
            tensor = node.attr["value"].tensor
            tensor.dtype = node.attr["dtype"].type
            tensor.tensor_shape.CopyFrom(node.attr["shape"].shape)


def _signed(entries: Mapping[str, Any] | None, graph: Graph) -> tuple[TensorSpec, ...]:
    """Return the tensors of the graph that a signature names, except those that TF.js fills."""
    found = []
    for entry in (entries or {}).values():
        tensor = json_format.ParseDict(entry, TensorInfo(), ignore_unknown_fields=True)
        if source_node(tensor.name) in graph.nodes and "resourceId" not in entry:
            shape = extents_of(tensor.tensor_shape) if tensor.HasField("tensor_shape") else None
            name, dtype = source_node(tensor.name), dtype_name(tensor.dtype)
            found.append(TensorSpec(name, dtype, shape, "the signature"))
    return tuple(found)
