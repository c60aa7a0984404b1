"""A release of a GitHub repository, under the tag ``<name>-v<version>``.

Its assets are archives, since TF.js models are folders: one of the whole release, which ``dlconv
check`` takes once it is unpacked, and one of each artifact; beside them ``release.json`` and the
``SHA256SUMS`` of the assets. They are sent to a draft, which is published when all are there. The
draft of an interrupted upload is continued; assets that are right are kept.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

from dlconv.errors import UsageError
from dlconv.net.http import Bearer, Session, network_trouble, parsed, refusal_in_words
from dlconv.net.patience import WITH_SERVICES, patiently
from dlconv.progress import StepProgress
from dlconv.release.document import RELEASE_NAME, SUMS_NAME
from dlconv.release.publish.archive import write_archive
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.secrets import secret
from dlconv.release.publish.target import digest_in
from dlconv.storage.files import digest_of

API = "https://api.github.com"
API_VERSION = "2022-11-28"
REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
PAGE = 100
MOST_NOTES = 100_000
HINT = "check that the repository is there and GITHUB_TOKEN may write its contents"

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class _Asset:
    name: str
    url: str
    state: str
    digest: str | None = None


@dataclass(frozen=True)
class _Published:
    assets: tuple[_Asset, ...]


@dataclass(frozen=True)
class _Release:
    url: str
    upload_url: str
    draft: bool
    tag_name: str


class GitHub:
    """A repository; its API is at ``GITHUB_API_URL``, if that is set."""

    def __init__(self, repository: str) -> None:
        if not REPOSITORY.fullmatch(repository):
            raise UsageError(f"github:{repository} is not a repository", "give github:OWNER/REPO")
        api = os.environ.get("GITHUB_API_URL") or API
        self._repository = repository
        self._url = f"{api.rstrip('/')}/repos/{repository}"
        self._releases = f"{self._url}/releases"
        self._session = Session(WITH_SERVICES)
        self._session.auth = Bearer(secret("GITHUB_TOKEN", "a token that may write contents"))
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
            }
        )

    def place_of(self, release: CheckedRelease) -> str:
        """Return the page of the release."""
        server = os.environ.get("GITHUB_SERVER_URL") or "https://github.com"
        return f"{server}/{self._repository}/releases/tag/{_tag(release)}"

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest in the release's asset ``release.json``."""
        url = f"{self._releases}/tags/{_tag(release)}"
        answer = self._ask("GET", url, allowed=(200, 404))
        if answer.status_code == 404:
            # If the repository itself does not exist, this request is a 404, too, which raises.
            self._ask("GET", self._url)
            return None
        for asset in parsed(answer, _Published).assets:
            if asset.name == RELEASE_NAME:
                accept = {"Accept": "application/octet-stream"}
                content = self._ask("GET", asset.url, headers=accept).content
                return digest_in(content, asset.url) or ""
        return ""

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Fill a draft, and publish it."""
        draft = self._draft(release)
        with tempfile.TemporaryDirectory() as folder:
            assets = write_assets(release, Path(folder))
            self._remove_others(draft, {asset.name for asset in assets})
            for done, asset in enumerate(assets):
                progress(asset.name, done, len(assets))
                self._upload(draft, asset)
        self._ask("PATCH", draft.url, json={**self._description(release), "draft": False})

    def _draft(self, release: CheckedRelease) -> _Release:
        """Return the draft of this version, a new one if there is none."""
        for each in self._pages(self._releases, _Release):
            if each.draft and each.tag_name == _tag(release):
                return each
        description = {**self._description(release), "draft": True}
        created = self._ask("POST", self._releases, (201,), json=description)
        return parsed(created, _Release)

    def _description(self, release: CheckedRelease) -> Json:
        card = release.folder / "README.md"
        return {
            "tag_name": _tag(release),
            "name": f"{release.name} {release.version}",
            "body": card.read_text("utf-8")[:MOST_NOTES] if card.is_file() else "",
            "prerelease": release.is_preview,
            **self._commit(),
        }

    def _commit(self) -> Json:
        """Return the commit to tag: that of the job, in a job of this repository."""
        is_job = os.environ.get("GITHUB_REPOSITORY") == self._repository
        commit = os.environ.get("GITHUB_SHA") if is_job else None
        return {"target_commitish": commit} if commit else {}

    def _remove_others(self, draft: _Release, names: set[str]) -> None:
        for asset in self._assets(draft):
            if asset.name not in names:
                self._ask("DELETE", asset.url, (204, 404))

    def _upload(self, draft: _Release, asset: Path) -> None:
        """Upload an asset unless it is there; remove one of its name that a failed upload left."""

        def attempt() -> None:
            for there in self._assets(draft):
                if there.name != asset.name:
                    continue
                if there.state == "uploaded" and there.digest == _digest(asset):
                    return
                self._ask_once("DELETE", there.url, (204, 404))
            url = draft.upload_url.partition("{")[0]
            kind = "application/json" if asset.suffix == ".json" else "application/octet-stream"
            with asset.open("rb") as file:
                self._ask_once(
                    "POST",
                    url,
                    (201,),
                    params={"name": asset.name},
                    data=file,
                    headers={"Content-Type": kind},
                )

        patiently(attempt, WITH_SERVICES)

    def _assets(self, draft: _Release) -> list[_Asset]:
        return list(self._pages(f"{draft.url}/assets", _Asset))

    def _pages(self, url: str, kind: type[T]) -> Iterator[T]:
        page = 1
        while True:
            answer = self._ask("GET", url, params={"per_page": PAGE, "page": page})
            found = parsed(answer, list[kind])  # type: ignore[valid-type]
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def _ask(
        self, method: str, url: str, allowed: tuple[int, ...] = (200,), **options: Any
    ) -> requests.Response:
        return patiently(lambda: self._ask_once(method, url, allowed, **options), WITH_SERVICES)

    def _ask_once(
        self, method: str, url: str, allowed: tuple[int, ...], **options: Any
    ) -> requests.Response:
        with network_trouble(url):
            answer = self._session.request(method, url, **options)
        if answer.status_code not in allowed:
            raise refusal_in_words(answer, HINT)
        return answer


def write_assets(release: CheckedRelease, folder: Path) -> list[Path]:
    """Write the assets of a release into an empty folder; return them as they are sent."""
    top = f"{release.name}-{release.version}"
    parts = {top: release.paths}
    for artifact in release.release.artifacts:
        parts[f"{top}-{artifact.path}"] = tuple(file.path for file in artifact.files)
    for name, paths in parts.items():
        write_archive(folder / _asset_name(f"{name}.tar.gz"), release.folder, paths, top)
    (folder / RELEASE_NAME).write_bytes((release.folder / RELEASE_NAME).read_bytes())
    assets = sorted(folder.iterdir())
    (folder / SUMS_NAME).write_text(
        "".join(f"{digest_of(asset)}  {asset.name}\n" for asset in assets)
    )
    return [*assets, folder / SUMS_NAME]


def _tag(release: CheckedRelease) -> str:
    return f"{release.name}-v{release.version}"


def _asset_name(name: str) -> str:
    """Return a name that GitHub does not change."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def _digest(asset: Path) -> str:
    return f"sha256:{digest_of(asset)}"
