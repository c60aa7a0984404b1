"""What a release says of itself: ``release.json``.

A release is a folder with artifacts of one model at one version, and the proof that they are right:
where the frozen graph came from, which bytes each file is, how it was made, and what ``dlconv
verify`` measured on exactly these bytes. The classes are its schema, version ``SCHEMA``, which
``dlconv schema release`` prints. Paths are relative to the release's folder, with ``/``. Apart from
what verify measured, nothing in it depends on the machine or the date.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from dlconv.artifacts.manifest import Address, StoredManifest
from dlconv.errors import DlconvError
from dlconv.storage.digests import Sha256
from dlconv.verify.document import RECORD, File, Result

SCHEMA: Literal[1] = 1
RELEASE_NAME = "release.json"
SUMS_NAME = "SHA256SUMS"
# Where OpenSSF model-signing looks for a signature.
SIGNATURE_NAME = "model.sig"
MOST_NAMED = 3


@dataclass(frozen=True, config=RECORD)
class Model:
    """The registry's entry: what the artifacts were made from."""

    name: str
    """The registry's name, or that of the graph's file."""
    url: Address | None
    """The address of the tarball."""
    tarball_digests: dict[str, str]
    """Hex digests of the tarball by algorithm."""
    graph_bytes: int
    """The size of the frozen graph."""
    graph_sha256: Sha256
    """SHA-256 of the frozen graph."""
    licence: str
    """Licence of the weights; an SPDX identifier where there is one."""
    dataset: str
    """What it was trained on, in words; empty if not known."""
    dataset_terms: str
    """What that data may be used for; empty if not known."""
    crop: tuple[int, int] | None
    """Height and width that the network was trained at."""
    classes: tuple[str, ...]
    """Names of the classes, by label."""
    colours: tuple[tuple[int, int, int], ...]
    """Colours of the classes, by label: red, green and blue, 0 to 255."""
    note: str
    """Other remarks of the registry."""


@dataclass(frozen=True, config=RECORD)
class Released:
    """One artifact of a release."""

    path: str
    """Its folder."""
    entry: str
    """The file that a runtime loads."""
    title: str
    """A title: target and precision."""
    command: str
    """The command that makes it."""
    manifest: StoredManifest
    """What its manifest says: contract, recipe, versions, files."""
    files: list[File]
    """All of its files, the manifest, too."""
    evidence: list[Result]
    """What was measured on these bytes, for each runtime."""


@dataclass(frozen=True, config=RECORD)
class Release:
    """A release."""

    schema: Literal[1]
    """The version of this schema."""
    name: str
    """Its name: by default the model's."""
    version: str
    """The version of the release."""
    content_sha256: Sha256
    """SHA-256 over the paths and digests of the artifacts' files: the same for the same bytes."""
    model: Model
    """What it was made from."""
    artifacts: list[Released]
    """The artifacts, in the order of their paths."""
    files: list[File]
    """The other files, except this one, SHA256SUMS and signatures."""
    packed_by: str = ""
    """The version of dlconv that packed it and worded its card; empty if not known."""


def content_digest(artifacts: Iterable[Released]) -> str:
    """Return the SHA-256 over the paths and digests of all files of artifacts."""
    lines = sorted(f"{file.sha256}  {file.path}\n" for each in artifacts for file in each.files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def listed_files(release: Release) -> list[File]:
    """Return all files that a release lists, those of its artifacts first."""
    return [*(file for each in release.artifacts for file in each.files), *release.files]


def is_inside(path: str) -> bool:
    """Tell whether a path, as a release writes it, is plain and stays in the release's folder."""
    parts = PurePosixPath(path).parts
    is_plain = path == "/".join(parts) and path.isprintable() and "\\" not in path
    return is_plain and bool(parts) and ".." not in parts and not path.startswith("/")


def is_name(text: str) -> bool:
    """Tell whether a text is a plain name of one file or folder."""
    return is_inside(text) and "/" not in text


def has_any(folder: Path, names: Iterable[str]) -> bool:
    """Return whether a folder has files of these names. Raises DlconvError for an invalid path."""
    try:
        return any((folder / name).is_file() for name in names)
    except OSError as error:
        raise DlconvError(f"cannot read {folder}: {error.strerror}") from error


def releases_in(folder: Path) -> list[Path]:
    """Return the releases that are in a folder, one level below it.

    A name that starts with a dot is that of an interrupted pack.
    """
    return sorted(path.parent for path in folder.glob(f"[!.]*/{RELEASE_NAME}"))


def no_release(folder: Path) -> DlconvError:
    """Return the error for a folder that is not a release; it names releases inside it."""
    found = [str(path) for path in releases_in(folder)]
    hint = "name the folder of a release, with its release.json, or make one: dlconv pack"
    if found:
        hint = f"name the folder of a release, such as {' or '.join(found[:MOST_NAMED])}"
    return DlconvError(f"there is no release at {folder}", hint)


def as_json(release: Release) -> bytes:
    """Return a release as it is stored."""
    data = TypeAdapter(Release).dump_python(release, mode="json")
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


def read_release(folder: Path) -> Release:
    """Read the release in a folder. Raises DlconvError without a release of this schema."""
    path = folder / RELEASE_NAME
    try:
        return parse_release(path.read_bytes(), str(path))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_release(folder) from error
    except OSError as error:
        raise DlconvError(
            f"cannot read {path}: {error.strerror}", "name the folder of a release: dlconv pack"
        ) from error


def parse_release(content: bytes, name: str) -> Release:
    """Read a release from the bytes of its ``release.json``. Raises DlconvError if invalid."""
    try:
        return TypeAdapter(Release).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DlconvError(
            f"{name} is not a release of this dlconv: {where}: {first['msg']}"
        ) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a release."""
    return TypeAdapter(Release).json_schema(mode="serialization")
