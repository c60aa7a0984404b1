"""Artifacts that dlconv did not make, without a manifest, of any layout that runs.

A TF.js graph model, of today's layout or that of 2018, an ONNX file, a ``.tflite`` file or a frozen
graph. ``formats`` reads the files, and here a manifest is made of what is in them. The classes, and
mostly the crop, come from the frozen graph that the artifact is to be compared with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dlconv.artifacts.manifest import (
    MANIFEST_NAME,
    Artifact,
    Manifest,
    Source,
    Target,
    coarsest,
    file_entry,
)
from dlconv.errors import DlconvError
from dlconv.formats.beside import refuse_elsewhere
from dlconv.formats.graph_files import read_frozen_graph, read_tfjs, read_tfjs_2018
from dlconv.formats.layout_2018 import GRAPH_NAME, find_layout_2018
from dlconv.formats.network import Network
from dlconv.formats.onnx_file import read_onnx
from dlconv.formats.tflite_file import read_tflite
from dlconv.graph.contract import Contract, TensorSpec, find_contract, fixed_size

# What takes the place of an element type where pixels are given: TF.js has no uint8, and the
# runtimes of LiteRT make codes of pixels.
PIXELS: dict[Target, dict[str, str]] = {
    "litert": {"int8": "uint8"},
    "onnx": {"int32": "uint8"},
    "tensorflow": {"int32": "uint8"},
    "tfjs": {"int32": "uint8"},
}


def foreign_artifact(
    path: Path, source: Source, reference: Contract, classes: tuple[str, ...]
) -> Artifact:
    """Describe the artifact at ``path``, a folder with a TF.js graph model or a file.

    Raises DlconvError when there is none, or it does not have one image as input and one output.
    """
    target, network = _network_at(path)
    entry = network.files[0]
    _refuse_missing(entry, network.missing)
    contract = _contract_of(target, network, reference)
    manifest = Manifest(
        target=target,
        precision=coarsest(network.stored_dtypes),
        converter=network.maker,
        source=source,
        contract=contract,
        classes=classes,
        versions={},
        same_function=contract.crop == reference.crop,
        files=tuple(map(file_entry, network.files)),
    )
    return Artifact(entry.parent / MANIFEST_NAME, manifest, entry)


def _network_at(path: Path) -> tuple[Target, Network]:
    entry = path / "model.json" if path.is_dir() else path
    old = None if entry.name == "model.json" and entry.is_file() else find_layout_2018(path)
    if old is not None:
        return "tfjs", read_tfjs_2018(old / GRAPH_NAME)
    if not entry.is_file():
        known = "model.json, tensorflowjs_model.pb, ONNX file or .tflite file"
        raise DlconvError(f"there is no {known} at {path}")
    if entry.suffix == ".pb":
        return "tensorflow", read_frozen_graph(entry)
    if entry.suffix == ".onnx":
        return "onnx", read_onnx(entry, with_weights=False)
    if entry.suffix == ".tflite":
        return "litert", read_tflite(entry, with_weights=False)
    return "tfjs", read_tfjs(entry, with_weights=False)


def _refuse_missing(entry: Path, names: Sequence[str]) -> None:
    refuse_elsewhere(names, str(entry))
    if names:
        raise DlconvError(f"{entry} names files that are missing: {', '.join(names)}")


def _contract_of(target: Target, network: Network, reference: Contract) -> Contract:
    """Return the contract of a network; what it does not show is that of the reference.

    Raises DlconvError when it does not have one photo as input and one output.
    """
    entry, found = network.files[0], network.contract
    if found is None and network.graph is not None:
        found = find_contract(network.graph)
    photo = _photo_input(entry, network.inputs, PIXELS[target])
    crop, crop_reason = reference.crop, "the reference's"
    if fixed := fixed_size(photo):
        crop, crop_reason = fixed, "the input's own size"
    elif found is not None and found.crop is not None:
        crop, crop_reason = found.crop, found.crop_reason
    return Contract(
        input=photo,
        output=_only(entry, "output", network.outputs),
        crop=crop,
        crop_reason=crop_reason,
        classes=reference.classes,
        classes_reason="the reference's",
    )


def _photo_input(
    entry: Path, inputs: Sequence[TensorSpec], as_pixels: Mapping[str, str]
) -> TensorSpec:
    spec = _only(entry, "input", inputs)
    dtype = as_pixels.get(spec.dtype, spec.dtype)
    is_photo = spec.shape is None or (len(spec.shape) == 4 and spec.shape[3] in (None, 3))
    if dtype not in ("uint8", "float32") or not is_photo:
        raise DlconvError(
            f"{entry} takes {spec.node}, {_named(dtype)} {spec.shape}, and not a photo "
            "[1, height, width, 3]"
        )
    return replace(spec, dtype=dtype)


def _named(dtype: str) -> str:
    try:
        return np.dtype(dtype).name
    except TypeError:
        return "of an unknown type"


def _only(entry: Path, kind: str, specs: Sequence[TensorSpec]) -> TensorSpec:
    if len(specs) != 1:
        names = ", ".join(spec.node for spec in specs[:8]) or "none"
        raise DlconvError(f"{entry} has {len(specs)} {kind}s, not one: {names}")
    return specs[0]
