"""The manifest of an artifact: what it was made from, how, and which bytes it is.

An artifact is one converted model, a directory with a TF.js graph model or an ONNX file. Its
manifest, JSON beside it, names the frozen graph by digest, the contract, the recipe and versions of
the conversion, and every file with its size and SHA-256. It holds no time, no absolute path and
nothing of the machine, so that the same conversion gives the same bytes. Manifests of schema 1 are
read as well.
"""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from dlconv.addresses import complaint_about_secrets
from dlconv.artifacts.former_manifest import with_recipe
from dlconv.errors import DlconvError
from dlconv.formats.reads import complaint_about_reads
from dlconv.graph.contract import Contract
from dlconv.recipe import OWN_INTERFACE, Interface, Precision, Recipe
from dlconv.storage.digests import Sha256
from dlconv.storage.files import digest_of, with_a_name, write_atomically

MANIFEST_NAME = "manifest.json"
# The targets of dlconv, with the ending of the file that a runtime loads.
ENTRY_SUFFIXES = {"tfjs": "model.json", "onnx": ".onnx", "litert": ".tflite"}

# ``tensorflow`` is a frozen graph, which dlconv does not make: no stored manifest has it.
Target = Literal["tfjs", "onnx", "litert", "tensorflow"]


def _holds_no_secret(url: str) -> str:
    if complaint := complaint_about_secrets(url):
        raise ValueError(f"the address {complaint}, which may let somebody in")
    return url


Address = Annotated[str, AfterValidator(_holds_no_secret)]
FileName = Annotated[str, Field(pattern=r"^[^/\\\x00]+$")]


@dataclass(frozen=True)
class Source:
    """The frozen graph an artifact was made from, and the tarball it came in, if any.

    ``model`` is the registry's name, or a name taken from the path of a graph given as a file.
    """

    model: str
    graph_bytes: int
    graph_sha256: Sha256
    url: Address | None = None
    tarball_bytes: int | None = None
    tarball_sha256: Sha256 | None = None


@dataclass(frozen=True)
class FileEntry:
    """One file of an artifact; it lies beside the manifest."""

    path: FileName
    bytes: int
    sha256: Sha256


@dataclass(frozen=True)
class TensorEntry:
    """A quantized constant: its storage type, shape, minimum and maximum, and bytes.

    ``divergence`` (nats) and ``disagreement`` (share of labels, 0 to 1) are what rounding this one
    alone costs; None where that was not measured.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    minimum: float
    maximum: float
    bytes: int
    divergence: float | None = None
    disagreement: float | None = None


@dataclass(frozen=True)
class Images:
    """The images of quantization: ``photos`` or ``synthetic`` ones, and all pixels' SHA-256."""

    images: str
    count: int
    sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known about an artifact.

    ``recipe`` is how it was made, None for what no recipe makes: a model of 2018 (``upgraded``),
    and models that others made. ``calibration`` is set where quantization used images.
    ``same_function`` is false for an artifact of another resolution than the frozen graph's, whose
    labels need not be the frozen graph's. ``backends`` are those of TF.js that were measured to
    compute each of its operations as TensorFlow does, none where that is not known.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    schema: Literal[2] = 2
    target: Target
    precision: Precision
    converter: str
    source: Source
    contract: Contract
    classes: tuple[str, ...]
    recipe: Recipe | None = None
    upgraded: bool = False
    calibration: Images | None = None
    versions: Mapping[str, str]
    same_function: bool = True
    backends: tuple[str, ...] = ()
    tensors: tuple[TensorEntry, ...] = ()
    files: tuple[FileEntry, ...] = ()

    @property
    def interface(self) -> Interface:
        """The interface in the recipe; the frozen graph's own where there is no recipe."""
        return OWN_INTERFACE if self.recipe is None else self.recipe.interface

    @property
    def title(self) -> str:
        """A title for people: the target, the precision and what else is not the default."""
        if self.recipe is not None:
            return self.recipe.title
        return f"{self.target} {self.precision}{' upgraded' if self.upgraded else ''}"


def _complete(content: Any) -> Any:
    """Raise ValueError for a recipe that lacks a field, since defaults may change."""
    content = with_recipe(content)
    recipe = content.get("recipe") if isinstance(content, dict) else None
    if isinstance(recipe, dict):
        needed = {
            "converter": True,
            "opset": recipe.get("target") == "onnx",
            "floors": recipe.get("precision") == Precision.AUTO,
        }
        for name, is_needed in needed.items():
            if is_needed and recipe.get(name) is None:
                raise ValueError(f"recipe.{name}: is missing")
    return content


def _as_its_recipe(manifest: Manifest) -> Manifest:
    recipe = manifest.recipe
    if recipe is None:
        if not manifest.upgraded or manifest.precision is Precision.AUTO:
            raise ValueError("recipe: is missing")
        return manifest
    said = (manifest.target, manifest.precision, manifest.converter)
    if manifest.upgraded or said != (recipe.target, recipe.precision, recipe.converter):
        raise ValueError("recipe: is not of this target, precision or converter")
    return manifest


# Also reads schema 1.
StoredManifest = Annotated[Manifest, BeforeValidator(_complete), AfterValidator(_as_its_recipe)]
_STORED: TypeAdapter[Manifest] = TypeAdapter(StoredManifest)


@dataclass(frozen=True)
class Artifact:
    """A manifest, its path, and the artifact's entry: model.json, or the ONNX file.

    ``stand_in`` is a file that runtimes load in place of the entry, where they cannot load that.
    """

    manifest_path: Path
    manifest: Manifest
    entry: Path
    stand_in: Path | None = None

    @property
    def directory(self) -> Path:
        """The folder that the files' paths are relative to, with its name."""
        return with_a_name(self.manifest_path.parent)

    @property
    def runnable(self) -> Path:
        """The file that a runtime loads."""
        return self.stand_in or self.entry

    @property
    def bytes(self) -> int:
        """The size of all its files, without the manifest."""
        return sum(file.bytes for file in self.manifest.files)

    @property
    def all_files(self) -> tuple[FileEntry, ...]:
        """Its files and the manifest itself, where that is stored, by their paths."""
        stored = (file_entry(self.manifest_path),) if self.manifest_path.is_file() else ()
        return tuple(sorted((*self.manifest.files, *stored), key=lambda file: file.path))

    @property
    def title(self) -> str:
        """A title for people."""
        return self.manifest.title

    def as_data(self) -> dict[str, Any]:
        """Return what a script wants to know after a conversion."""
        return {
            "path": str(self.entry),
            "manifest": str(self.manifest_path),
            "bytes": self.bytes,
            **dataclasses.asdict(self.manifest),
        }

    def check_files(self) -> None:
        """Raise DlconvError unless the files are unchanged, and are those that the entry reads.

        A file that the entry reads and the manifest does not list would not be checked or packed.
        """
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
        self.check_reads()

    def check_reads(self) -> None:
        """Raise DlconvError unless the entry reads the files that the manifest lists, no others."""
        listed = [file.path for file in self.manifest.files]
        complaint = complaint_about_reads(self.entry, self.manifest.target, listed)
        if complaint is not None:
            raise DlconvError(f"{self.entry} {complaint}", "convert the model again")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a manifest."""
    return TypeAdapter(Manifest).json_schema(mode="serialization")


def file_entry(path: Path) -> FileEntry:
    """Return the entry for a file with its current content."""
    return FileEntry(path.name, path.stat().st_size, digest_of(path))


def coarsest(dtypes: Collection[str]) -> Precision:
    """Return the precision that weights of these element types have together."""
    order = (Precision.UINT8, Precision.INT8, Precision.FLOAT16, Precision.UINT16)
    return next((each for each in order if each.value in dtypes), Precision.FLOAT32)


def write_manifest(manifest: Manifest, directory: Path, target: Path) -> None:
    """Write ``manifest`` with the sizes and digests of all files of ``directory``.

    Raises DlconvError if the manifest would be invalid.
    """
    files = tuple(file_entry(file) for file in sorted(directory.iterdir()))
    stored = dataclasses.replace(manifest, files=files)
    try:
        content = _STORED.dump_json(stored, indent=2) + b"\n"
        _STORED.validate_json(content)
    except ValueError as error:
        raise DlconvError(f"{target} would be invalid: {_first_slip(error)}") from error
    write_atomically(target, content)


def read_artifact(path: Path) -> Artifact:
    """Read the artifact at ``path``: its directory, its ONNX file, its model.json or its manifest.

    Raises DlconvError when there is no manifest or it is not of this schema.
    """
    manifest_path = _manifest_path(path)
    try:
        manifest = _STORED.validate_json(manifest_path.read_bytes())
    except OSError as error:
        raise DlconvError(f"cannot read {manifest_path}: {error.strerror}") from error
    except ValidationError as error:
        raise _refusal(manifest_path, _first_slip(error)) from error
    entry = manifest_path.parent / _entry_name(manifest_path, manifest)
    return Artifact(manifest_path, manifest, entry)


def _first_slip(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    if not first["loc"] and first["type"] == "value_error":
        return str(first["ctx"]["error"])
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg']}"


def _entry_name(manifest_path: Path, manifest: Manifest) -> str:
    suffix = ENTRY_SUFFIXES.get(manifest.target)
    if suffix is None:
        raise _refusal(manifest_path, f"target: dlconv makes no {manifest.target} artifacts")
    name = next((file.path for file in manifest.files if file.path.endswith(suffix)), None)
    if name is None:
        raise _refusal(manifest_path, f"files: no {suffix} among them")
    return name


def _refusal(manifest_path: Path, reason: str) -> DlconvError:
    return DlconvError(
        f"{manifest_path} is not a manifest of this dlconv: {reason}", "convert the model again"
    )


def find_artifacts(root: Path) -> list[Artifact]:
    """Return the artifacts below ``root``, in order of their paths."""
    manifests = [
        path
        for path in sorted(root.rglob(f"*{MANIFEST_NAME}"))
        if _is_manifest(path)
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    return [read_artifact(path) for path in manifests]


def has_manifest(path: Path) -> bool:
    """Return whether a manifest lies where that of an artifact at ``path`` would."""
    return any(candidate.is_file() for candidate in _manifest_places(path))


def _is_manifest(path: Path) -> bool:
    """Tell by its name: the weights manifest of a TF.js model of 2018 has the same ending."""
    return f".{path.name}".endswith(f".{MANIFEST_NAME}")


def _manifest_path(path: Path) -> Path:
    if _is_manifest(path):
        return path
    if not path.exists():
        raise DlconvError(f"there is no artifact at {path}")
    for candidate in _manifest_places(path):
        if candidate.is_file():
            return candidate
    raise DlconvError(
        f"{path} has no {MANIFEST_NAME}, so there is nothing to check it against",
        "name the frozen graph as the reference",
        code="no-manifest",
    )


def _manifest_places(path: Path) -> list[Path]:
    path = with_a_name(path)
    if _is_manifest(path):
        return [path]
    beside = [path.with_name(f"{path.name}.{MANIFEST_NAME}")]
    if path.name.endswith(tuple(ENTRY_SUFFIXES.values())):
        beside.append(path.with_name(MANIFEST_NAME))
    return [path / MANIFEST_NAME, *beside] if path.is_dir() else beside
