"""Artifacts that dlconv did not make: a TF.js graph model or an ONNX file without a manifest.

Input and output are found in the files, and what only the frozen graph tells, the crop and the
classes, comes from the reference that the artifact is to be compared with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dlconv.artifacts.manifest import (
    MANIFEST_NAME,
    Artifact,
    Manifest,
    PrecisionName,
    Source,
    file_entry,
)
from dlconv.errors import DlconvError
from dlconv.inspect.contract import OUTPUT_NAME, Contract, TensorSpec
from dlconv.inspect.graph import source_node

# Element types of TensorFlow as photos and labels have them; TF.js has no uint8 and takes int32.
DTYPES = {"DT_UINT8": "uint8", "DT_INT32": "int32", "DT_INT64": "int64", "DT_FLOAT": "float32"}


@dataclass(frozen=True)
class _Found:
    """What the files of an artifact tell."""

    target: Literal["tfjs", "onnx"]
    input: TensorSpec
    output: TensorSpec
    precision: PrecisionName
    maker: str
    files: tuple[Path, ...]


def foreign_artifact(
    path: Path, source: Source, reference: Contract, classes: tuple[str, ...]
) -> Artifact:
    """Describe the artifact at ``path``: a folder with model.json, model.json itself, or ONNX.

    Raises DlconvError when it is neither, or has not one image as input and one output.
    """
    entry = path / "model.json" if path.is_dir() else path
    if not entry.is_file():
        raise DlconvError(f"there is no model.json or ONNX file at {path}")
    found = _in_onnx(entry) if entry.suffix == ".onnx" else _in_tfjs(entry)
    crop = _fixed_size(found.input) or reference.crop
    contract = Contract(
        input=found.input,
        output=found.output,
        crop=crop,
        crop_reason="the input's own size" if _fixed_size(found.input) else "the reference's",
        classes=reference.classes,
        classes_reason="the reference's",
    )
    manifest = Manifest(
        target=found.target,
        precision=found.precision,
        converter=found.maker,
        source=source,
        contract=contract,
        classes=classes,
        options={},
        versions={},
        same_function=crop == reference.crop,
        files=tuple(map(file_entry, found.files)),
    )
    return Artifact(entry.parent / MANIFEST_NAME, manifest)


def _fixed_size(spec: TensorSpec) -> tuple[int, int] | None:
    if spec.shape is None or len(spec.shape) != 4:
        return None
    _, height, width, _ = spec.shape
    return None if height is None or width is None else (height, width)


def _in_tfjs(entry: Path) -> _Found:
    try:
        model = json.loads(entry.read_bytes())
        nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
        groups = model["weightsManifest"]
        shards = dict.fromkeys(name for group in groups for name in group["paths"])
        weights = [weight for group in groups for weight in group["weights"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DlconvError(f"{entry} is not the model.json of a TF.js graph model") from error
    signature = model.get("signature") or {}
    inputs = _signed(signature.get("inputs"), nodes)
    outputs = _signed(signature.get("outputs"), nodes)
    files = [entry, *(entry.parent / name for name in shards)]
    missing = [file.name for file in files if file.parent != entry.parent or not file.is_file()]
    if missing:
        raise DlconvError(f"{entry} names files that are missing: {', '.join(missing)}")
    return _Found(
        "tfjs",
        _photo_input(entry, inputs or _placeholders(nodes)),
        _only(entry, "output", outputs or _sinks(nodes)),
        _tfjs_precision(weights),
        str(model.get("convertedBy") or "unknown"),
        tuple(files),
    )


def _signed(entries: Any, nodes: Mapping[str, Any]) -> list[TensorSpec]:
    """Return the tensors that a signature names."""
    if not isinstance(entries, dict):
        return []
    found = []
    for entry in entries.values():
        name = str(entry.get("name", "")).removesuffix(":0")
        shape = _extents(entry.get("tensorShape"))
        if name in nodes:
            found.append(
                TensorSpec(name, DTYPES.get(str(entry.get("dtype")), ""), shape, "the signature")
            )
    return found


def _placeholders(nodes: Mapping[str, Any]) -> list[TensorSpec]:
    return [
        TensorSpec(
            name,
            DTYPES.get(str(node["attr"]["dtype"].get("type")), ""),
            _extents(node["attr"].get("shape", {}).get("shape")),
            "the only Placeholder",
        )
        for name, node in nodes.items()
        if node["op"] == "Placeholder"
    ]


def _sinks(nodes: Mapping[str, Any]) -> list[TensorSpec]:
    read = {source_node(name) for node in nodes.values() for name in node.get("input", [])}
    sinks = [name for name, node in nodes.items() if name not in read and node["op"] != "NoOp"]
    chosen = [OUTPUT_NAME] if OUTPUT_NAME in sinks else sinks
    return [TensorSpec(name, "", None, "nothing reads it") for name in chosen]


def _extents(shape: Any) -> tuple[int | None, ...] | None:
    if not isinstance(shape, dict) or shape.get("unknownRank"):
        return None
    sizes = [int(extent.get("size", -1)) for extent in shape.get("dim", [])]
    return tuple(size if size >= 0 else None for size in sizes)


def _tfjs_precision(weights: list[dict[str, Any]]) -> PrecisionName:
    stored = {weight.get("quantization", {}).get("dtype", weight["dtype"]) for weight in weights}
    return _coarsest(stored)


def _coarsest(dtypes: set[str]) -> PrecisionName:
    if dtypes & {"uint8", "int8"}:
        return "uint8"
    if "float16" in dtypes:
        return "float16"
    return "uint16" if "uint16" in dtypes else "float32"


def _photo_input(entry: Path, inputs: list[TensorSpec]) -> TensorSpec:
    spec = _only(entry, "input", inputs)
    dtype = "uint8" if spec.dtype == "int32" else spec.dtype
    is_photo = spec.shape is None or (len(spec.shape) == 4 and spec.shape[3] in (None, 3))
    if dtype not in ("uint8", "float32") or not is_photo:
        raise DlconvError(
            f"{entry} takes {spec.node}, {dtype or 'of an unknown type'} {spec.shape}, and not a "
            "photo [1, height, width, 3]"
        )
    return TensorSpec(spec.node, dtype, spec.shape, spec.reason)


def _only(entry: Path, kind: str, specs: list[TensorSpec]) -> TensorSpec:
    if len(specs) != 1:
        names = ", ".join(spec.node for spec in specs[:8]) or "none"
        raise DlconvError(f"{entry} has {len(specs)} {kind}s, not one: {names}")
    return specs[0]


def _in_onnx(entry: Path) -> _Found:
    import numpy as np
    import onnx

    try:
        model = onnx.load(entry, load_external_data=False)
    except Exception as error:  # protobuf and onnx have exceptions of their own
        raise DlconvError(f"{entry} is not an ONNX file") from error
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}

    def spec(value: onnx.ValueInfoProto) -> TensorSpec:
        tensor = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        shape = tuple(dim.dim_value or None for dim in tensor.shape.dim)
        return TensorSpec(value.name, dtype, shape, "the file's own")

    kernels = {
        np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).name
        for tensor in graph.initializer
        if len(tensor.dims) > 1
    }
    return _Found(
        "onnx",
        _photo_input(entry, [spec(each) for each in graph.input if each.name not in constants]),
        _only(entry, "output", [spec(each) for each in graph.output]),
        _coarsest(kernels),
        " ".join(filter(None, (model.producer_name, model.producer_version))) or "unknown",
        (entry,),
    )
