"""Digests and atomic writes, for every room of the package.

A digest names bytes: ``sha256:<hex>`` style identifiers are kept as plain hex with the algorithm
beside them. Writing is atomic: new content stands under a temporary name beside its target until
it is complete, and only then takes the target's name. A run that dies leaves the old content.
"""

import glob
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dlconv.errors import UsageError

CHUNK_BYTES = 1 << 20
NAME_BYTES = 8


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return the hex digest of a file, read in chunks."""
    hasher = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` so that readers see the old bytes or the new ones."""
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """Yield a binary file beside ``target`` that takes its name when the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unused_name(target)
    try:
        with temporary.open("x+b") as file:
            yield file
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """Yield an empty directory beside ``target`` that replaces it when the block succeeds.

    Raises UsageError for the working folder and those above it, which cannot be replaced under the
    feet of whoever is in them.
    """
    target = Path(os.path.realpath(target))
    if Path.cwd().is_relative_to(target):
        raise UsageError(f"{target} is the folder you are in, or above it", "name one in it")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unused_name(target)
    try:
        temporary.mkdir()
        yield temporary
        _replace_directory(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _replace_directory(source: Path, target: Path) -> None:
    if not target.exists():
        source.rename(target)
        return
    retired = _unused_name(target)
    target.replace(retired)
    try:
        source.rename(target)
    except BaseException:
        retired.replace(target)
        raise
    shutil.rmtree(retired, ignore_errors=True)


def remove_leftovers(target: Path) -> None:
    """Remove what writers of ``target`` left beside it when they died; nobody may be writing it."""
    target = Path(os.path.realpath(target))
    pattern = f".{glob.escape(target.name)}-{'[0-9a-f]' * NAME_BYTES * 2}"
    for left in target.parent.glob(pattern):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _unused_name(target: Path) -> Path:
    """Return a name beside ``target``, known before anything has it, so that it can be cleaned."""
    return target.with_name(f".{target.name}-{secrets.token_hex(NAME_BYTES)}")


def paths_below(folder: Path) -> set[str]:
    """Return all that is below a folder and is none itself, links too, relative to it."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in found}


def text_of(path: Path) -> str:
    """Return a path as text that any file can hold: bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode(errors="backslashreplace")
