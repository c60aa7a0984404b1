"""The manifest of an artifact: what it was made from, how, and which bytes it is.

An artifact is one converted model, a directory with a TF.js graph model or an ONNX file. Its
manifest, JSON beside it, names the frozen graph by digest, the contract, the options and versions
of the conversion, and every file with its size and SHA-256. It holds no time, no absolute path and
nothing of the machine, so that the same conversion gives the same bytes.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlconv.errors import DlconvError
from dlconv.files import digest_of, write_atomically
from dlconv.inspect.contract import Contract, TensorSpec

SCHEMA = 1
TARGETS = {"tfjs": "model.json", "onnx": ".onnx"}
PRECISIONS = ("float32", "float16", "uint16", "uint8")
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True)
class Source:
    """The frozen graph an artifact was made from, and the tarball it came in, if any.

    ``model`` is the registry's name, or a name taken from the path of a graph given as a file.
    """

    model: str
    graph_bytes: int
    graph_sha256: str
    url: str | None = None
    tarball_bytes: int | None = None
    tarball_sha256: str | None = None


@dataclass(frozen=True)
class FileEntry:
    """One file of an artifact, by its path relative to the manifest."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """All that is said about an artifact."""

    target: str
    precision: str
    converter: str
    source: Source
    contract: Contract
    classes: tuple[str, ...]
    options: Mapping[str, Any]
    versions: Mapping[str, str]
    files: tuple[FileEntry, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """A manifest and where it lies."""

    manifest_path: Path
    manifest: Manifest

    @property
    def directory(self) -> Path:
        """Where the files' paths start from."""
        return self.manifest_path.parent

    @property
    def entry(self) -> Path:
        """The file that a runtime is pointed at: model.json or the ONNX file."""
        suffix = {"tfjs": "model.json", "onnx": ".onnx"}[self.manifest.target]
        return next(
            self.directory / file.path for file in self.manifest.files if file.path.endswith(suffix)
        )

    @property
    def bytes(self) -> int:
        """The size of all its files, without the manifest."""
        return sum(file.bytes for file in self.manifest.files)

    @property
    def title(self) -> str:
        """Its model, target and precision, as a person would call it."""
        made_by = "" if self.manifest.converter in ("dlconv", "tf2onnx") else " (tensorflowjs)"
        return f"{self.manifest.target} {self.manifest.precision}{made_by}"

    def as_data(self) -> dict[str, Any]:
        """Return what a script wants to know after a conversion."""
        return {
            "path": str(self.entry),
            "manifest": str(self.manifest_path),
            "bytes": self.bytes,
            **dataclasses.asdict(self.manifest),
        }

    def check_files(self) -> None:
        """Raise DlconvError when a file is missing or not the one the manifest names."""
        for file in self.manifest.files:
            path = self.directory / file.path
            if not path.is_file():
                raise DlconvError(f"{path} is missing", "convert the model again")
            found = digest_of(path)
            if found != file.sha256:
                raise DlconvError(
                    f"{path} is not the file that was made: SHA-256 {found}, "
                    f"the manifest says {file.sha256}",
                    "convert the model again",
                )


def write_manifest(manifest: Manifest, directory: Path, target: Path) -> None:
    """Write ``manifest`` with the sizes and digests of all files of ``directory``."""
    files = tuple(
        FileEntry(file.name, file.stat().st_size, digest_of(file))
        for file in sorted(directory.iterdir())
    )
    content = {"schema": SCHEMA, **dataclasses.asdict(dataclasses.replace(manifest, files=files))}
    write_atomically(target, (json.dumps(content, indent=2) + "\n").encode())


def read_artifact(path: Path) -> Artifact:
    """Read the artifact at ``path``: its directory, its ONNX file, its model.json or its manifest.

    Raises DlconvError when there is no manifest or it cannot be read.
    """
    manifest_path = _manifest_path(path)
    try:
        content = json.loads(manifest_path.read_text(encoding="utf-8"))
        if content.pop("schema") != SCHEMA:
            raise DlconvError(f"{manifest_path} has a schema that this dlconv does not know")
        return Artifact(manifest_path, _parse(content))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DlconvError(f"{manifest_path} is not a manifest of dlconv: {error!r}") from error


def find_artifacts(root: Path) -> list[Artifact]:
    """Return the artifacts below ``root``, in order of their paths."""
    manifests = [
        path
        for path in sorted(root.rglob(f"*{MANIFEST_NAME}"))
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    return [read_artifact(path) for path in manifests]


def _manifest_path(path: Path) -> Path:
    if path.name.endswith(MANIFEST_NAME):
        return path
    candidates = [
        path / MANIFEST_NAME,
        path.with_name(f"{path.name}.{MANIFEST_NAME}"),
        path.with_name(MANIFEST_NAME),
    ]
    if not path.exists():
        raise DlconvError(f"there is no artifact at {path}")
    for candidate in candidates if path.is_dir() else candidates[1:]:
        if candidate.is_file():
            return candidate
    raise DlconvError(
        f"{path} has no {MANIFEST_NAME}, so there is nothing to check it against",
        "dlconv tfjs and dlconv onnx write one",
    )


def _entry_name(manifest: Manifest) -> str:
    ending = TARGETS[manifest.target]
    return next(file.path for file in manifest.files if file.path.endswith(ending))


def _parse(content: dict[str, Any]) -> Manifest:
    manifest = _build(content)
    names = [file.path for file in manifest.files]
    if manifest.precision not in PRECISIONS or any(Path(name).name != name for name in names):
        raise ValueError("a precision or a file name that cannot be")
    if not any(name.endswith(TARGETS[manifest.target]) for name in names):
        raise ValueError(f"no {TARGETS[manifest.target]} among the files")
    return manifest


def _build(content: dict[str, Any]) -> Manifest:
    contract = dict(content["contract"])
    contract["input"] = _tensor(contract["input"])
    contract["output"] = _tensor(contract["output"])
    contract["crop"] = tuple(contract["crop"]) if contract["crop"] else None
    return Manifest(
        **{
            **content,
            "source": Source(**content["source"]),
            "contract": Contract(**contract),
            "classes": tuple(content["classes"]),
            "files": tuple(FileEntry(**file) for file in content["files"]),
        }
    )


def _tensor(content: dict[str, Any]) -> TensorSpec:
    shape = content["shape"]
    return TensorSpec(**{**content, "shape": None if shape is None else tuple(shape)})
