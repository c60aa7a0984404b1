"""The TF.js writer: a graph and its contract become a TensorFlow.js graph model.

A graph model is a ``model.json``, with the topology, a signature and the weights manifest, and
shards of at most 4 MiB that hold the weights one after another. Nodes go out as they came in, as
protocol buffer JSON without control edges, devices and private attributes, and with the defaults
that TF.js does not know; the values of constants go to the shards. TensorFlow is not imported. The
format is that of tfjs-converter (``IOHandler``, ``io.WeightsManifestConfig``), version 1.3 and
later.

Values that need no input can be computed when the model is loaded: their nodes go to the model's
initializer, and the graph has placeholders for them that TF.js fills itself (version 4.0 and later,
``GraphModel.setResourceIdToCapturedInput``).
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.json_format import MessageToDict
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

import dlconv
from dlconv.convert.stored import Stored
from dlconv.convert.targets.tfjs.defaults import state_defaults
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, TensorSpec
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.graph.tensors import array_of, data_type_name, dtype_name, shape_of
from dlconv.web import tfjs_operations

# Element types that TF.js does not know in an attribute (``parseDtypeParam`` in tfjs-converter).
UNNAMED_TYPES = frozenset({DataType.DT_INT16, DataType.DT_UINT16})
SHARD_BYTES = 4 * 1024 * 1024

# The type in which TF.js holds each element type; it has no other number types.
_TFJS_DTYPES = {
    "float32": "float32",
    "float64": "float32",
    "float16": "float32",
    "int32": "int32",
    "int64": "int32",
    "int16": "int32",
    "int8": "int32",
    "uint16": "int32",
    "uint8": "int32",
    "bool": "bool",
}
_DATA_TYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "bool": "DT_BOOL"}


def write_graph_model(
    graph: Graph,
    contract: Contract,
    stored: Mapping[str, Stored],
    directory: Path,
    at_load: Sequence[str] = (),
) -> None:
    """Write ``model.json`` and its shards into an existing, empty directory.

    ``stored`` has the codes of float constants by name; those it leaves out stay float32.
    ``at_load`` names float32 nodes that are computed from constants once. Raises DlconvError for
    ops that TF.js does not have and constants that it cannot hold.
    """
    nodes = _convertible_nodes(graph, contract)
    constants = [node for node in nodes if node.op == "Const"]
    shards = _Shards(directory)
    weights = [_write_weight(node, stored, shards) for node in constants]
    weights_manifest = [{"paths": shards.finish(), "weights": weights}]
    model = _model(graph, contract, nodes, weights_manifest)
    if at_load:
        _compute_at_load(model, graph, nodes, at_load)
    _write_model(model, directory)


def write_model_json(
    graph: Graph,
    contract: Contract,
    weights_manifest: Sequence[Mapping[str, Any]],
    directory: Path,
) -> None:
    """Write only ``model.json``, for weights that are stored already.

    ``weights_manifest`` describes them. Raises DlconvError for ops that TF.js does not have.
    """
    nodes = _convertible_nodes(graph, contract)
    _write_model(_model(graph, contract, nodes, weights_manifest), directory)


def _convertible_nodes(graph: Graph, contract: Contract) -> list[NodeDef]:
    nodes = list(prune(graph, contract).graph.nodes.values())
    _refuse_unknown_operations(nodes)
    return nodes


def _model(
    graph: Graph,
    contract: Contract,
    nodes: Iterable[NodeDef],
    weights_manifest: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "format": "graph-model",
        "generatedBy": f"GraphDef producer {graph.versions.producer}",
        "convertedBy": f"dlconv {dlconv.__version__}",
        "signature": {
            "inputs": {contract.input.node: _signature(contract.input)},
            "outputs": {contract.output.node: _signature(contract.output)},
        },
        "modelTopology": _topology(graph, nodes),
        "weightsManifest": weights_manifest,
    }


def _write_model(model: Mapping[str, Any], directory: Path) -> None:
    text = json.dumps(model, separators=(",", ":"), allow_nan=False)
    (directory / "model.json").write_text(text, encoding="utf-8")


def _topology(graph: Graph, nodes: Iterable[NodeDef]) -> dict[str, Any]:
    return {
        "node": [_node_json(node) for node in nodes],
        "library": {},
        "versions": MessageToDict(graph.versions),
    }


def _compute_at_load(
    model: dict[str, Any], graph: Graph, nodes: Sequence[NodeDef], at_load: Sequence[str]
) -> None:
    """Move nodes and what only they are computed from into the model's initializer."""
    moved = {node.name for name in at_load for node in graph.ancestors(name)}
    outputs = {}
    for number, name in enumerate(at_load, start=1):
        shape = {"dim": [{"size": str(extent)} for extent in _extents_of_product(graph, name)]}
        outputs[name] = {
            "name": name,
            "dtype": "DT_FLOAT",
            "tensorShape": shape,
            "resourceId": number,
        }
    placeholders = [_placeholder_json(output) for output in outputs.values()]
    kept = [node for node in nodes if node.name not in moved]
    topology = _topology(graph, kept)
    topology["node"] = placeholders + topology["node"]
    model["modelTopology"] = topology
    model["modelInitializer"] = _topology(graph, [node for node in nodes if node.name in moved])
    model["initializerSignature"] = {"outputs": outputs}
    model["signature"]["inputs"] |= outputs


def _extents_of_product(graph: Graph, name: str) -> tuple[int, ...]:
    shapes = [shape_of(graph.producer(graph.nodes[name], k).attr["value"].tensor) for k in (0, 1)]
    return tuple(np.broadcast_shapes(*map(tuple, shapes)))


def _placeholder_json(signature: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": signature["tensorShape"]}}
    return {"name": signature["name"], "op": "Placeholder", "attr": attributes}


def _refuse_unknown_operations(nodes: Iterable[NodeDef]) -> None:
    known = tfjs_operations()
    unknown = {node.op: node.name for node in nodes if node.op not in known.kernels}
    if unknown:
        named = ", ".join(f"{op} (node {name})" for op, name in sorted(unknown.items()))
        raise DlconvError(f"TensorFlow.js {known.version} has no {named}")
    calls = [node.name for node in nodes if any(v.HasField("func") for v in node.attr.values())]
    if calls:
        raise DlconvError(f"the graph calls functions, which dlconv does not convert: {calls[0]}")


def _array(node: NodeDef) -> np.ndarray:
    """Return a constant's value in the element type that TF.js holds it in."""
    values = array_of(node.attr["value"].tensor)
    if values.dtype.name not in _TFJS_DTYPES:
        raise DlconvError(f"TensorFlow.js cannot hold the constant {node.name} ({values.dtype})")
    dtype = np.dtype(_TFJS_DTYPES[values.dtype.name])
    with np.errstate(over="ignore"):
        converted = values.astype(dtype, copy=False)
    if dtype == np.int32 and not np.array_equal(converted, values):
        raise DlconvError(f"the constant {node.name} ({values.dtype}) does not fit in int32")
    return converted


class _Shards:
    """Files of at most ``SHARD_BYTES`` that hold what is added, one after another."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bytes = 0

    def add(self, array: np.ndarray) -> None:
        """Append the elements of an array, little-endian."""
        elements = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        content = elements.reshape(-1).view(np.uint8).data
        while content:
            full, taken = divmod(self._bytes, SHARD_BYTES)
            part = content[: SHARD_BYTES - taken]
            with self._unnamed(full + 1).open("ab") as file:
                file.write(part)
            self._bytes += len(part)
            content = content[len(part) :]

    def finish(self) -> list[str]:
        """Name the files by their number and return the names."""
        count = math.ceil(self._bytes / SHARD_BYTES)
        names = [f"group1-shard{number}of{count}.bin" for number in range(1, count + 1)]
        for number, name in enumerate(names, start=1):
            self._unnamed(number).rename(self._directory / name)
        return names

    def _unnamed(self, number: int) -> Path:
        return self._directory / f"shard{number}"


def _write_weight(node: NodeDef, stored: Mapping[str, Stored], shards: _Shards) -> dict[str, Any]:
    """Append a constant to the shards and return its entry for the weights manifest."""
    array = _array(node)
    kept = stored.get(node.name, Stored(array))
    shards.add(kept.codes)
    return _weight_json(node.name, array, kept)


def _weight_json(name: str, array: np.ndarray, stored: Stored) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
    if stored.codes.dtype == array.dtype:
        return entry
    entry["quantization"] = {"dtype": stored.codes.dtype.name, "original_dtype": array.dtype.name}
    if stored.scale is not None:
        entry["quantization"] |= {"min": stored.minimum, "scale": stored.scale}
    return entry


def _node_json(node: NodeDef) -> dict[str, Any]:
    if node.op == "Const":
        return _const_json(node)
    public = NodeDef(name=node.name, op=node.op, input=node.input)
    for key, value in sorted(node.attr.items()):
        if not key.startswith("_"):
            public.attr[key].CopyFrom(_as_held(value))
    state_defaults(public)
    _refuse_infinite(public)
    content: dict[str, Any] = MessageToDict(public)
    if "attr" in content:
        _state_extents(content["attr"])
        # A protocol buffer's map has another order in each process.
        content["attr"] = dict(sorted(content["attr"].items()))
    return content


def _refuse_infinite(node: NodeDef) -> None:
    """Raise DlconvError for an attribute that TF.js would read as NaN, since JSON has no word."""
    for key, value in node.attr.items():
        if value.HasField("f") and math.isinf(value.f):
            raise DlconvError(
                f"TensorFlow.js cannot hold {node.name} ({node.op}): its {key} is {value.f}"
            )


def _state_extents(attributes: dict[str, Any]) -> None:
    """Write the extents that protocol buffers leave out because they are 0."""
    for value in attributes.values():
        for dim in value.get("shape", {}).get("dim", ()):
            dim.setdefault("size", "0")


def _as_held(value: AttrValue) -> AttrValue:
    """Return an attribute with int32 for the integers that TF.js holds there but has no name of."""
    return AttrValue(type=DataType.DT_INT32) if value.type in UNNAMED_TYPES else value


def _const_json(node: NodeDef) -> dict[str, Any]:
    tensor = node.attr["value"].tensor
    dtype = _DATA_TYPES[_TFJS_DTYPES[dtype_name(tensor.dtype)]]
    shape = {"dim": [{"size": str(extent)} for extent in shape_of(tensor)]}
    value = {"tensor": {"dtype": dtype, "tensorShape": shape}}
    return {
        "name": node.name,
        "op": "Const",
        "attr": {"dtype": {"type": dtype}, "value": value},
    }


def _signature(spec: TensorSpec) -> dict[str, Any]:
    if spec.shape is None:
        shape: dict[str, Any] = {"unknownRank": True}
    else:
        extents = [-1 if extent is None else extent for extent in spec.shape]
        shape = {"dim": [{"size": str(extent)} for extent in extents]}
    return {"name": spec.tensor, "dtype": _data_type_name(spec.dtype), "tensorShape": shape}


def _data_type_name(dtype: str) -> str:
    name = data_type_name(dtype)
    if name is None:
        raise DlconvError(f"TensorFlow.js knows no element type DT_{dtype.upper()}")
    return name
