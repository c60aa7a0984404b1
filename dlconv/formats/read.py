"""The formats that inspect reads: which one is at a path, and its network.

A frozen graph, a TF.js graph model of today's layout or that of 2018, a SavedModel and ONNX. A
folder stands for the model in it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError
from dlconv.formats import layout_2018, saved_model
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.layout_2018 import put_values, read_layout_2018, refuse_other_type
from dlconv.formats.model_json import ModelJson, read_model_json
from dlconv.formats.network import (
    Network,
    WeightTensor,
    constants_of,
    contract_of,
    placeholders_of,
)
from dlconv.formats.onnx_file import read_onnx
from dlconv.formats.others import FROZEN, kind_by_name, kind_of_folder
from dlconv.formats.tfjs_weights import Group, read_weights, shards_of
from dlconv.graph.contract import Contract, TensorSpec
from dlconv.graph.graph import Graph
from dlconv.graph.summary import WEIGHT_DTYPES
from dlconv.graph.tensors import array_of

# What a folder is looked through for, in this order.
ENTRIES = (
    "model.json",
    layout_2018.GRAPH_NAME,
    saved_model.GRAPH_NAME,
    "model.onnx",
    "frozen_inference_graph.pb",
)
HINT = (
    "dlconv inspects frozen graphs (.pb), their tarballs (.tar.gz), SavedModels, TF.js graph "
    "models and ONNX files"
)


def find_entry(path: Path) -> Path:
    """Return the file that stands for the model at ``path``, a file or a folder.

    Raises DlconvError when there is none.
    """
    if not path.is_dir():
        if path.is_file():
            return path
        raise DlconvError(f"there is no model at {path}", HINT)
    for name in ENTRIES:
        if (path / name).is_file():
            return path / name
    deeper = (folder for folder in sorted(path.iterdir()) if folder.is_dir())
    for folder in deeper:
        if any((folder / name).is_file() for name in ENTRIES if name != FROZEN):
            raise DlconvError(f"{path} is a folder without a model", f"give one in it: {folder}")
    kind = kind_of_folder(path)
    if kind.name != "a folder":
        raise DlconvError(f"{path} is {kind.name}, which dlconv does not inspect", kind.hint)
    raise DlconvError(f"{path} is a folder without a model", HINT)


def is_named_as_file(spec: str) -> bool:
    """Tell whether a name ends as those of files that are read here."""
    return Path(spec).suffix in _READERS or Path(spec).name in _READERS


def is_frozen_graph(entry: Path) -> bool:
    """Tell by its name, one that ends in .pb or as nothing, whether a file is a frozen graph."""
    return entry.suffix in ("", ".pb") and entry.name not in _READERS and not entry.is_dir()


def read_network(path: Path) -> Network:
    """Read the network at ``path``, a file or a folder.

    Raises DlconvError when there is none, or its files are not what their names say.
    """
    entry = find_entry(path)
    reader = _READERS.get(entry.name) or _READERS.get(entry.suffix)
    if is_frozen_graph(entry):
        reader = _read_frozen
    kind = kind_by_name(entry)
    if kind is not None:
        raise DlconvError(f"{entry} is {kind.name}, which dlconv does not read", kind.hint)
    if reader is None:
        raise DlconvError(f"{entry} is of no format that dlconv knows by its name", HINT)
    network = reader(entry)
    _refuse_unprintable(entry, network)
    return network


def _refuse_unprintable(entry: Path, network: Network) -> None:
    """Raise DlconvError for names that would not show as they are, or steer a terminal."""
    ends = [spec.node for spec in (*network.inputs, *network.outputs)]
    weights = [weight.name for weight in network.weights]
    for name in (network.maker, *ends, *weights, *network.ops):
        if not name.isprintable():
            raise DlconvError(f"{entry} has a name that cannot be shown: {name}")


def _read_frozen(entry: Path) -> Network:
    graph = Graph(read_graph(entry))
    contract, unknown = contract_of(graph)
    return Network(
        format="frozen graph",
        maker=f"GraphDef producer {graph.graph_def.versions.producer}",
        files=(entry,),
        inputs=_inputs(contract, graph),
        outputs=() if contract is None else (contract.output,),
        ops=_ops(graph),
        weights=constants_of(graph.graph_def.node),
        graph=graph,
        contract=contract,
        unknown=unknown,
    )


def _inputs(contract: Contract | None, graph: Graph) -> tuple[TensorSpec, ...]:
    return placeholders_of(graph) if contract is None else (contract.input,)


def _read_tfjs(entry: Path) -> Network:
    model = read_model_json(entry)
    values = read_weights(model.groups, entry.parent)
    for weight in (weight for group in model.groups for weight in group.weights):
        node = model.graph.nodes.get(weight.name)
        if node is not None and node.op == "Const":
            tensor = node.attr["value"].tensor
            refuse_other_type(entry, tensor, weight)
            put_values(tensor, values[weight.name])
    contract, unknown = contract_of(model.graph)
    inputs, outputs = _signed(model, contract)
    return Network(
        format="TF.js graph model",
        maker=model.maker,
        files=(entry, *(entry.parent / name for name in shards_of(model.groups))),
        inputs=inputs,
        outputs=outputs,
        ops=_ops(model.graph),
        weights=tuple(_stored(model.groups, values)),
        graph=model.graph,
        contract=contract,
        unknown=unknown,
    )


def _signed(
    model: ModelJson, contract: Contract | None
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Return the ends that the signature names, told by the graph where it knows them.

    The official converter's signature has neither types nor shapes for the outputs.
    """
    if contract is None:
        return model.inputs or placeholders_of(model.graph), model.outputs
    found = {spec.node: spec for spec in (contract.input, contract.output)}
    inputs, outputs = model.inputs or (contract.input,), model.outputs or (contract.output,)
    return (
        tuple(found.get(spec.node, spec) for spec in inputs),
        tuple(found.get(spec.node, spec) for spec in outputs),
    )


def _read_layout_2018(entry: Path) -> Network:
    model = read_layout_2018(entry.parent)
    graph = Graph(model.graph_def)
    contract, unknown = contract_of(graph)
    values = {
        node.name: array_of(node.attr["value"].tensor)
        for node in model.graph_def.node
        if node.op == "Const"
    }
    return Network(
        format="TF.js graph model of 2018",
        maker="tensorflowjs 0.x",
        files=model.files,
        inputs=_inputs(contract, graph),
        outputs=() if contract is None else (contract.output,),
        ops=_ops(graph),
        weights=tuple(_stored(model.groups, values)),
        graph=graph,
        contract=contract,
        unknown=unknown,
    )


def _stored(groups: Sequence[Group], values: Mapping[str, np.ndarray]) -> Iterator[WeightTensor]:
    for group in groups:
        for weight in group.weights:
            if weight.dtype in WEIGHT_DTYPES:
                yield WeightTensor(
                    name=weight.name,
                    shape=weight.shape,
                    dtype=weight.dtype,
                    stored_dtype=weight.stored_dtype,
                    bytes=weight.bytes,
                    values=values[weight.name].reshape(weight.shape),
                    scale=weight.quantization.scale if weight.quantization else None,
                )


def _ops(graph: Graph) -> dict[str, int]:
    return dict(Counter(node.op for node in graph.graph_def.node).most_common())


_READERS: dict[str, Callable[[Path], Network]] = {
    layout_2018.GRAPH_NAME: _read_layout_2018,
    layout_2018.WEIGHTS_NAME: _read_layout_2018,
    saved_model.GRAPH_NAME: saved_model.read_saved_model,
    ".json": _read_tfjs,
    ".onnx": read_onnx,
    ".pb": _read_frozen,
}
