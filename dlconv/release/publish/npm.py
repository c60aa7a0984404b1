"""An npm package: the release in a folder, and a module that says where each artifact is.

    import { artifacts } from "NAME";
    const segmenter = await loadSegmenter(artifacts["tfjs-float32"].url);

npm itself publishes it, to ``NPM_CONFIG_REGISTRY`` if that is set. A version appears as a whole or
not at all, and cannot be replaced. The tag ``latest`` names the newest, and ``next`` the newest
pre-release. A package holds one model.
"""

import json
import logging
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlconv.errors import DlconvError, UsageError
from dlconv.parsing import parse_json
from dlconv.progress import StepProgress
from dlconv.release.document import Release
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.secrets import secret
from dlconv.release.publish.target import check_model
from dlconv.release.publish.version import is_older
from dlconv.web.build import NODE, NPM

NAME = re.compile(r"(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]{0,120}")
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")
FIELD = "dlconv"
FOLDER = "release"
CARD = "README.md"
TOKEN = "NPM_TOKEN"
SECONDS = 600
PUBLIC_REGISTRY = "https://registry.npmjs.org/"
OPTIONS = (
    "--json",
    "--loglevel=error",
    "--no-update-notifier",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-factor=2",
)
ABSENT = "E404"
OLDER = "older"

TYPES = """/** An artifact of this release. */
export interface Artifact {
  /** The address of its folder, with a slash at its end: what loadSegmenter takes. */
  readonly url: string;
  /** The address of the file that a runtime is pointed at. */
  readonly entry: string;
  readonly target: "tfjs" | "onnx" | "litert";
  readonly precision: string;
  /** The size of all its files. */
  readonly bytes: number;
}

export declare const name: string;
export declare const version: string;
/** SHA-256 over the paths and digests of the artifacts' files. */
export declare const contentSha256: string;
/** Names by label. */
export declare const classes: readonly string[];
export declare const artifacts: Readonly<Record<ARTIFACTS, Artifact>>;
"""


class Npm:
    """A package of a registry."""

    def __init__(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise UsageError(f"npm:{name} is not a package", "give npm:NAME or npm:@SCOPE/NAME")
        self._name = name
        secret(TOKEN, "a token that may publish the package")

    def place_of(self, release: CheckedRelease) -> str:
        """Return what npm install takes."""
        if not SEMVER.fullmatch(release.version):
            raise UsageError(
                f"npm takes no version {release.version}",
                "pack the release with one such as 1.2.0",
                code="no-npm-version",
            )
        return f"{self._name}@{release.version}"

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest in the package.json of this version."""
        with self._folder() as folder:
            last = self._npm(folder, "view", self._name) or {}
            found = self._npm(folder, "view", self.place_of(release))
        check_model(release, str(_fields(last, FIELD).get("model") or ""), f"npm:{self._name}")
        return None if found is None else str(_fields(found, FIELD).get("content_sha256", ""))

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Make the package, and have npm publish it."""
        with self._folder() as folder:
            shutil.copytree(release.folder, folder / FOLDER)
            write_package(release, self._name, folder)
            progress("npm publish", 0, 1)
            tag = self._tag(folder, release)
            self._npm(folder, "publish", "--ignore-scripts", f"--tag={tag}")

    def _tag(self, folder: Path, release: CheckedRelease) -> str:
        """Return the tag to publish under; npm requires one, so older versions share a tag."""
        tag = "next" if release.is_preview else "latest"
        tags = _fields(self._npm(folder, "view", self._name) or {}, "dist-tags")
        return OLDER if is_older(release.version, str(tags.get(tag, ""))) else tag

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """Yield a folder whose .npmrc names the token's variable, not the token."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "package.json").write_text("{}")
            registry = urlsplit(self._registry)
            place = f"//{registry.netloc}{registry.path.rstrip('/')}/"
            (folder / ".npmrc").write_text(f"{place}:_authToken=${{{TOKEN}}}\n")
            yield folder

    @cached_property
    def _registry(self) -> str:
        """The registry's URL: of the package's scope, if that has one, or npm's own."""
        keys = ("registry", f"{self._name.partition('/')[0]}:registry")
        with tempfile.TemporaryDirectory() as folder:
            said = _run(Path(folder), "config", "get", *keys).stdout
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        urls = [found.get(key, "undefined") for key in reversed(keys)]
        return next((url for url in urls if url != "undefined"), PUBLIC_REGISTRY)

    def _npm(self, folder: Path, *arguments: str) -> dict[str, Any] | None:
        """Return npm's output; None for a package that does not exist. Raises DlconvError with its
        message.
        """
        answer = _run(folder, *arguments, *OPTIONS)
        logging.getLogger(__name__).debug("npm %s: %s", arguments[0], answer.stderr)
        said = _json(answer.stdout)
        if answer.returncode == 0:
            return said or None
        error = _fields(said, "error")
        if error.get("code") == ABSENT and arguments[0] == "view":
            return None
        words = str(error.get("summary") or error.get("code") or answer.stderr)
        raise DlconvError(
            f"npm {arguments[0]} {self._name}: {' '.join(words.split())}",
            f"check the registry, and that {TOKEN} may publish the package",
        )


def write_package(release: CheckedRelease, name: str, folder: Path) -> None:
    """Write the files that make a folder with a release in it an npm package."""
    found = release.release
    package = {
        "name": name,
        "version": release.version,
        "description": f"{release.name}: semantic segmentation for TensorFlow.js, ONNX and LiteRT",
        "license": found.model.licence or "SEE LICENSE IN README.md",
        "keywords": ["deeplab", "onnx", "segmentation", "tensorflow.js"],
        "type": "module",
        "sideEffects": False,
        "exports": {".": {"types": "./index.d.ts", "default": "./index.js"}, "./*": "./*"},
        "files": ["index.js", "index.d.ts", FOLDER],
        FIELD: {"model": release.name, "content_sha256": release.digest},
    }
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    if (release.folder / CARD).is_file():
        shutil.copyfile(release.folder / CARD, folder / CARD)
    (folder / "index.js").write_text(_module(found))
    names = " | ".join(json.dumps(each.path) for each in found.artifacts)
    (folder / "index.d.ts").write_text(TYPES.replace("ARTIFACTS", names))


def _fields(said: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object under a name in untrusted JSON; {} where there is none."""
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _module(release: Release) -> str:
    lines = [
        f"export const name = {json.dumps(release.name)};",
        f"export const version = {json.dumps(release.version)};",
        f"export const contentSha256 = {json.dumps(release.content_sha256)};",
        f"export const classes = {json.dumps(release.model.classes)};",
        "",
        "export const artifacts = {",
    ]
    for each in release.artifacts:
        lines += [
            f"  {json.dumps(each.path)}: {{",
            f"    url: new URL({json.dumps(f'./{FOLDER}/{each.path}/')}, import.meta.url).href,",
            f"    entry: new URL({json.dumps(f'./{FOLDER}/{each.entry}')}, import.meta.url).href,",
            f"    target: {json.dumps(each.manifest.target)},",
            f"    precision: {json.dumps(each.manifest.precision)},",
            f"    bytes: {sum(file.bytes for file in each.files)},",
            "  },",
        ]
    return "\n".join([*lines, "};", ""])


def _run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(NODE), str(NPM), *arguments]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise DlconvError(f"npm {arguments[0]} took more than {SECONDS} s") from error


def _json(text: str) -> dict[str, Any]:
    try:
        data = parse_json(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
