"""Where an artifact goes: it is written beside its place and moved there when it is complete.

A run that dies leaves the old artifact or the new one.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlconv.artifacts.manifest import MANIFEST_NAME
from dlconv.errors import UsageError
from dlconv.storage.disk import disk_trouble, removing_new_folders
from dlconv.storage.files import new_directory

# The names of an artifact's files, also those of the official converter and of 2018.
FILE_NAME = re.compile(
    r"(manifest|model)\.json|model\.onnx(\.data)?|model\.tflite|[\w-]+\.bin|group\d+-shard\d+of\d+"
)

# The targets whose artifacts may be one file with a manifest beside it, and how it ends.
FILE_SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}
_KINDS = {
    ".onnx": ("an ONNX file", "no-onnx-file"),
    ".tflite": ("a LiteRT file", "no-litert-file"),
}


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder that replaces ``target``, unless that holds other files."""
    with (
        disk_trouble(target),
        removing_new_folders(target),
        new_directory(target, _refuse_others) as work,
    ):
        yield work


def _refuse_others(target: Path) -> None:
    if not (target.is_dir() and _is_ours(target)):
        raise UsageError(
            f"{target} is there already and is not an artifact of dlconv alone",
            "name another place",
            code="holds-others",
        )


def _is_ours(directory: Path) -> bool:
    """Tell whether a directory holds nothing but an artifact, which may be damaged."""
    names = {path.name for path in directory.iterdir()}
    return not names or (MANIFEST_NAME in names and all(map(FILE_NAME.fullmatch, names)))


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a new folder for a file of the name of ``path``, its manifest, and others beside it.

    The file replaces ``path``, the manifest and the others what lies beside it. Raises what
    ``check_file`` raises.
    """
    check_file(path, path.suffix)
    with disk_trouble(path), removing_new_folders(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as name:
            work = Path(name)
            yield work
            beside = {each.name for each in work.iterdir()} - {path.name, MANIFEST_NAME}
            for each in sorted(beside):
                (work / each).replace(path.with_name(each))
            (work / path.name).replace(path)
            (work / MANIFEST_NAME).replace(manifest_of_file(path))


def check_file(path: Path, suffix: str) -> None:
    """Raise UsageError for a path that no file of this kind, with a manifest, can have."""
    if path.suffix != suffix:
        what, code = _KINDS[suffix]
        raise UsageError(
            f"{what} has a name that ends in {suffix}, not {path}",
            f"name it {path}{suffix} or {path / f'model{suffix}'}",
            code=code,
            path=path,
        )
    if not path.name.isprintable() or "\\" in path.name:
        raise UsageError(
            f"a manifest cannot hold the name {path.name!r}",
            code="not-for-a-manifest",
            name=repr(path.name),
        )


def manifest_of_file(path: Path) -> Path:
    """Return where the manifest of an artifact that is a file lies."""
    return path.with_name(f"{path.name}.{MANIFEST_NAME}")
