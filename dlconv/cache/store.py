"""The store: where fetched models and frozen graphs are.

Everything stands below one folder, the cache. A frozen graph is named by its own SHA-256, so that
equal graphs are one file and a damaged one is noticed: no function here returns the path of a graph
without having read it and compared its digest. A record says which graph a model's name stands for;
a record that is absent, unreadable or without its graph counts as a model that was never fetched.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ValidationError

from dlconv.addresses import shown
from dlconv.errors import DlconvError
from dlconv.storage.digests import Digests, Measured, Size, is_hex_digest
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import digest_of, new_file, write_atomically


@dataclass(frozen=True)
class FetchedModel:
    """A model whose frozen graph is in the cache.

    ``url`` is the registry's, also if the bytes came from a mirror. ``tarball`` and ``graph`` hold
    sizes in bytes and every digest that was computed, SHA-256 among them.
    """

    name: str
    url: str
    tarball: Measured
    graph: Measured

    @property
    def graph_path(self) -> Path:
        """Where the frozen graph is."""
        return _graph_path(self.graph.sha256)


def _with_sha256(digests: dict[str, str]) -> dict[str, str]:
    if "sha256" not in digests:
        raise ValueError("sha256 is missing")
    return digests


class _File(BaseModel, extra="forbid"):
    bytes: Size
    digests: Annotated[Digests, AfterValidator(_with_sha256)]

    def measured(self) -> Measured:
        return Measured(self.bytes, self.digests)


class _Record(BaseModel, extra="forbid"):
    format: Literal[1]
    name: str
    url: str
    tarball: _File
    graph: _File


def cache_root() -> Path:
    """Return the cache's folder: $DLCONV_CACHE, or the user's cache folder of the system."""
    if chosen := os.environ.get("DLCONV_CACHE"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("dlconv", appauthor=False))


def downloads_folder() -> Path:
    """Return the folder where downloads stand until they are unpacked."""
    return cache_root() / "downloads"


def graph_for(name: str) -> FetchedModel | None:
    """Return a fetched model by name after reading its graph, or None if it is not there intact."""
    fetched = read_record(name)
    return fetched if fetched and find_graph(fetched.graph.sha256) else None


def last_fetched() -> FetchedModel | None:
    """Return the model that was fetched last, or None if there is none or it is gone."""
    try:
        name = (cache_root() / "last").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return graph_for(name) if name else None


def find_graph(sha256: str) -> Path | None:
    """Return the path of the graph with a SHA-256 after reading it, or None."""
    if not is_hex_digest("sha256", sha256):
        return None
    path = _graph_path(sha256)
    try:
        return path if digest_of(path) == sha256 else None
    except OSError:
        return None


def add_graph(path: Path) -> str:
    """Copy a frozen graph of the user's into the cache and return its SHA-256.

    Raises DlconvError if it cannot be read, or changes meanwhile, or the disk is full.
    """
    try:
        size, sha256 = path.stat().st_size, digest_of(path)
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror or error}") from error
    if find_graph(sha256):
        return sha256
    target = _graph_path(sha256)
    with disk_trouble(target, size), path.open("rb") as file, new_file(target) as copy:
        shutil.copyfileobj(file, copy)
    if find_graph(sha256) is None:
        target.unlink(missing_ok=True)
        raise DlconvError(f"{path} changed while it was read", "try again when it is complete")
    return sha256


def keep_graph(content: bytes) -> str:
    """Write the bytes of a frozen graph into the cache and return their SHA-256.

    Raises DlconvError if the disk is full.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    target = _graph_path(sha256)
    with disk_trouble(target, len(content)):
        write_atomically(target, content)
    return sha256


def adopt_graph(path: Path, sha256: str) -> None:
    """Move a file of the cache to its place among the graphs."""
    target = _graph_path(sha256)
    with disk_trouble(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def read_record(name: str) -> FetchedModel | None:
    """Return the record of a model, or None if it is absent or unreadable."""
    try:
        record = _Record.model_validate_json(_record_path(name).read_bytes())
    except (OSError, ValidationError):
        return None
    if record.name != name:
        return None
    return FetchedModel(name, record.url, record.tarball.measured(), record.graph.measured())


def write_record(fetched: FetchedModel) -> None:
    """Record a fetched model. Raises DlconvError if the record would be invalid."""
    content = {
        "format": 1,
        "name": fetched.name,
        "url": shown(fetched.url),
        "tarball": {"bytes": fetched.tarball.size, "digests": dict(fetched.tarball.digests)},
        "graph": {"bytes": fetched.graph.size, "digests": dict(fetched.graph.digests)},
    }
    path, written = _record_path(fetched.name), json.dumps(content, indent=2, sort_keys=True)
    try:
        _Record.model_validate_json(written)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        reason = f"{where}: {error.errors()[0]['msg']}"
        raise DlconvError(f"{fetched.name} cannot be recorded: {reason}") from error
    with disk_trouble(path):
        write_atomically(path, f"{written}\n".encode())


def set_last(name: str) -> None:
    """Remember a model as the one fetched last."""
    path = cache_root() / "last"
    with disk_trouble(path):
        write_atomically(path, f"{name}\n".encode())


def _graph_path(sha256: str) -> Path:
    return cache_root() / "graphs" / f"{sha256}.pb"


def _record_path(name: str) -> Path:
    return cache_root() / "models" / f"{name}.json"
