"""Digests and atomic writes, for every room of the package.

A digest names bytes: ``sha256:<hex>`` style identifiers are kept as plain hex with the algorithm
beside them. Writing is atomic: new content stands under a temporary name beside its target until
it is complete, and only then takes the target's name. A run that dies leaves the old content. A
folder is written by one process at a time, on whatever machine, and is swapped with an old one, so
that there is no moment without it. Where a disk cannot do that, the old folder has another name for
a moment; if the run dies then, the next one renames it back.
"""

import glob
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dlconv.errors import DlconvError, UsageError
from dlconv.storage.exchange import exchange
from dlconv.storage.locked import locked

CHUNK_BYTES = 1 << 20
NAME_BYTES = 8
# How the name of an old folder ends while it is moved aside.
ASIDE = ".old"
# Where a shell puts what it hands over to a command, and what standard input is called.
DESCRIPTORS = (Path("/dev/fd"), Path("/proc/self/fd"))
STANDARD_INPUT = Path("/dev/stdin")

Check = Callable[[Path], None]
"""Raises DlconvError for a folder or a file that must not be replaced."""


def with_a_name(path: Path) -> Path:
    """Return a path that ends in a name, beside which others can stand: ``.`` has none."""
    return path if path.name not in ("", "..") else path.resolve()


def is_handed_over(path: Path) -> bool:
    """Tell whether a path is one by which a shell hands over ``<(command)`` or standard input."""
    return path == STANDARD_INPUT or path.parent in DESCRIPTORS


def refuse_pipe(path: Path) -> None:
    """Raise DlconvError for a pipe that nobody may ever write to: one that is not handed over."""
    if path.is_fifo() and not is_handed_over(path):
        raise DlconvError(f"cannot read {path}: it is a pipe, and not a file")


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return the hex digest of a file, read in chunks."""
    with path.open("rb") as file:
        return digest_of_rest(file, algorithm)


def digest_of_rest(file: BinaryIO, algorithm: str = "sha256") -> str:
    """Return the hex digest of the rest of an open file, read in chunks."""
    hasher = hashlib.new(algorithm)
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


def allow_any(target: Path) -> None:
    """Allow replacing anything."""


@contextmanager
def new_directory(target: Path, check: Check = allow_any) -> Iterator[Path]:
    """Yield an empty directory beside ``target`` that replaces it when the block succeeds.

    It waits for other writers of ``target``, and removes what those that died left. ``check`` gets
    the old folder before the block, and again before it is replaced. Raises UsageError for the
    working folder and those above it, which are in use; DlconvError if ``target`` came into being
    meanwhile, or the new directory was removed.
    """
    named, target = target, Path(os.path.realpath(target))
    if Path.cwd().is_relative_to(target):
        raise UsageError(f"{target} is the folder you are in, or above it", "name one in it")
    with locked(target):
        remove_leftovers(target)
        if named.exists():
            check(named)
        temporary = _unused_name(target)
        try:
            temporary.mkdir()
            with _refusing_another(temporary):
                yield temporary
            if not named.exists():
                _take_free_name(temporary, target)
            else:
                check(named)
                _replace_directory(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


@contextmanager
def _refusing_another(folder: Path) -> Iterator[None]:
    """Raise DlconvError after the block if ``folder`` was removed or replaced by another one."""
    # While it is open, no other folder gets its inode number.
    opened = os.open(folder, os.O_RDONLY) if hasattr(os, "O_DIRECTORY") else None
    try:
        known = _identity(folder)
        yield
        if _identity(folder) != known:
            raise DlconvError(f"{folder} was removed while it was written", "run it again")
    finally:
        if opened is not None:
            os.close(opened)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the device and inode numbers of a file or folder; None if it does not exist."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _replace_directory(source: Path, target: Path) -> None:
    if exchange(source, target):
        shutil.rmtree(source, ignore_errors=True)
        return
    retired = source.with_name(f"{source.name}{ASIDE}")
    target.rename(retired)
    try:
        _take_free_name(source, target)
    except BaseException:
        with suppress(OSError):
            retired.rename(target)
        raise
    shutil.rmtree(retired, ignore_errors=True)


def _take_free_name(source: Path, target: Path) -> None:
    """Rename a directory, which the system refuses if the target exists and is not empty."""
    try:
        source.rename(target)
    except OSError as error:
        if not target.exists():
            raise
        raise DlconvError(
            f"{target} came into being while it was written", "see what it is, and run it again"
        ) from error


def remove_leftovers(target: Path) -> None:
    """Remove what writers of ``target`` that died left beside it; the caller holds its lock.

    An old folder that they had moved aside is renamed back.
    """
    target = Path(os.path.realpath(target))
    pattern = f".{glob.escape(target.name)}-{'[0-9a-f]' * NAME_BYTES * 2}"
    for aside in target.parent.glob(f"{pattern}{ASIDE}"):
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.rename(target)
    for left in target.parent.glob(pattern):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _unused_name(target: Path) -> Path:
    """Return a free name beside ``target``, of the form that ``remove_leftovers`` looks for."""
    return target.with_name(f".{target.name}-{secrets.token_hex(NAME_BYTES)}")


def paths_below(folder: Path) -> set[str]:
    """Return the files and links below a folder, as paths relative to it."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in found}


def text_of(path: Path) -> str:
    """Return a path as valid text: bytes that are not UTF-8 are escaped."""
    return os.fsencode(path).decode(errors="backslashreplace")
