"""Trust on first use: the lock file.

For most zoo models nobody publishes a strong digest. The first fetch of such a model records the
sizes and SHA-256 of its tarball and its frozen graph in the lock file; every later fetch, here or
wherever the file is copied to, must yield the same. The file is TOML, sorted, and made to be kept
under version control. dlconv never replaces an entry; a person may remove it. Nothing is written
that could not be read again.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import tomli_w
from pydantic import Field

from dlconv.addresses import shown
from dlconv.errors import DlconvError
from dlconv.storage.digests import BadContent, Sha256, Size
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import write_atomically
from dlconv.storage.locked import locked
from dlconv.storage.toml import Table, parse_toml, read_toml

PREAMBLE = "# What dlconv saw when it first fetched these models; later fetches must be the same.\n"


@dataclass(frozen=True)
class LockEntry:
    """What a model was when it was first fetched: sizes in bytes, SHA-256 as hex."""

    url: str
    tarball_bytes: Size
    tarball_sha256: Sha256
    graph_bytes: Size
    graph_sha256: Sha256


class LockFile(Table):
    """All that a lock file may hold."""

    models: dict[str, LockEntry] = Field(default_factory=dict)


def default_lock_path() -> Path:
    """Return $DLCONV_LOCK, or ``dlconv.lock`` in the user's data folder of the system."""
    if chosen := os.environ.get("DLCONV_LOCK"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("dlconv", appauthor=False)) / "dlconv.lock"


def read_lock(path: Path) -> dict[str, LockEntry]:
    """Return the entries of a lock file by model name; an absent file has none.

    Raises DlconvError if the file is not a lock file.
    """
    return read_toml(path, LockFile).models if path.exists() else {}


def check_or_record(path: Path, name: str, entry: LockEntry) -> bool:
    """Compare a fetched model with its entry in the lock file, or add the entry if there is none.

    Returns whether it was added. Raises BadContent if the model differs from its entry, or cannot
    be an entry.
    """
    path = path.resolve()
    if _is_recorded(path, name, entry):
        return False
    with disk_trouble(path), locked(path):
        if _is_recorded(path, name, entry):
            return False
        write_atomically(path, _checked({**read_lock(path), name: entry}, name))
        return True


def _is_recorded(path: Path, name: str, entry: LockEntry) -> bool:
    """Tell whether a model has an entry. Raises BadContent if it differs from it."""
    entries = read_lock(path)
    if name in entries:
        _compare(path, name, entries[name], entry)
    return name in entries


def _compare(path: Path, name: str, known: LockEntry, entry: LockEntry) -> None:
    for field in ("tarball_sha256", "tarball_bytes", "graph_sha256", "graph_bytes"):
        expected, got = getattr(known, field), getattr(entry, field)
        if expected != got:
            what, _, unit = field.partition("_")
            table = tomli_w.dumps({"models": {name: {}}}).strip()
            raise BadContent(
                f"{name}: the {what} is not the one first fetched: {unit} expected {expected}, "
                f"got {got} (lock file {path})",
                f"fetch it again by force; if the change is meant, remove {table} from {path}",
                code="not-the-first",
                entry=table,
                lock=path,
            )


def _checked(entries: Mapping[str, LockEntry], name: str) -> bytes:
    """Return the content of a lock file with these entries, checked by reading it again."""
    try:
        content = _written(entries).encode()
        parse_toml(content.decode(), LockFile, name="the lock file")
    except (DlconvError, ValueError) as error:
        reason = error.message if isinstance(error, DlconvError) else str(error)
        raise BadContent(f"{name} cannot be recorded: {reason}") from error
    return content


def _written(entries: Mapping[str, LockEntry]) -> str:
    tables = {
        name: {**asdict(entry), "url": shown(entry.url)} for name, entry in sorted(entries.items())
    }
    return f"{PREAMBLE}\n{tomli_w.dumps({'models': tables})}"
