"""Making an artifact: a frozen graph goes in, a directory or a file with its manifest comes out.

This is the one place that knows all converters. Each takes the graph, its contract and what it
may choose, and writes files; the manifest and the atomic move into place are done here, so that a
run that dies leaves the old artifact or the new one.
"""

import dataclasses
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlconv
from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import (
    MANIFEST_NAME,
    Artifact,
    Manifest,
    Source,
    coarsest,
    read_artifact,
    write_manifest,
)
from dlconv.convert.interface import OWN_INTERFACE, Interface, Prepared, prepared
from dlconv.convert.precision import Precision, Stored
from dlconv.convert.quantize.apply import Learned, round_layers
from dlconv.convert.quantize.explain import StoredTensor, tensor_entries
from dlconv.convert.quantize.onnx_storage import (
    OLDEST_OPSET_FOR_CODES,
    ONNX_TARGET,
    store_codes,
    store_halves,
    with_rounded,
)
from dlconv.convert.quantize.scheme import NOT_QUANTIZED, Quantization, Scheme
from dlconv.convert.quantize.static import quantize_activations, static_target
from dlconv.convert.quantize.storage import Weights, store_layers, store_nearest, tfjs_target
from dlconv.convert.targets.onnx import DEFAULT_OPSET, check_opset, to_onnx, write_model
from dlconv.convert.targets.tensorflowjs import write_with_tensorflowjs
from dlconv.convert.targets.tfjs.lower import lower
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.convert.targets.upgrade import write_upgraded
from dlconv.errors import UsageError
from dlconv.formats.layout_2018 import Layout2018
from dlconv.formats.tfjs_weights import stored_floats
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.progress import StepProgress, no_progress
from dlconv.storage.disk import disk_trouble, no_folder_left
from dlconv.storage.files import new_directory

if TYPE_CHECKING:
    from onnx import ModelProto

# Who can write TF.js graph models, and the libraries whose versions the bytes depend on.
TFJS_CONVERTERS: Mapping[str, tuple[str, ...]] = {
    "dlconv": ("numpy", "protobuf", "tensorboard"),
    "tensorflowjs": ("tensorflow", "tensorflowjs"),
}
# Schemes that the official converter has, too; its only 8-bit one is the plain one.
PEER_SCHEMES = frozenset(
    {Scheme.FLOAT32, Scheme.UINT8, Scheme.PLAIN, Scheme.UINT16, Scheme.FLOAT16}
)

# What the files of an artifact are called, also those of the official converter and of 2018.
FILE_NAME = re.compile(r"(manifest|model)\.json|model\.onnx|[\w-]+\.bin|group\d+-shard\d+of\d+")


@dataclass(frozen=True)
class Made:
    """An artifact, and what quantizing it taught, if that looked at images."""

    artifact: Artifact
    learned: Learned | None = None


def make_tfjs(
    frozen: FrozenGraph,
    directory: Path,
    quantization: Quantization = NOT_QUANTIZED,
    converter: str = "dlconv",
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    progress: StepProgress = no_progress,
) -> Made:
    """Convert to a TF.js graph model in ``directory``, which is replaced if it is an artifact.

    ``rewriting`` gives the graph its interface and makes it faster first; the official converter
    always gets it as it is.
    Raises UsageError for an unknown converter or a directory that holds something else,
    DlconvError when the graph cannot be converted or quantized.
    """
    if converter not in TFJS_CONVERTERS:
        raise UsageError(f"--converter takes {' or '.join(TFJS_CONVERTERS)}, not {converter!r}")
    is_peer = converter == "tensorflowjs"
    if is_peer and (quantization.per_channel or quantization.scheme not in PEER_SCHEMES):
        raise UsageError("the official converter quantizes to 1, 2 or f16 only, per tensor")
    rewriting = rewriting and not is_peer
    with _artifact_directory(directory) as work:
        if is_peer:
            ready = prepared(frozen.path, interface, rewriting)
            precision = Precision(quantization.scheme.precision)
            write_with_tensorflowjs(ready.graph, ready.contract, precision, work)
            stored: Mapping[str, Stored] = {}
            learned = None
        else:
            ready, weights, learned = _weights(
                frozen.path, interface, rewriting, quantization, progress
            )
            write_graph_model(weights.graph, ready.contract, weights.stored, work, weights.at_load)
            stored = weights.stored
        is_calibrated = quantization.scheme.is_calibrated
        per_channel = {"per_channel": quantization.per_channel} if is_calibrated else {}
        manifest = Manifest(
            target="tfjs",
            precision=quantization.scheme.precision,
            converter=converter,
            source=frozen.source,
            contract=ready.contract,
            classes=frozen.classes,
            options={
                **_quantization_options(quantization, learned),
                **per_channel,
                "rewrite": rewriting,
                **asdict(interface),
            },
            same_function=ready.is_same_function,
            versions=_versions(*TFJS_CONVERTERS[converter]),
            tensors=tensor_entries(stored, learned),
        )
        write_manifest(manifest, work, work / MANIFEST_NAME)
    return Made(read_artifact(directory), learned)


def _weights(
    path: Path,
    interface: Interface,
    rewriting: bool,
    quantization: Quantization,
    progress: StepProgress,
) -> tuple[Prepared, Weights, Learned | None]:
    """Return a graph as it is and as the TF.js writer takes it: fused, with stored weights."""
    if quantization.scheme is Scheme.FLOAT32:
        ready = prepared(path, interface, rewriting, lower)
        return ready, Weights(ready.graph, {}), None
    ready = prepared(path, interface, rewriting)
    learned = None
    if quantization.scheme.is_calibrated:
        target = tfjs_target(quantization.per_channel)
        learned = round_layers(ready.graph, ready.contract, quantization, target, progress)
        weights = store_layers(ready.graph, learned.rounded)
    else:
        weights = store_nearest(ready.graph, quantization.scheme)
    return ready, dataclasses.replace(weights, graph=lower(weights.graph).graph), learned


def _quantization_options(quantization: Quantization, learned: Learned | None) -> dict[str, Any]:
    options: dict[str, Any] = {"quantize": quantization.scheme.value}
    if learned is not None:
        options["calibration"] = learned.calibration.as_data()
    if quantization.scheme is Scheme.AUTO:
        options["floors"] = asdict(quantization.floors)
    return options


def make_onnx(
    frozen: FrozenGraph,
    directory: Path,
    quantization: Quantization = NOT_QUANTIZED,
    opset: int = DEFAULT_OPSET,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    progress: StepProgress = no_progress,
) -> Made:
    """Convert to ``model.onnx`` in ``directory``, which is replaced if it is an artifact.

    Raises UsageError for an opset out of range or a directory that holds something else,
    DlconvError when the graph cannot be converted or quantized.
    """
    with _artifact_directory(directory) as work:
        path = work / "model.onnx"
        manifest, learned = _write_onnx(
            frozen, path, quantization, opset, interface, rewriting, progress
        )
        write_manifest(manifest, work, work / MANIFEST_NAME)
    return Made(read_artifact(directory), learned)


def make_onnx_file(
    frozen: FrozenGraph,
    path: Path,
    quantization: Quantization = NOT_QUANTIZED,
    opset: int = DEFAULT_OPSET,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    progress: StepProgress = no_progress,
) -> Made:
    """Convert to an ONNX file at ``path``, with its manifest in ``<path>.manifest.json``.

    Raises UsageError for a path that does not end in ``.onnx``, and what ``make_onnx`` raises.
    """
    if path.suffix != ".onnx":
        raise UsageError(
            f"-o takes the name of a file that ends in .onnx, not {path}",
            f"-o {path}.onnx or -o {path / 'model.onnx'}",
        )
    if not path.name.isprintable() or "\\" in path.name:
        raise UsageError(f"-o takes a name that a manifest can hold, not {path.name!r}")
    manifest_path = path.with_name(f"{path.name}.{MANIFEST_NAME}")
    with disk_trouble(path), no_folder_left(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as name:
            work = Path(name)
            manifest, learned = _write_onnx(
                frozen, work / path.name, quantization, opset, interface, rewriting, progress
            )
            write_manifest(manifest, work, work / MANIFEST_NAME)
            (work / path.name).replace(path)
            (work / MANIFEST_NAME).replace(manifest_path)
    return Made(read_artifact(manifest_path), learned)


def _write_onnx(
    frozen: FrozenGraph,
    path: Path,
    quantization: Quantization,
    opset: int,
    interface: Interface,
    rewriting: bool,
    progress: StepProgress,
) -> tuple[Manifest, Learned | None]:
    if quantization.scheme.is_calibrated:
        check_opset(opset, OLDEST_OPSET_FOR_CODES)
    ready = prepared(frozen.path, interface, rewriting)
    model, stored, learned = _onnx_model(ready, quantization, opset, progress)
    write_model(model, path)
    options = {} if quantization == NOT_QUANTIZED else _quantization_options(quantization, learned)
    libraries = ["onnx", "tensorflow", "tf2onnx"]
    if quantization.scheme is Scheme.STATIC:
        libraries.append("onnxruntime")
    manifest = Manifest(
        target="onnx",
        precision=quantization.scheme.precision,
        converter="tf2onnx",
        source=frozen.source,
        contract=ready.contract,
        classes=frozen.classes,
        options={"opset": opset, **options, "rewrite": rewriting, **asdict(interface)},
        same_function=ready.is_same_function,
        versions=_versions(*libraries),
        tensors=tensor_entries(stored, learned),
    )
    return manifest, learned


def make_upgraded(old: Layout2018, source: Source, directory: Path) -> Artifact:
    """Write a graph model of 2018 as TF.js of today loads it, its shards unchanged.

    ``source`` is the frozen graph that it is to be compared with; a ``directory`` that is an
    artifact is replaced. Raises UsageError for one that holds something else, DlconvError for a
    graph without one input and one output, or with ops that TF.js does not have.
    """
    graph = Graph(old.graph_def)
    contract = find_contract(graph)
    with _artifact_directory(directory) as work:
        write_upgraded(old, graph, contract, work)
        manifest = Manifest(
            target="tfjs",
            precision=coarsest(stored_floats(old.groups)),
            converter="dlconv",
            source=source,
            contract=contract,
            classes=(),
            options={"upgraded": True},
            versions=_versions(*TFJS_CONVERTERS["dlconv"]),
        )
        write_manifest(manifest, work, work / MANIFEST_NAME)
    return read_artifact(directory)


def _onnx_model(
    ready: Prepared, quantization: Quantization, opset: int, progress: StepProgress
) -> "tuple[ModelProto, Mapping[str, StoredTensor], Learned | None]":
    """Return a model, its quantized kernels by name, and what quantizing them taught."""
    graph, contract = ready.graph, ready.contract
    if not quantization.scheme.is_calibrated:
        model = to_onnx(graph, contract, opset)
        return model, store_halves(model) if quantization.scheme is Scheme.FLOAT16 else {}, None
    is_static = quantization.scheme is Scheme.STATIC
    target = static_target(graph) if is_static else ONNX_TARGET
    learned = round_layers(graph, contract, quantization, target, progress)
    model = to_onnx(with_rounded(graph, learned.rounded), contract, opset)
    stored = store_codes(model, learned.rounded)
    if is_static:
        model = quantize_activations(model, learned.calibration.images, progress)
    return model, stored, learned


def _versions(*libraries: str) -> dict[str, str]:
    return {"dlconv": dlconv.__version__, **{name: version(name) for name in libraries}}


@contextmanager
def _artifact_directory(target: Path) -> Iterator[Path]:
    """Yield a new directory that replaces ``target``, unless that holds something of its own."""
    with (
        disk_trouble(target),
        no_folder_left(target),
        new_directory(target, _refuse_others) as work,
    ):
        yield work


def _refuse_others(target: Path) -> None:
    if not (target.is_dir() and _is_ours(target)):
        raise UsageError(
            f"{target} is there already and is not an artifact of dlconv alone",
            "name another place with -o",
        )


def _is_ours(directory: Path) -> bool:
    """Tell whether a directory is empty, or an artifact, also a damaged one, and no more."""
    names = {path.name for path in directory.iterdir()}
    return not names or (MANIFEST_NAME in names and all(map(FILE_NAME.fullmatch, names)))
