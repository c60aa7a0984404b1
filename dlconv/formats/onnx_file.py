"""Reading an ONNX file: what goes in and out, its ops and its weights.

Codes that DequantizeLinear reads count as the weights that it gives, and halves that a Cast reads
as float32. Of tensors in files of their own, and of those whose scales are computed or of blocks,
only shapes and types are read.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlconv.errors import DlconvError
from dlconv.formats.beside import is_beside
from dlconv.formats.external_data import external_locations
from dlconv.formats.network import Network, WeightTensor
from dlconv.formats.onnx_model import load_onnx, nodes_of, refuse_impossible, shape_of_value
from dlconv.graph.contract import TensorSpec
from dlconv.graph.summary import WEIGHT_DTYPES

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

OWN_DOMAINS = ("", "ai.onnx")


def read_onnx(path: Path) -> Network:
    """Read an ONNX file. Raises DlconvError when it is none, or does not hold together."""
    model = load_onnx(path)
    graph = model.graph
    nodes = list(nodes_of(graph))
    tensors = dict(_tensors(graph, nodes))
    refuse_impossible(path, tensors)
    weights = _weights(path, tensors, nodes)
    unread = sum(weight.values is None for weight in weights)
    return Network(
        format="ONNX",
        maker=_maker(model),
        files=_files(path, model),
        inputs=tuple(_spec(each) for each in graph.input if each.name not in tensors),
        outputs=tuple(map(_spec, graph.output)),
        ops=dict(Counter(map(_kind, nodes)).most_common()),
        weights=weights,
        unknown=(f"the values of {unread} weights",) if unread else (),
    )


def _files(path: Path, model: "ModelProto") -> tuple[Path, ...]:
    """Return the file and those with its values that lie beside it, none of which is read."""
    named = external_locations(model, str(path))
    beside = (path.parent / name for name in named if is_beside(name))
    return (path, *(file for file in beside if file.is_file()))


def _maker(model: "ModelProto") -> str:
    opsets = [each.version for each in model.opset_import if each.domain in OWN_DOMAINS]
    versions = [word for word in model.producer_version.split() if word != "None"]
    named = " ".join([model.producer_name, *versions]).strip() or "unknown"
    return f"{named}, opset {opsets[0]}" if opsets else named


def _kind(node: "NodeProto") -> str:
    return node.op_type if node.domain in OWN_DOMAINS else f"{node.domain}.{node.op_type}"


def _tensors(graph: "GraphProto", nodes: "list[NodeProto]") -> "Iterator[tuple[str, TensorProto]]":
    """Yield the constants: initializers, and the values of Constant nodes."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in nodes:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.HasField("t") and node.output:
                yield node.output[0], attribute.t


def _weights(
    path: Path, tensors: "Mapping[str, TensorProto]", nodes: "list[NodeProto]"
) -> tuple[WeightTensor, ...]:
    readers = {name: node for node in nodes for name in node.input if name in tensors}
    dequantizing = [node for node in nodes if node.op_type == "DequantizeLinear"]
    helpers = {name for node in dequantizing for name in node.input[1:]}
    found = []
    for name, tensor in tensors.items():
        reader = readers.get(name)
        op = "" if reader is None else reader.op_type
        if name in helpers:
            continue
        if reader is not None and op == "DequantizeLinear":
            found.append(_dequantized(path, name, reader, tensors))
        elif _dtype(tensor.data_type) in WEIGHT_DTYPES:
            found.append(_as_it_is(path, name, tensor, is_cast=op == "Cast"))
    return tuple(found)


def _as_it_is(path: Path, name: str, tensor: "TensorProto", is_cast: bool) -> WeightTensor:
    stored = np.dtype(_dtype(tensor.data_type))
    values = _values(path, name, tensor)
    return WeightTensor(
        name=name,
        shape=tuple(tensor.dims),
        dtype="float32" if is_cast else stored.name,
        stored_dtype=stored.name,
        bytes=math.prod(tensor.dims) * stored.itemsize,
        values=values.astype(np.float32) if values is not None and is_cast else values,
    )


def _dequantized(
    path: Path, name: str, reader: "NodeProto", tensors: "Mapping[str, TensorProto]"
) -> WeightTensor:
    """Return what DequantizeLinear gives, (code - zero point) * scale.

    Without values where its numbers are in other files or computed, or scales are those of blocks.
    """
    codes, scale, zero = (
        _values(path, each, tensors[each]) if each in tensors else None
        for each in (name, *reader.input[1:3], "")[:3]
    )
    stored = tensors[name]
    weight = WeightTensor(
        name=name,
        shape=tuple(stored.dims),
        dtype="float32",
        stored_dtype=_dtype(stored.data_type),
        bytes=0 if codes is None else codes.nbytes,
        values=None,
    )
    if codes is None or scale is None or scale.ndim > 1 or not scale.size:
        return weight
    axis = next((each.i for each in reader.attribute if each.name == "axis"), 1)
    shape = [1] * codes.ndim
    try:
        if scale.ndim:
            shape[axis] = scale.size
        centred = codes.astype(np.int32) - (0 if zero is None else _along(zero, shape))
        values = centred.astype(np.float32) * _along(scale, shape)
    except (ValueError, IndexError) as error:
        raise DlconvError(f"{path}: the scales of {name} do not fit its shape") from error
    return replace(weight, values=values, scale=float(np.abs(scale).max()))


def _along(numbers: np.ndarray, shape: list[int]) -> np.ndarray:
    """Return scales or zero points so that they meet the codes of their channel."""
    kept = numbers.astype(np.int32 if numbers.dtype.kind in "iu" else np.float32)
    return kept.reshape(shape) if numbers.ndim else kept


def _values(path: Path, name: str, tensor: "TensorProto") -> np.ndarray | None:
    """Return the elements of a constant; None where they are in another file."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:  # onnx raises what numpy does, and its own
        raise DlconvError(f"{path}: {name} does not hold what its shape says") from error


def _spec(value: "ValueInfoProto") -> TensorSpec:
    dtype = _dtype(value.type.tensor_type.elem_type)
    return TensorSpec(value.name, dtype, shape_of_value(value), "the file's own")


def _dtype(data_type: int) -> str:
    from onnx import helper

    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(data_type)).name
    except KeyError:
        return f"type {data_type}"
