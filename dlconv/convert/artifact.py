"""Making an artifact: a frozen graph goes in, a directory or a file with its manifest comes out.

This is the one place that knows all converters. Each takes the graph, its contract and what it
may choose, and writes files; the manifest and the atomic move into place are done here, so that a
run that dies leaves the old artifact or the new one.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import dlconv
from dlconv.artifacts.manifest import (
    MANIFEST_NAME,
    Artifact,
    Manifest,
    Source,
    read_artifact,
    write_manifest,
)
from dlconv.convert.fuse import fuse_convolutions
from dlconv.convert.interface import OWN_INTERFACE, Interface, prepared
from dlconv.convert.onnx import DEFAULT_OPSET, write_onnx
from dlconv.convert.peer import write_with_tensorflowjs
from dlconv.convert.precision import Precision
from dlconv.convert.tfjs import quantizable_weights, write_graph_model
from dlconv.disk import disk_trouble
from dlconv.errors import UsageError
from dlconv.files import new_directory
from dlconv.inspect.contract import Contract
from dlconv.inspect.graph import Graph

TfjsWriter = Callable[[Graph, Contract, Mapping[str, Precision], Path], None]

# Each writer, and the libraries whose versions its artifacts depend on.
TFJS_CONVERTERS: Mapping[str, tuple[TfjsWriter, tuple[str, ...]]] = {
    "dlconv": (write_graph_model, ("numpy", "protobuf", "tensorboard")),
    "tensorflowjs": (write_with_tensorflowjs, ("tensorflow", "tensorflowjs")),
}


@dataclass(frozen=True)
class FrozenGraph:
    """What is converted: a frozen graph on disk, where it came from, and its class names."""

    path: Path
    source: Source
    classes: tuple[str, ...] = ()


def make_tfjs(
    frozen: FrozenGraph,
    directory: Path,
    precision: Precision,
    converter: str = "dlconv",
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
) -> Artifact:
    """Convert to a TF.js graph model in ``directory``, which is replaced if it is an artifact.

    ``rewriting`` gives the graph its interface and makes it faster first; the official converter
    always gets it as it is.
    Raises UsageError for an unknown converter or a directory that holds something else,
    DlconvError when the graph cannot be converted.
    """
    if converter not in TFJS_CONVERTERS:
        raise UsageError(f"--converter takes {' or '.join(TFJS_CONVERTERS)}, not {converter!r}")
    write, parts = TFJS_CONVERTERS[converter]
    rewriting = rewriting and converter == "dlconv"
    keep_factors = precision is not Precision.FLOAT32
    ready = prepared(frozen.path, interface, rewriting, keep_factors, fuse_convolutions)
    graph, contract = ready.graph, ready.contract
    precisions = dict.fromkeys(quantizable_weights(graph, contract), precision)
    with _artifact_directory(directory) as work:
        write(graph, contract, precisions, work)
        manifest = Manifest(
            target="tfjs",
            precision=precision.value,
            converter=converter,
            source=frozen.source,
            contract=contract,
            classes=frozen.classes,
            options={"quantize": precision.value, "rewrite": rewriting, **asdict(interface)},
            same_function=ready.is_same_function,
            versions=_versions(*parts),
        )
        write_manifest(manifest, work, work / MANIFEST_NAME)
    return read_artifact(directory)


def make_onnx(
    frozen: FrozenGraph,
    directory: Path,
    opset: int = DEFAULT_OPSET,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
) -> Artifact:
    """Convert to ``model.onnx`` in ``directory``, which is replaced if it is an artifact.

    Raises UsageError for an opset out of range or a directory that holds something else,
    DlconvError when the graph cannot be converted.
    """
    with _artifact_directory(directory) as work:
        manifest = _write_onnx(frozen, work / "model.onnx", opset, interface, rewriting)
        write_manifest(manifest, work, work / MANIFEST_NAME)
    return read_artifact(directory)


def make_onnx_file(
    frozen: FrozenGraph,
    path: Path,
    opset: int = DEFAULT_OPSET,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
) -> Artifact:
    """Convert to an ONNX file at ``path``, with its manifest in ``<path>.manifest.json``.

    Raises UsageError for a path that does not end in ``.onnx``, and what ``make_onnx`` raises.
    """
    if path.suffix != ".onnx":
        raise UsageError(
            f"-o takes the name of a file that ends in .onnx, not {path}",
            f"-o {path}.onnx or -o {path / 'model.onnx'}",
        )
    manifest_path = path.with_name(f"{path.name}.{MANIFEST_NAME}")
    with disk_trouble(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as name:
            work = Path(name)
            manifest = _write_onnx(frozen, work / path.name, opset, interface, rewriting)
            write_manifest(manifest, work, work / MANIFEST_NAME)
            (work / path.name).replace(path)
            (work / MANIFEST_NAME).replace(manifest_path)
    return read_artifact(manifest_path)


def _write_onnx(
    frozen: FrozenGraph, path: Path, opset: int, interface: Interface, rewriting: bool
) -> Manifest:
    ready = prepared(frozen.path, interface, rewriting)
    write_onnx(ready.graph, ready.contract, path, opset)
    return Manifest(
        target="onnx",
        precision=Precision.FLOAT32.value,
        converter="tf2onnx",
        source=frozen.source,
        contract=ready.contract,
        classes=frozen.classes,
        options={"opset": opset, "rewrite": rewriting, **asdict(interface)},
        same_function=ready.is_same_function,
        versions=_versions("onnx", "tensorflow", "tf2onnx"),
    )


def _versions(*libraries: str) -> dict[str, str]:
    return {"dlconv": dlconv.__version__, **{name: version(name) for name in libraries}}


@contextmanager
def _artifact_directory(target: Path) -> Iterator[Path]:
    """Yield a new directory that replaces ``target``, unless that holds something of its own."""
    if target.exists() and not (target.is_dir() and _is_ours(target)):
        raise UsageError(
            f"{target} is there already and is not an artifact of dlconv",
            "name another place with -o",
        )
    with disk_trouble(target), new_directory(target) as work:
        yield work


def _is_ours(directory: Path) -> bool:
    return not any(directory.iterdir()) or (directory / MANIFEST_NAME).is_file()
