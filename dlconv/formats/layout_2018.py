"""The layout of TF.js graph models of 2018, which TF.js itself no longer loads.

Converters before version 1.0 wrote a folder with a binary GraphDef, ``tensorflowjs_model.pb``, in
which constants have an element type and a shape and no values, a manifest of weights,
``weights_manifest.json``, and shards without an extension. Reading it puts the values back, so
that what comes out is the frozen graph that a page computed with.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.tensor_pb2 import TensorProto

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import MAX_GRAPH_BYTES, read_graph
from dlconv.formats.tfjs_weights import Group, Weight, parse_groups, read_weights, shards_of
from dlconv.graph.tensors import dtype_name, shape_of

GRAPH_NAME = "tensorflowjs_model.pb"
WEIGHTS_NAME = "weights_manifest.json"

# TF.js had no such element types, so that converters wrote others.
WRITTEN_AS = {"float64": "float32", "float16": "float32", "int64": "int32"}


@dataclass(frozen=True)
class Layout2018:
    """A graph model in this layout, its graph with the values put back."""

    directory: Path
    graph_def: GraphDef
    groups: tuple[Group, ...]

    @property
    def shards(self) -> tuple[Path, ...]:
        """The files that hold the weights."""
        return tuple(self.directory / name for name in shards_of(self.groups))

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, the graph first."""
        return (self.directory / GRAPH_NAME, self.directory / WEIGHTS_NAME, *self.shards)


def find_layout_2018(path: Path) -> Path | None:
    """Return the folder of a model in this layout, itself or its graph at ``path``, or None."""
    directory = path if path.is_dir() else path.parent
    is_named = path.is_dir() or path.name == GRAPH_NAME
    return directory if is_named and (directory / GRAPH_NAME).is_file() else None


def read_layout_2018(directory: Path) -> Layout2018:
    """Read a graph model in this layout.

    Raises DlconvError when a file is missing, truncated or invalid, or when the constants of the
    graph do not match the weights of the manifest.
    """
    graph_def = read_graph(directory / GRAPH_NAME)
    groups = read_groups(directory / WEIGHTS_NAME)
    weights = {weight.name: weight for group in groups for weight in group.weights}
    constants = {
        node.name: node.attr["value"].tensor for node in graph_def.node if node.op == "Const"
    }
    _refuse_others(directory, constants, weights)
    values = read_weights(groups, directory)
    if sum(array.nbytes for array in values.values()) > MAX_GRAPH_BYTES:
        raise DlconvError(f"{directory} holds more than a GraphDef can (2 GiB)")
    for name, tensor in constants.items():
        put_values(tensor, values[name])
    return Layout2018(directory, graph_def, groups)


def read_groups(path: Path) -> tuple[Group, ...]:
    """Read a manifest of weights. Raises DlconvError when it is not valid."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DlconvError(f"{path} is not JSON, or it is truncated") from error
    return parse_groups(content, str(path))


def _refuse_others(
    directory: Path, constants: dict[str, TensorProto], weights: dict[str, Weight]
) -> None:
    """Raise DlconvError when the constants do not match the weights."""
    if odd := sorted(constants.keys() ^ weights.keys()):
        where = GRAPH_NAME if odd[0] in constants else WEIGHTS_NAME
        raise DlconvError(f"{directory}: the constant or weight {odd[0]} is in {where} alone")
    for name, tensor in constants.items():
        refuse_other_type(directory, tensor, weights[name])


def refuse_other_type(where: Path, tensor: TensorProto, weight: Weight) -> None:
    """Raise DlconvError when a constant's type or shape is not that of its weight."""
    dtype = dtype_name(tensor.dtype)
    if weight.shape != shape_of(tensor) or weight.dtype not in (dtype, WRITTEN_AS.get(dtype)):
        raise DlconvError(
            f"{where}: {weight.name} is {dtype} {list(shape_of(tensor))} in the graph and "
            f"{weight.dtype} {list(weight.shape)} in the manifest of weights"
        )


def put_values(tensor: TensorProto, values: np.ndarray) -> None:
    """Give a constant its values; the fields for values are empty in this layout."""
    kept = TensorProto(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape)
    dtype = np.dtype(dtype_name(tensor.dtype)).newbyteorder("<")
    kept.tensor_content = values.astype(dtype).tobytes()
    tensor.CopyFrom(kept)
