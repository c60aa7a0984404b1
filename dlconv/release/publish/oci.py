"""An artifact in an OCI registry, such as ghcr.io, with the version as its tag.

Each file is a layer that has its path as title, so that ``oras pull`` gives the release's folder.
Layers are named by their digests and are not visible before the manifest with the tag is sent; a
layer that is in the registry already is not sent again.
"""

import inspect
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import requests

from dlconv.addresses import host_of
from dlconv.errors import DlconvError, UsageError
from dlconv.net.http import (
    UNEXPECTED_JSON,
    Session,
    may_pass,
    network_trouble,
    other_answer,
    parsed,
    refusal_in_words,
)
from dlconv.net.patience import WITH_SERVICES, patiently
from dlconv.progress import StepProgress
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.target import check_model, words_of
from dlconv.storage.files import digest_of

REPOSITORY = re.compile(r"([^/@]+)/([a-z0-9]+(?:[._/-][a-z0-9]+)*)")
LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1)(:\d+)?")
ARTIFACT_TYPE = "application/vnd.dlconv.release.v1"
TITLE = "org.opencontainers.image.title"
CONTENT = "dlconv.content.sha256"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
MEDIA_TYPES = {".json": "application/json", ".md": "text/markdown"}
OTHER_TYPE = "application/octet-stream"
ACCEPTED = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json")
HINT = "check that ORAS_USER and ORAS_PASS may push to the repository"

Json = dict[str, Any]


@dataclass(frozen=True)
class _Manifest:
    annotations: dict[str, str] | None = None


@dataclass(frozen=True)
class _Tags:
    tags: tuple[str, ...] | None = None


class Oci:
    """A repository of a registry; a registry on this machine is reached over HTTP.

    The account is ``ORAS_USER`` with the password ``ORAS_PASS``, or that of ``docker login``.
    """

    def __init__(self, repository: str) -> None:
        match = REPOSITORY.fullmatch(repository)
        if match is None:
            raise UsageError(f"oci:{repository} is not a repository", "give oci:HOST/REPO")
        self._repository = repository
        self._host = match[1]

    @cached_property
    def _registry(self) -> Any:
        return _connect(self._host, self._repository)

    def place_of(self, release: CheckedRelease) -> str:
        """Return what ``oras pull`` takes."""
        # A tag cannot contain a plus; Helm replaces it in the same way.
        return f"{self._repository}:{release.version.replace('+', '_')}"

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest in the annotations of the manifest."""
        with self._trouble():
            found = self._annotations(self.place_of(release))
            one = found if found and CONTENT in found else self._any_release()
        check_model(release, one.get(TITLE, ""), f"oci:{self._repository}")
        return None if found is None else found.get(CONTENT, "")

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Send the layers, and then the manifest."""
        with self._trouble(), tempfile.TemporaryDirectory() as folder:
            container = self._registry.get_container(self.place_of(release))
            empty = Path(folder, "empty.json")
            empty.write_text("{}")
            config = _layer(empty, EMPTY_TYPE)
            _check(self._registry.upload_blob(str(empty), container, config))
            layers = []
            for done, path in enumerate(release.paths):
                progress(path, done, len(release.paths))
                file = release.folder / path
                layer = _layer(file, MEDIA_TYPES.get(file.suffix, OTHER_TYPE))
                _check(self._registry.upload_blob(str(file), container, layer))
                layers.append({**layer, "annotations": {TITLE: path}})
            manifest = _manifest(release, config, layers)
            _check(self._registry.upload_manifest(manifest, container))

    def _annotations(self, place: str) -> dict[str, str] | None:
        """Return those of the manifest with a tag; None where there is none."""
        container = self._registry.get_container(place)
        answer = self._registry.do_request(
            f"{self._registry.prefix}://{container.manifest_url()}",
            headers={"Accept": ", ".join(ACCEPTED)},
        )
        if answer.status_code == 404:
            return None
        _check(answer)
        return parsed(answer, _Manifest).annotations or {}

    def _any_release(self) -> dict[str, str]:
        """Return the annotations of a release in the repository; {} where there is none."""
        container = self._registry.get_container(self._repository)
        answer = self._registry.do_request(f"{self._registry.prefix}://{container.tags_url()}")
        if answer.status_code == 404:
            return {}
        _check(answer)
        tags = parsed(answer, _Tags).tags or ()
        found = (self._annotations(f"{self._repository}:{tag}") or {} for tag in tags)
        return next((each for each in found if CONTENT in each), {})

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Turn what the library raises, which has no type of its own, into a DlconvError."""
        try:
            yield
        except ValueError as error:
            raise DlconvError(f"oci:{self._repository}: {words_of(error)}", HINT) from error


def _connect(host: str, container: str) -> Any:
    """Return the library's client of a registry, with the account for a repository."""
    library = _library()
    is_local = LOOPBACK.fullmatch(host) is not None
    challenge = _challenge(f"{'http' if is_local else 'https'}://{host}/v2/")
    registry = library.Registry(insecure=is_local, auth_backend=challenge)
    user, password = os.environ.get("ORAS_USER"), os.environ.get("ORAS_PASS")
    if user and password:
        registry.auth.set_basic_auth(user, password)
    else:
        registry.auth.load_configs(registry.get_container(container))
    if challenge == "basic" and not hasattr(registry.auth, "_basic_auth"):
        raise DlconvError(f"{host} asks for an account", "set ORAS_USER and ORAS_PASS")
    timeouts = WITH_SERVICES.timeouts
    registry.session.request = partial(registry.session.request, timeout=timeouts)
    registry.do_request = _patient(registry)
    return registry


def _challenge(url: str) -> str:
    """Return the authentication that a registry asks for: ``basic``, or ``token`` for all else."""

    def attempt() -> requests.Response:
        with Session(WITH_SERVICES) as session, network_trouble(url):
            answer = session.get(url)
        if answer.status_code not in (200, 401):
            raise refusal_in_words(answer, "check that this is a registry: oci:HOST/REPO")
        return answer

    challenge = patiently(attempt, WITH_SERVICES).headers.get("WWW-Authenticate", "")
    return "basic" if challenge.lower().startswith("basic ") else "token"


def _patient(registry: Any) -> Callable[..., Any]:
    """Return the client's request function without its own retries, which wait for minutes."""
    ask = inspect.unwrap(type(registry).do_request)

    def ask_patiently(url: str, *arguments: Any, **options: Any) -> Any:
        def attempt() -> Any:
            try:
                with network_trouble(url, but=(ValueError, *UNEXPECTED_JSON)):
                    answer = ask(registry, url, *arguments, **options)
            except UNEXPECTED_JSON as error:
                raise other_answer(host_of(url), words_of(error)) from error
            if may_pass(answer.status_code):
                raise refusal_in_words(answer, HINT)
            return answer

        return patiently(attempt, WITH_SERVICES)

    return ask_patiently


def _manifest(release: CheckedRelease, config: Json, layers: list[Json]) -> Json:
    annotations = {
        TITLE: release.name,
        "org.opencontainers.image.version": release.version,
        "org.opencontainers.image.licenses": release.release.model.licence,
        CONTENT: release.digest,
    }
    return {
        "schemaVersion": 2,
        "mediaType": ACCEPTED[0],
        "artifactType": ARTIFACT_TYPE,
        "config": config,
        "layers": layers,
        "annotations": {name: value for name, value in annotations.items() if value},
    }


def _layer(file: Path, media_type: str) -> Json:
    digest = f"sha256:{digest_of(file)}"
    return {"mediaType": media_type, "size": file.stat().st_size, "digest": digest}


def _check(answer: requests.Response) -> None:
    if answer.status_code not in (200, 201, 202):
        raise refusal_in_words(answer, HINT)


def _library() -> Any:
    try:
        import oras.provider
    except ImportError as error:
        raise DlconvError(
            "oras is not installed, which oci: needs", "pip install 'dlconv[oci]'"
        ) from error
    return oras.provider
