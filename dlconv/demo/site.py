"""The web page as a set of files, which ``dlconv demo`` serves and ``--export`` writes.

A site is the bundled page, the wasm files of the runtimes that its artifacts need, the artifacts,
and ``artifacts.json``, the list that the page shows. All URLs are relative, so it works below any
path of any host. An exported one has a service worker, too, which keeps the page, the first
artifact and its runtime for visits without a network, and the others once they are used.
"""

import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote, unquote

from dlconv.artifacts.manifest import MANIFEST_NAME, Artifact
from dlconv.demo.self_check import SelfCheck
from dlconv.errors import DlconvError
from dlconv.parsing import parse_json
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_directory, paths_below
from dlconv.web import DIST, bundled

Colour = tuple[int, int, int]

PAGE = "demo"
INDEX = "index.html"
LIST = "artifacts.json"
SERVICE_WORKER = "service-worker.js"
KEPT = "const KEPT = "
LICENCES = "THIRD_PARTY_LICENSES.txt"
# What only the artifacts of a target need: wasm files, and parts of the page's script.
RUNTIMES = {
    "tfjs": ("tfjs-backend-wasm*.wasm", "part-tfjs_*", "part-web?*_gpu-*"),
    "onnx": ("ort-wasm-*", "part-ort*"),
    "litert": ("litert_wasm_internal.wasm", "litert_wasm_compat_internal.wasm", "part-litert_*"),
}
# Large, and fetched only where they are used: ONNX Runtime with WebGPU, which is chosen, and LiteRT
# for browsers without relaxed SIMD.
LATER = ("ort-wasm-*.asyncify.*", "part-ort.webgpu*", "*litert_wasm_compat_*")
# Characters that encodeURIComponent keeps besides letters and digits, and the slash.
AS_IS = "-_.!~*'()/"


@dataclass(frozen=True)
class Offer:
    """An artifact of the page, its classes' colours, and the labels to check backends with."""

    artifact: Artifact
    colours: Sequence[Colour]
    check: SelfCheck | None = None


@dataclass(frozen=True)
class Site:
    """A path, or the content itself, for each URL; URLs are relative to the page's.

    ``first`` are those that the first visit fetches.
    """

    files: Mapping[str, Path | bytes]
    first: Sequence[str] = ()

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(map(_size, self.files.values()))

    @property
    def first_bytes(self) -> int:
        """The size of what the first visit fetches."""
        return sum(_size(self.files[url]) for url in self.first)


def make_site(offers: Sequence[Offer], is_kept: bool = False) -> Site:
    """Put a site together, with a service worker if it ``is_kept``.

    Raises DlconvError when a file of an artifact is missing or differs from its manifest, and when
    the page is not built.
    """
    page = _page_files()
    folders = _folders([offer.artifact for offer in offers])
    listed = [_listed(offer, at) for offer, at in zip(offers, folders, strict=True)]
    page[LIST] = json.dumps({"artifacts": listed, "isKept": is_kept}).encode()
    parts = [
        {**_runtime_files(offer.artifact), **_files_of(offer, at)}
        for offer, at in zip(offers, folders, strict=True)
    ]
    first = [*page, *(url for url in parts[0] if not _fits(url, LATER))]
    files = page
    for part in parts:
        files = {**files, **part}
    if is_kept:
        files = {**files, SERVICE_WORKER: _service_worker(files, first)}
    return Site(files, first)


def export(site: Site, folder: Path) -> None:
    """Write a site into a new folder.

    Raises DlconvError when the folder holds anything else, and when writing fails.
    """
    with disk_trouble(folder), new_directory(folder, _refuse_others) as temporary:
        for url, content in site.files.items():
            target = temporary / url
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.copyfile(content, target)


def _page_files() -> dict[str, Path | bytes]:
    folder = bundled(f"{PAGE}/{INDEX}").parent
    left_out = [SERVICE_WORKER, *itertools.chain(*RUNTIMES.values())]
    files = {path.name: path for path in sorted(folder.iterdir()) if not _fits(path.name, left_out)}
    return {**files, LICENCES: bundled(LICENCES)}


def _runtime_files(artifact: Artifact) -> dict[str, Path]:
    found = [*DIST.iterdir(), *(DIST / PAGE).iterdir()]
    needed = RUNTIMES[artifact.manifest.target]
    return {path.name: path for path in sorted(found) if _fits(path.name, needed)}


def _fits(url: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(url.rpartition("/")[2], pattern) for pattern in patterns)


def _files_of(offer: Offer, folder: str) -> dict[str, Path | bytes]:
    artifact = offer.artifact
    artifact.check_files()
    files: dict[str, Path | bytes] = {f"{folder}{MANIFEST_NAME}": _manifest_of(artifact)}
    for file in artifact.manifest.files:
        files[f"{folder}{file.path}"] = artifact.directory / file.path
    if offer.check is not None:
        urls = _check_urls(folder)
        files |= {urls["photo"]: offer.check.photo, urls["labels"]: offer.check.labels}
    return files


def _manifest_of(artifact: Artifact) -> Path | bytes:
    """Return the manifest, with the names of classes that the artifact was given since, if any."""
    said = parse_json(artifact.manifest_path.read_text(encoding="utf-8"))
    names = [*artifact.manifest.classes]
    if said.get("classes", []) == names:
        return artifact.manifest_path
    return json.dumps({**said, "classes": names}).encode()


def _check_urls(folder: str) -> dict[str, str]:
    return {"photo": f"{folder}check.png", "labels": f"{folder}check.labels"}


def _service_worker(files: Mapping[str, Path | bytes], first: Sequence[str]) -> bytes:
    """Return the script with the list of files to keep; its version changes with any file."""
    version = hashlib.sha256()
    for url, content in sorted(files.items()):
        of_content = content if isinstance(content, bytes) else content.read_bytes()
        version.update(f"{url} {hashlib.sha256(of_content).hexdigest()}\n".encode())
    kept = {
        "version": version.hexdigest(),
        "first": _as_browsers_write(["", *first]),
        "files": _as_browsers_write(["", *files]),
    }
    script = bundled(f"{PAGE}/{SERVICE_WORKER}").read_bytes()
    return f"{KEPT}{json.dumps(kept)};\n".encode() + script


def _as_browsers_write(urls: Iterable[str]) -> list[str]:
    return [f"./{quote(url, safe=AS_IS)}" for url in urls]


def _refuse_others(folder: Path) -> None:
    if not (folder.is_dir() and _is_replaceable(folder)):
        raise DlconvError(
            f"{folder} holds something else", "name a folder that is new, empty or such a site"
        )


def _is_replaceable(folder: Path) -> bool:
    """Return whether a folder is empty, or holds only an export."""
    return paths_below(folder) <= {*_exported(folder), SERVICE_WORKER}


def _exported(folder: Path) -> list[str]:
    """Return the files that an export lists in its service worker; [] for other folders."""
    try:
        head = (folder / SERVICE_WORKER).read_text().partition("\n")[0]
        files = parse_json(head.removeprefix(KEPT).rstrip(";"))["files"]
        return [unquote(url).removeprefix("./") for url in files]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


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


def _listed(offer: Offer, folder: str) -> dict[str, object]:
    artifact, manifest = offer.artifact, offer.artifact.manifest
    return {
        "url": folder,
        "model": manifest.source.model,
        "title": artifact.title,
        "target": manifest.target,
        "bytes": artifact.bytes,
        "crop": manifest.contract.crop,
        "colours": offer.colours[: len(manifest.classes) or manifest.contract.classes],
        "check": _check_urls(folder) if offer.check else None,
    }


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
