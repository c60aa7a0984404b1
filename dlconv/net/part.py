"""A part: the bytes of a download that have arrived so far.

A part is ``<name>.part`` beside the file it will become, and ``<name>.part.json``, which remembers
the URL it came from, as it may be shown, and the validator (a strong ETag, or else a Last-Modified
date) that the server gave with it. With the validator a server can tell whether the rest still
belongs to the part.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dlconv.addresses import shown
from dlconv.storage.files import remove_leftovers, write_atomically


@dataclass(frozen=True)
class Part:
    """The part of the download that is to become ``destination``."""

    destination: Path

    @property
    def path(self) -> Path:
        """The file that holds what has arrived."""
        return self.destination.with_name(f"{self.destination.name}.part")

    @property
    def notes(self) -> Path:
        """The file that remembers the URL and the validator."""
        return self.destination.with_name(f"{self.destination.name}.part.json")

    def size(self) -> int:
        """Return how many bytes have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, url: str) -> str | None:
        """Return the validator of the part, or None if it has none or came from another URL."""
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(notes, dict) or notes.get("url") != shown(url):
            return None
        validator = notes.get("validator")
        return validator if isinstance(validator, str) and validator.isprintable() else None

    def begin(self, url: str, headers: Mapping[str, str]) -> None:
        """Empty the part, and note the URL and the validator of the bytes that follow."""
        self.discard()
        notes = {"url": shown(url), "validator": validator_in(headers)}
        write_atomically(self.notes, json.dumps(notes).encode())

    def open(self) -> BinaryIO:
        """Open the part for appending."""
        return self.path.open("ab")

    def discard(self) -> None:
        """Remove everything that has arrived, and temporary files of a process that died."""
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
        remove_leftovers(self.notes)

    def finish(self) -> None:
        """Give the complete part its destination's name."""
        self.path.replace(self.destination)
        self.notes.unlink(missing_ok=True)


def validator_in(headers: Mapping[str, str]) -> str | None:
    """Return a value for If-Range: a strong ETag, else the Last-Modified date, else None."""
    etag = headers.get("ETag", "")
    if etag.startswith('"'):
        return etag
    return headers.get("Last-Modified")
