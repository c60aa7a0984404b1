"""Sources: the URLs that a model may come from.

A source is an ``http:`` or ``https:`` URL, a ``file:`` URL, or ``package:`` followed by a path
inside this package. The last two are local: they need no network, and a mirror, which stands in
for the host of an http source and keeps its path, leaves them alone.
"""

import os
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from dlconv.addresses import shown
from dlconv.errors import DlconvError, UsageError

REMOTE_SCHEMES = ("http", "https")
LOCAL_SCHEMES = ("file", "package")
PACKAGE_FOLDER = Path(__file__).parents[1]


def is_local(url: str) -> bool:
    """Tell whether a source is read from this computer's disk."""
    return scheme_of(url) in LOCAL_SCHEMES


def is_packaged(url: str) -> bool:
    """Tell whether a source is a file of this package."""
    return scheme_of(url) == "package"


def scheme_of(url: str) -> str:
    """Return the scheme of a URL in lower case, or "" if there is none."""
    scheme, colon, _ = url.partition(":")
    return scheme.lower() if colon else ""


def complaint_about(url: str) -> str:
    """Return what is wrong with a source in a few words, or "" if nothing is."""
    if not url.isprintable() or " " in url:
        return "has spaces or control characters"
    scheme = scheme_of(url)
    if scheme == "package":
        return "" if _is_below_package(url) else "leaves the package"
    parts = _split(url)
    if parts is None:
        return "is not a URL"
    if scheme == "file":
        is_absolute = parts.netloc in ("", "localhost") and parts.path.startswith("/")
        if b"\0" in unquote_to_bytes(parts.path):
            return "contains a NUL character"
        return "" if is_absolute else "is not of the form file:///path"
    if scheme not in REMOTE_SCHEMES:
        return "is not an http, https, file or package URL"
    return "" if parts.hostname and len(parts.path) > 1 else "lacks a host or a path"


def local_path(url: str) -> Path:
    """Return the path that a ``file:`` or ``package:`` source names.

    Raises DlconvError for any other source.
    """
    if complaint := complaint_about(url):
        raise DlconvError(f"{shown(url)} {complaint}")
    if is_packaged(url):
        return PACKAGE_FOLDER / url.partition(":")[2]
    if is_local(url):
        return Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path)))
    raise DlconvError(f"{url} is not a local file")


def mirrored(url: str, mirror: str | None) -> str:
    """Return ``url`` with its scheme and host replaced by ``mirror``; local sources stay.

    The mirror's query, a token perhaps, goes to the end.

    Raises UsageError for a mirror that is not an http, https or file URL.
    """
    if mirror is None:
        return url
    place, question, query = mirror.partition("?")
    place = place.rstrip("/")
    if scheme_of(mirror) not in (*REMOTE_SCHEMES, "file") or complaint_about(f"{place}/x?{query}"):
        # It may be an address but for its scheme, with a password nevertheless.
        named = shown(f"http://{mirror}").removeprefix("http://")
        raise UsageError(
            f"the mirror {named!r} is not an http, https or file URL",
            "for a folder on this computer write file:///path/to/folder",
        )
    if is_local(url):
        return url
    return f"{place}{urlsplit(url).path}{question}{query}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_below_package(url: str) -> bool:
    path = PurePosixPath(url.partition(":")[2])
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
