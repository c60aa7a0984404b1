"""Artifacts that dlconv did not make, without a manifest, of any layout that runs.

A TF.js graph model, of today's layout or that of 2018, an ONNX file or a frozen graph. Input and
output are found in the files, and what only the reference tells, the classes and mostly the crop,
comes from the frozen graph that the artifact is to be compared with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlconv.artifacts.manifest import (
    MANIFEST_NAME,
    Artifact,
    Manifest,
    PrecisionName,
    Source,
    Target,
    coarsest,
    file_entry,
)
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.layout_2018 import find_layout_2018, read_layout_2018
from dlconv.formats.model_json import ModelJson, read_model_json
from dlconv.formats.onnx_model import load_onnx, shape_of_value
from dlconv.formats.reads import files_read
from dlconv.formats.tfjs_weights import stored_floats
from dlconv.graph.contract import Contract, TensorSpec, find_contract, find_ends, fixed_size
from dlconv.graph.graph import Graph
from dlconv.graph.tensors import dtype_name, shape_of
from dlconv.terminal.printable import printable

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class _Found:
    """What the files of an artifact tell, the one that people name first among them.

    ``crop`` is None where the files do not show it.
    """

    target: Target
    input: TensorSpec
    output: TensorSpec
    precision: PrecisionName
    maker: str
    files: tuple[Path, ...]
    crop: tuple[int, int] | None = None
    crop_reason: str = ""


def foreign_artifact(
    path: Path, source: Source, reference: Contract, classes: tuple[str, ...]
) -> Artifact:
    """Describe the artifact at ``path``, a folder with a TF.js graph model or a file.

    Raises DlconvError when it is none, or has not one image as input and one output.
    """
    found = _found_at(path)
    crop, crop_reason = found.crop, found.crop_reason
    if fixed := fixed_size(found.input):
        crop, crop_reason = fixed, "the input's own size"
    elif crop is None:
        crop, crop_reason = reference.crop, "the reference's"
    contract = Contract(
        input=found.input,
        output=found.output,
        crop=crop,
        crop_reason=crop_reason,
        classes=reference.classes,
        classes_reason="the reference's",
    )
    manifest = Manifest(
        target=found.target,
        precision=found.precision,
        converter=printable(found.maker),
        source=source,
        contract=contract,
        classes=classes,
        options={},
        versions={},
        same_function=crop == reference.crop,
        files=tuple(map(file_entry, found.files)),
    )
    entry = found.files[0]
    return Artifact(entry.parent / MANIFEST_NAME, manifest, entry)


def _found_at(path: Path) -> _Found:
    entry = path / "model.json" if path.is_dir() else path
    old = None if entry.name == "model.json" and entry.is_file() else find_layout_2018(path)
    if old is not None:
        return _in_layout_2018(old)
    if not entry.is_file():
        raise DlconvError(f"there is no model.json, tensorflowjs_model.pb or ONNX file at {path}")
    readers = {".onnx": _in_onnx, ".pb": _in_frozen_graph}
    return readers.get(entry.suffix, _in_tfjs)(entry)


def _in_tfjs(entry: Path) -> _Found:
    model = read_model_json(entry)
    files = _files_read(entry, "tfjs")
    inputs, outputs = _ends(model)
    return _Found(
        "tfjs",
        _photo_input(entry, inputs),
        _only(entry, "output", outputs),
        coarsest(stored_floats(model.groups)),
        model.maker,
        files,
    )


def _files_read(entry: Path, target: Target) -> tuple[Path, ...]:
    files = tuple(entry.with_name(name) for name in files_read(entry, target))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise DlconvError(f"{entry} names files that are missing: {', '.join(missing)}")
    return files


def _ends(model: ModelJson) -> tuple[Sequence[TensorSpec], Sequence[TensorSpec]]:
    """Return the inputs and outputs that the signature names, or that the graph has."""
    if model.inputs and model.outputs:
        return model.inputs, model.outputs
    found = find_ends(model.graph)
    return model.inputs or [found.input], model.outputs or [found.only_output()]


def _in_layout_2018(directory: Path) -> _Found:
    old = read_layout_2018(directory)
    precision = coarsest(stored_floats(old.groups))
    return _of_graph(Graph(old.graph_def), "tfjs", precision, "tensorflowjs 0.x", old.files)


def _in_frozen_graph(entry: Path) -> _Found:
    graph = Graph(read_graph(entry))
    tensors = [node.attr["value"].tensor for node in graph.graph_def.node if node.op == "Const"]
    kernels = {dtype_name(tensor.dtype) for tensor in tensors if len(shape_of(tensor)) > 1}
    maker = f"GraphDef producer {graph.graph_def.versions.producer}"
    return _of_graph(graph, "tensorflow", coarsest(kernels), maker, (entry,))


def _of_graph(
    graph: Graph, target: Target, precision: PrecisionName, maker: str, files: tuple[Path, ...]
) -> _Found:
    contract = find_contract(graph)
    return _Found(
        target,
        _photo_input(files[0], [contract.input]),
        contract.output,
        precision,
        maker,
        files,
        contract.crop,
        contract.crop_reason,
    )


def _photo_input(entry: Path, inputs: Sequence[TensorSpec]) -> TensorSpec:
    spec = _only(entry, "input", inputs)
    dtype = "uint8" if spec.dtype == "int32" else spec.dtype
    is_photo = spec.shape is None or (len(spec.shape) == 4 and spec.shape[3] in (None, 3))
    if dtype not in ("uint8", "float32") or not is_photo:
        raise DlconvError(
            f"{entry} takes {spec.node}, {dtype or 'of an unknown type'} {spec.shape}, and not a "
            "photo [1, height, width, 3]"
        )
    return TensorSpec(spec.node, dtype, spec.shape, spec.reason)


def _only(entry: Path, kind: str, specs: Sequence[TensorSpec]) -> TensorSpec:
    if len(specs) != 1:
        names = ", ".join(spec.node for spec in specs[:8]) or "none"
        raise DlconvError(f"{entry} has {len(specs)} {kind}s, not one: {names}")
    if not specs[0].node.isprintable():
        raise DlconvError(f"{entry} has a name that cannot be shown: {specs[0].node}")
    return specs[0]


def _in_onnx(entry: Path) -> _Found:
    model = load_onnx(entry)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}

    def spec(value: "onnx.ValueInfoProto") -> TensorSpec:
        dtype = _onnx_type(value.type.tensor_type.elem_type)
        return TensorSpec(value.name, dtype, shape_of_value(value), "the file's own")

    kernels = {_onnx_type(tensor.data_type) for tensor in graph.initializer if len(tensor.dims) > 1}
    return _Found(
        "onnx",
        _photo_input(entry, [spec(each) for each in graph.input if each.name not in constants]),
        _only(entry, "output", [spec(each) for each in graph.output]),
        coarsest(kernels),
        " ".join(filter(None, (model.producer_name, model.producer_version))) or "unknown",
        _files_read(entry, "onnx"),
    )


def _onnx_type(number: int) -> str:
    """Return numpy's name of an element type; empty for one that ONNX does not have."""
    import numpy as np
    import onnx

    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(number)).name
    except KeyError:
        return ""
