"""The checked photos of a verification on disk, so that an interrupted one can continue.

Each checked photo is stored, without its pictures, under a digest of all that its result depends
on: the artifact's manifest, the runtime with its versions, and dlconv's version. Each row is sealed
under the names of the job and the photo; rows whose seal does not match are ignored. A job whose
photos are all checked is deleted when the whole verification ends.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import dlconv
from dlconv.artifacts.manifest import Manifest
from dlconv.errors import DlconvError
from dlconv.storage.disk import disk_trouble
from dlconv.storage.sealed import sealed, unsealed
from dlconv.verify.check import Job
from dlconv.verify.photos import Photo, read_digest
from dlconv.verify.result import PhotoResult

# Rows of interrupted verifications are deleted after so many days.
KEPT_DAYS = 30
LOCKED_SECONDS = 30

_ROW = TypeAdapter(PhotoResult)
_TABLE = """
CREATE TABLE IF NOT EXISTS photos (
    job TEXT, photo TEXT, result BLOB, day REAL DEFAULT (julianday('now')),
    PRIMARY KEY (job, photo)
) WITHOUT ROWID
"""


class Journal:
    """A file of checked photos; those of an earlier run count only with ``resume``."""

    def __init__(self, connection: sqlite3.Connection, resume: bool) -> None:
        self._connection = connection
        self._resume = resume
        self._complete: set[str] = set()

    def entry(self, job: Job, versions: Mapping[str, str]) -> "Entry":
        """Return the part of one job in a runtime of these versions."""
        return Entry(self._connection, _key(job, versions), self._resume, self._complete)

    def close(self) -> None:
        """Delete the jobs that are complete."""
        with self._connection:
            self._connection.executemany(
                "DELETE FROM photos WHERE job = ?", [(job,) for job in self._complete]
            )


@dataclass(frozen=True)
class Entry:
    """The photos of one job."""

    connection: sqlite3.Connection
    job: str
    resume: bool
    done: set[str]

    def known(self, photos: Sequence[Photo]) -> dict[Photo, PhotoResult]:
        """Return the photos that an earlier run checked; none without ``resume``."""
        if not self.resume:
            return {}
        rows = self.connection.execute(
            "SELECT photo, result FROM photos WHERE job = ?", (self.job,)
        )
        kept = dict(rows.fetchall())
        found = {photo: self._read(kept, photo) for photo in photos}
        return {photo: row for photo, row in found.items() if row is not None}

    def _read(self, kept: Mapping[str, object], photo: Photo) -> PhotoResult | None:
        name = _name(photo)
        found = kept.get(name)
        content = unsealed(self._sealed_as(name), found) if isinstance(found, bytes) else None
        if content is None:
            return None
        try:
            return replace(_ROW.validate_json(content), photo=photo.name)
        except ValidationError:
            return None

    def _sealed_as(self, name: str) -> str:
        return f"{self.job} {name}"

    def keep(self, photo: Photo, row: PhotoResult) -> None:
        """Store the result of a photo."""
        name = _name(photo)
        content = _ROW.dump_json(replace(row, pictures=None))
        with self.connection:
            self.connection.execute(
                "INSERT OR REPLACE INTO photos (job, photo, result) VALUES (?, ?, ?)",
                (self.job, name, sealed(self._sealed_as(name), content)),
            )

    def complete(self) -> None:
        """Mark the job as complete: all its photos are checked."""
        self.done.add(self.job)


@contextmanager
def open_journal(path: Path, resume: bool) -> Iterator[Journal]:
    """Open the file, or create it. Raises DlconvError when it cannot be read or written."""
    try:
        with disk_trouble(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=LOCKED_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute(_TABLE)
                connection.execute(
                    "DELETE FROM photos WHERE day < julianday('now') - ?", (KEPT_DAYS,)
                )
            yield Journal(connection, resume)
    except sqlite3.Error as error:
        raise DlconvError(
            f"cannot keep what is done in {path}: {error}", "if it is damaged, remove it"
        ) from error


def _key(job: Job, versions: Mapping[str, str]) -> str:
    manifest = TypeAdapter(Manifest).dump_json(job.artifact.manifest).decode()
    parts = [dlconv.__version__, manifest, job.runtime, sorted(versions.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _name(photo: Photo) -> str:
    return f"{photo.sha256} {read_digest(photo.mask)}" if photo.mask else photo.sha256
