"""Loading an ONNX file without the values that lie in other files, and checking what it says."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import MAX_GRAPH_BYTES
from dlconv.formats.kinds import HEAD_BYTES, ONNX, refuse_other_kinds
from dlconv.graph.graph import MAX_RANK

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

# No tensor has more elements.
MOST_ELEMENTS = 2**63 - 1


def load_onnx(path: Path) -> "ModelProto":
    """Parse an ONNX file.

    Raises DlconvError when it is none, has no graph, or names that are not UTF-8.
    """
    import onnx

    try:
        if path.stat().st_size > MAX_GRAPH_BYTES:
            raise DlconvError(f"{path} is larger than an ONNX file can be (2 GiB)")
        content = path.read_bytes()
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    refuse_other_kinds(content[:HEAD_BYTES], str(path), "an ONNX file", ONNX)
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # protobuf has several, and its own
        raise DlconvError(f"{path} is not an ONNX file, or it is truncated") from error
    if not model.graph.node or not model.graph.output:
        raise DlconvError(f"{path} is an ONNX file without a graph")
    _refuse_names_that_are_bytes(path, model)
    return model


def nodes_of(graph: "GraphProto") -> "Iterator[NodeProto]":
    """Yield the nodes of a graph and of the graphs in their attributes."""
    waiting = [graph]
    for each in waiting:
        for node in each.node:
            yield node
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else attribute.graphs


def _refuse_names_that_are_bytes(path: Path, model: "ModelProto") -> None:
    """Raise DlconvError for a name that is not UTF-8, which the reader of ONNX hands out as is."""
    graph, nodes = model.graph, list(nodes_of(model.graph))
    named: list[Any] = [*graph.input, *graph.output, *graph.initializer, *nodes]
    names: list[str | bytes] = [each.name for each in named]
    names += [model.producer_name, model.producer_version]
    for node in nodes:
        names += [node.op_type, node.domain, *node.input, *node.output]
    if any(isinstance(name, bytes) for name in names):
        raise DlconvError(f"{path} has names that are not UTF-8")


def shape_of_value(value: "ValueInfoProto") -> tuple[int | None, ...] | None:
    """Return the shape of an input or output: None for an extent that varies, or for all of it."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.dim_value > 0 else None for dim in tensor.shape.dim)


def refuse_impossible(path: Path, tensors: "Mapping[str, TensorProto]") -> None:
    """Raise DlconvError for a constant, by its name, of a shape that no tensor has."""
    for name, tensor in tensors.items():
        is_possible = len(tensor.dims) <= MAX_RANK and min(tensor.dims, default=0) >= 0
        if not is_possible or math.prod(tensor.dims) > MOST_ELEMENTS:
            raise DlconvError(f"{path}: the constant {name} has an impossible shape")
