"""The web page as a set of files: what ``dlconv demo`` serves and ``dlconv demo --export`` writes.

A site is the bundled page, the wasm files of the runtimes that its artifacts need, the artifacts,
and ``artifacts.json``, the list that the page shows. All URLs are relative, so it works below any
path of any host.
"""

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.manifest import MANIFEST_NAME, Artifact
from dlconv.errors import DlconvError
from dlconv.files import new_directory
from dlconv.web import DIST, bundled

Colour = tuple[int, int, int]

PAGE = "demo"
INDEX = "index.html"
LIST = "artifacts.json"
LICENCES = "THIRD_PARTY_LICENSES.txt"
WASM = {"tfjs": "tfjs-backend-wasm*.wasm", "onnx": "ort-wasm-*"}


@dataclass(frozen=True)
class Site:
    """Where the content of each URL lies, or what it is; URLs are relative to the page's."""

    files: Mapping[str, Path | bytes]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(map(_size, self.files.values()))


def make_site(artifacts: Sequence[Artifact], colours: Mapping[str, Sequence[Colour]]) -> Site:
    """Put a site together; ``colours`` are those of each model's classes.

    Raises DlconvError when a file of an artifact is missing or not the one its manifest names, and
    when the page is not built.
    """
    page = bundled(f"{PAGE}/{INDEX}").parent
    files: dict[str, Path | bytes] = {path.name: path for path in sorted(page.iterdir())}
    for target in sorted({artifact.manifest.target for artifact in artifacts}):
        files |= {path.name: path for path in sorted(DIST.glob(WASM[target]))}
    files[LICENCES] = bundled(LICENCES)
    listed = []
    for artifact, folder in zip(artifacts, _folders(artifacts), strict=True):
        artifact.check_files()
        files[f"{folder}{MANIFEST_NAME}"] = artifact.manifest_path
        for file in artifact.manifest.files:
            files[f"{folder}{file.path}"] = artifact.directory / file.path
        listed.append(_listed(artifact, folder, colours[artifact.manifest.source.model]))
    files[LIST] = json.dumps({"artifacts": listed}).encode()
    return Site(files)


def export(site: Site, folder: Path) -> None:
    """Write a site into a new folder. Raises DlconvError when there is something else."""
    if folder.exists() and not (folder.is_dir() and _is_replaceable(folder)):
        raise DlconvError(f"{folder} holds something else", "name a folder that is new or empty")
    with new_directory(folder) as temporary:
        for url, content in site.files.items():
            target = temporary / url
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.copyfile(content, target)


def _is_replaceable(folder: Path) -> bool:
    return not any(folder.iterdir()) or all((folder / name).is_file() for name in (INDEX, LIST))


def _folders(artifacts: Iterable[Artifact]) -> list[str]:
    """Return a folder's URL for each artifact, as a person would name it, and all different."""
    folders: list[str] = []
    for artifact in artifacts:
        name = _plain(f"{artifact.manifest.source.model}/{artifact.title}")
        same = [folder for folder in folders if folder.startswith(f"artifacts/{name}")]
        folders.append(f"artifacts/{name}{f'-{len(same) + 1}' if same else ''}/")
    return folders


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9/_]+", "-", name.lower()).strip("-")


def _listed(artifact: Artifact, folder: str, colours: Sequence[Colour]) -> dict[str, object]:
    manifest = artifact.manifest
    return {
        "url": folder,
        "model": manifest.source.model,
        "title": artifact.title,
        "target": manifest.target,
        "bytes": artifact.bytes,
        "crop": manifest.contract.crop,
        "colours": colours[: len(manifest.classes)],
    }


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
