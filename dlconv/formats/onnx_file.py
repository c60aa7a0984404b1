"""Reading an ONNX file: what it computes, what goes in and out, and its constants.

All ONNX files are read here, and every one is checked: its size, its format, its names and the
shapes of its constants. Values in other files are not read.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlconv.errors import DlconvError
from dlconv.formats.beside import is_beside
from dlconv.formats.content import content_of
from dlconv.formats.external_data import external_locations
from dlconv.formats.kinds import ONNX
from dlconv.formats.network import Network
from dlconv.formats.onnx_weights import dtype_of, weights_among
from dlconv.graph.contract import TensorSpec
from dlconv.graph.graph import MAX_RANK

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

OWN_DOMAINS = ("", "ai.onnx")
# No tensor has more elements.
MOST_ELEMENTS = 2**63 - 1


def read_onnx(path: Path, with_weights: bool = True) -> Network:
    """Read an ONNX file; if not ``with_weights``, the network has none.

    Raises DlconvError when it is not a valid ONNX file.
    """
    model = load_onnx(path)
    graph = model.graph
    nodes = list(_nodes_of(graph))
    tensors = dict(_constants_of(graph))
    weights = weights_among(path, tensors, nodes) if with_weights else ()
    unread = sum(weight.values is None for weight in weights)
    named = external_locations(model, str(path))
    found = [name for name in named if is_beside(name) and (path.parent / name).is_file()]
    return Network(
        format="ONNX",
        maker=_maker(model),
        files=(path, *(path.parent / name for name in found)),
        missing=tuple(name for name in named if name not in found),
        inputs=tuple(_spec(each) for each in graph.input if each.name not in tensors),
        outputs=tuple(map(_spec, graph.output)),
        ops=dict(Counter(map(_kind, nodes)).most_common()),
        weights=weights,
        stored_dtypes=frozenset(
            dtype_of(tensor.data_type) for tensor in graph.initializer if len(tensor.dims) > 1
        ),
        unknown=(f"the values of {unread} weights",) if unread else (),
    )


def load_onnx(path: Path) -> "ModelProto":
    """Parse an ONNX file.

    Raises DlconvError when it is not an ONNX file, has no graph, names that are not UTF-8, or
    constants of an impossible shape.
    """
    import onnx

    content = content_of(path, "an ONNX file", ONNX, "an ONNX file can be")
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # protobuf raises several types
        raise DlconvError(f"{path} is not an ONNX file, or it is truncated") from error
    if not model.graph.node or not model.graph.output:
        raise DlconvError(f"{path} is an ONNX file without a graph")
    _refuse_names_that_are_bytes(path, model)
    _refuse_impossible_shapes(path, model)
    return model


def _nodes_of(graph: "GraphProto") -> "Iterator[NodeProto]":
    """Yield the nodes of a graph and of the graphs in their attributes."""
    waiting = [graph]
    for each in waiting:
        for node in each.node:
            yield node
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else attribute.graphs


def _refuse_names_that_are_bytes(path: Path, model: "ModelProto") -> None:
    """Raise DlconvError for a name that is not UTF-8, which onnx reads without an error."""
    graph, nodes = model.graph, list(_nodes_of(model.graph))
    named: list[Any] = [*graph.input, *graph.output, *graph.initializer, *nodes]
    names: list[str | bytes] = [each.name for each in named]
    names += [model.producer_name, model.producer_version]
    for node in nodes:
        names += [node.op_type, node.domain, *node.input, *node.output]
    if any(isinstance(name, bytes) for name in names):
        raise DlconvError(f"{path} has names that are not UTF-8")


def _refuse_impossible_shapes(path: Path, model: "ModelProto") -> None:
    for name, tensor in _constants_of(model.graph):
        is_possible = len(tensor.dims) <= MAX_RANK and min(tensor.dims, default=0) >= 0
        if not is_possible or math.prod(tensor.dims) > MOST_ELEMENTS:
            raise DlconvError(f"{path}: the constant {name} has an impossible shape")


def _constants_of(graph: "GraphProto") -> "Iterator[tuple[str, TensorProto]]":
    """Yield the constants by name: initializers, and the values of Constant nodes."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in _nodes_of(graph):
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.HasField("t") and node.output:
                yield node.output[0], attribute.t


def _maker(model: "ModelProto") -> str:
    opsets = [each.version for each in model.opset_import if each.domain in OWN_DOMAINS]
    versions = [word for word in model.producer_version.split() if word != "None"]
    named = " ".join([model.producer_name, *versions]).strip() or "unknown"
    return f"{named}, opset {opsets[0]}" if opsets else named


def _kind(node: "NodeProto") -> str:
    return node.op_type if node.domain in OWN_DOMAINS else f"{node.domain}.{node.op_type}"


def _spec(value: "ValueInfoProto") -> TensorSpec:
    dtype = dtype_of(value.type.tensor_type.elem_type)
    return TensorSpec(value.name, dtype, _shape_of(value), "the file's own")


def _shape_of(value: "ValueInfoProto") -> tuple[int | None, ...] | None:
    """Return the shape of an input or output: None for extents that vary, or for an unknown one."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.dim_value > 0 else None for dim in tensor.shape.dim)
