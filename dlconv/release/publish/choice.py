"""Which target a text means."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from dlconv.addresses import shown
from dlconv.errors import UsageError
from dlconv.net.sources import REMOTE_SCHEMES, local_path
from dlconv.release.publish.target import Target

FORMS = "DIR, URL, github:OWNER/REPO, hf:OWNER/NAME, npm:NAME or oci:HOST/REPO"
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)", re.DOTALL)


def choose_target(text: str) -> Target:
    """Return the target that a text means: a folder, an fsspec URL, or one of ``FORMS``.

    Raises UsageError for an invalid target, DlconvError where its token or its library is missing.
    """
    if "\0" in text:
        raise UsageError(f"{text!r} contains a NUL character", f"give {FORMS}")
    match = SCHEME.fullmatch(text)
    if match is None:
        return _folder(Path(text))
    if shown(text) != text:
        raise UsageError("a target holds no password", "put it into the environment")
    scheme, rest = match[1].lower(), match[2]
    if not rest.startswith("//"):
        return _service(scheme, rest)
    if scheme in REMOTE_SCHEMES:
        raise UsageError(f"a release cannot be written to {scheme}:", f"give {FORMS}")
    if complaint := _complaint_about(text):
        raise UsageError(f"{text} is not a URL: {complaint}", f"give {FORMS}")
    return _folder(local_path(text)) if scheme == "file" else _store(text)


def is_folder(text: str) -> bool:
    """Return whether a text is the path of a local folder."""
    return SCHEME.fullmatch(text) is None


def takes_one_model(text: str) -> bool:
    """Return whether a target can hold only one model (its versions)."""
    match = SCHEME.fullmatch(text)
    return match is not None and match[1].lower() in ("hf", "npm", "oci")


def _complaint_about(url: str) -> str:
    try:
        urlsplit(url)
    except ValueError as error:
        return str(error)
    return ""


def _folder(path: Path) -> Target:
    from dlconv.release.publish.folder import Folder

    return Folder(path)


def _store(url: str) -> Target:
    from dlconv.release.publish.store import Store

    return Store(url)


def _service(scheme: str, name: str) -> Target:
    if scheme == "github":
        from dlconv.release.publish.github import GitHub

        return GitHub(name)
    if scheme == "hf":
        from dlconv.release.publish.huggingface import HuggingFace

        return HuggingFace(name)
    if scheme == "npm":
        from dlconv.release.publish.npm import Npm

        return Npm(name)
    if scheme == "oci":
        from dlconv.release.publish.oci import Oci

        return Oci(name)
    raise UsageError(f"there is no target {scheme}:", f"give {FORMS}")
