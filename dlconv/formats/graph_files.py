"""Reading networks whose files hold a graph of TensorFlow: frozen graphs and TF.js graph models.

What comes out is the graph with the values of its constants, wherever the format keeps them, and
the contract that is found in it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

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
from dlconv.formats.tfjs_weights import Group, check_shards, read_weights, shards_of, stored_floats
from dlconv.graph.contract import Contract, TensorSpec, find_ends
from dlconv.graph.graph import Graph
from dlconv.graph.summary import WEIGHT_DTYPES
from dlconv.graph.tensors import array_of, dtype_name, shape_of


def read_frozen_graph(entry: Path) -> Network:
    """Read a frozen graph. Raises DlconvError when it is not valid."""
    graph = Graph(read_graph(entry))
    contract, unknown = contract_of(graph)
    return Network(
        format="frozen graph",
        maker=f"GraphDef producer {graph.versions.producer}",
        files=(entry,),
        inputs=_inputs(contract, graph),
        outputs=() if contract is None else (contract.output,),
        ops=_ops(graph),
        weights=constants_of(graph.nodes.values()),
        stored_dtypes=_kernel_dtypes(graph),
        graph=graph,
        contract=contract,
        unknown=unknown,
    )


def _kernel_dtypes(graph: Graph) -> frozenset[str]:
    """Return the element types of constants of more than one dimension."""
    constants = [node.attr["value"].tensor for node in graph.nodes.values() if node.op == "Const"]
    return frozenset(dtype_name(each.dtype) for each in constants if len(shape_of(each)) > 1)


def _inputs(contract: Contract | None, graph: Graph) -> tuple[TensorSpec, ...]:
    return placeholders_of(graph) if contract is None else (contract.input,)


def read_tfjs(entry: Path, with_weights: bool = True) -> Network:
    """Read a TF.js graph model, ``entry`` being its model.json.

    If not ``with_weights``, the network has no weights, graph or contract; its inputs and outputs
    are those of the signature, or those that the nodes show. Raises DlconvError when it is not a
    graph model, or its shards do not have the size of its weights.
    """
    model = read_model_json(entry)
    if not with_weights:
        return _as_model_json_says(entry, model, *_ends(model))
    values = read_weights(model.groups, entry.parent)
    for weight in (weight for group in model.groups for weight in group.weights):
        node = model.graph.nodes.get(weight.name)
        if node is not None and node.op == "Const":
            tensor = node.attr["value"].tensor
            refuse_other_type(entry, tensor, weight)
            put_values(tensor, values[weight.name])
    contract, unknown = contract_of(model.graph)
    return replace(
        _as_model_json_says(entry, model, *_signed(model, contract)),
        weights=tuple(_stored(model.groups, values)),
        graph=model.graph,
        contract=contract,
        unknown=unknown,
    )


def _as_model_json_says(
    entry: Path, model: ModelJson, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
) -> Network:
    names = shards_of(model.groups)
    found = [name for name in names if entry.with_name(name).is_file()]
    missing = tuple(name for name in names if name not in found)
    if not missing:
        check_shards(model.groups, entry.parent)
    return Network(
        format="TF.js graph model",
        maker=model.maker,
        files=(entry, *map(entry.with_name, found)),
        missing=missing,
        inputs=inputs,
        outputs=outputs,
        ops=_ops(model.graph),
        stored_dtypes=stored_floats(model.groups),
    )


def _ends(model: ModelJson) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Return inputs and outputs of the signature, or those that a graph without values shows.

    Raises DlconvError when neither has them.
    """
    if model.inputs and model.outputs:
        return model.inputs, model.outputs
    found = find_ends(model.graph)
    return model.inputs or (found.input,), model.outputs or (found.only_output(),)


def _signed(
    model: ModelJson, contract: Contract | None
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Return inputs and outputs of the signature, with types and shapes of the graph if it has any.

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


def read_tfjs_2018(entry: Path) -> Network:
    """Read a TF.js graph model in the layout of 2018, ``entry`` being a file of it.

    Raises DlconvError when it is not such a model, or its constants do not match its weights.
    """
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
        stored_dtypes=stored_floats(model.groups),
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
    return dict(Counter(node.op for node in graph.nodes.values()).most_common())
