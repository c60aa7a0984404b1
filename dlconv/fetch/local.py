"""A local path for a model that is named by an address, or lies in a tarball.

A model may be several files: those that a model.json names are fetched, too. Whatever had to be
fetched or unpacked is in a temporary folder, which is removed when the reader is done.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from dlconv.addresses import shown
from dlconv.errors import DlconvError
from dlconv.fetch import unpack
from dlconv.formats.layout_2018 import GRAPH_NAME, WEIGHTS_NAME
from dlconv.formats.tfjs_weights import parse_groups
from dlconv.net.download import download
from dlconv.net.sources import REMOTE_SCHEMES, complaint_about, local_path, scheme_of
from dlconv.progress import ByteProgress
from dlconv.storage.disk import DiskError
from dlconv.terminal.progress import show_progress

TARBALL_SUFFIXES = (".tar.gz", ".tgz")
MOST_JSON_BYTES = 128 << 20
MOST_SHARDS = 1000
MOST_NAME_CHARACTERS = 100
MOST_SHARD_BYTES = 2 << 30
HINT = "check the address"

ShowProgress = Callable[[str], AbstractContextManager[ByteProgress]]


def is_address(spec: str) -> bool:
    """Tell whether a model is named by an http, https or file URL."""
    return scheme_of(spec) in (*REMOTE_SCHEMES, "file")


def is_tarball(path: Path) -> bool:
    """Tell by its name whether a file is a zoo tarball."""
    return path.name.endswith(TARBALL_SUFFIXES)


@contextmanager
def local_model(spec: str, show: ShowProgress = show_progress) -> Iterator[Path]:
    """Yield the path of the model that ``spec``, a path or an address, names.

    Of a tarball, that is its frozen graph. Raises DlconvError when it cannot be fetched or
    unpacked.
    """
    if not is_address(spec) and not is_tarball(Path(spec)):
        yield Path(spec)
        return
    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        path = _fetched(spec, Path(folder), show) if is_address(spec) else Path(spec)
        yield _unpacked(path, Path(folder)) if is_tarball(path) and path.is_file() else path


def _fetched(url: str, folder: Path, show: ShowProgress) -> Path:
    if complaint := complaint_about(url):
        raise DlconvError(f"{shown(url)} {complaint}", HINT)
    if scheme_of(url) == "file":
        return local_path(url)
    entry = folder / _name_in(url)
    _fetch(url, entry, show)
    if entry.name == GRAPH_NAME:
        _fetch(urljoin(url, WEIGHTS_NAME), folder / WEIGHTS_NAME, show)
        _fetch_shards(url, folder / WEIGHTS_NAME, show)
    elif entry.name == WEIGHTS_NAME:
        _fetch(urljoin(url, GRAPH_NAME), folder / GRAPH_NAME, show)
        _fetch_shards(url, entry, show)
    elif entry.suffix == ".json":
        _fetch_shards(url, entry, show)
    return entry


def _name_in(url: str) -> str:
    """Return a name for a file from the last part of an address, with the ending of its format."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[-MOST_NAME_CHARACTERS:].lstrip(".")
    return plain or "model"


def fetch_file(
    url: str,
    path: Path,
    progress: ByteProgress,
    expected_bytes: int | None = None,
    most_bytes: int | None = None,
) -> None:
    """Download an address that the user gave, or one that follows from it, to ``path``.

    Raises DlconvError, also for a size other than ``expected_bytes`` or above ``most_bytes``.
    """
    try:
        download(url, path, expected_bytes, most_bytes=most_bytes, progress=progress)
    except DiskError:
        raise
    except DlconvError as error:
        raise DlconvError(error.message, HINT) from error


def _fetch(url: str, path: Path, show: ShowProgress) -> None:
    with show(path.name) as progress:
        fetch_file(url, path, progress)


def _fetch_shards(url: str, manifest: Path, show: ShowProgress) -> None:
    """Fetch the files that a model.json, or a manifest of weights, names beside itself."""
    groups = parse_groups(_weights_in(manifest, url), url)
    names = [name for group in groups for name in group.paths]
    needed = sum(weight.bytes for group in groups for weight in group.weights)
    if len(names) > MOST_SHARDS or needed > MOST_SHARD_BYTES:
        raise DlconvError(
            f"{url} names {len(names):,} shards of {needed:,} bytes, which is too much"
        )
    for name in names:
        _fetch(urljoin(url, name), manifest.parent / name, show)
        needed -= (manifest.parent / name).stat().st_size
        if needed < 0:
            raise DlconvError(f"{url}: the shards hold more than their weights take")


def _weights_in(path: Path, url: str) -> object:
    """Return the manifest of weights, as JSON."""
    if path.stat().st_size > MOST_JSON_BYTES:
        raise DlconvError(
            f"{url} is larger than {MOST_JSON_BYTES:,} bytes, too large for a manifest"
        )
    try:
        content = json.loads(path.read_bytes())
        return content["weightsManifest"] if isinstance(content, dict) else content
    except (ValueError, LookupError, RecursionError) as error:
        raise DlconvError(f"{url} is not the model.json of a TF.js graph model") from error


def _unpacked(tarball: Path, folder: Path) -> Path:
    name = tarball.name
    for suffix in TARBALL_SUFFIXES:
        name = name.removesuffix(suffix)
    graph = folder / f"{name}.frozen" / unpack.GRAPH_NAME
    graph.parent.mkdir()
    unpack.extract_frozen_graph(tarball, graph)
    return graph
