"""Fetching a model: from its name's entry to an intact frozen graph in the cache.

What to do is decided by a pure function before anything is touched. A download is checked against
every digest known, unpacked, checked again, compared with the lock file, and only then takes its
place; until then the model is what it was. One process at a time fetches a model; others wait and
then find it done.
"""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from dlconv.cache import store
from dlconv.cache.one_at_a_time import one_at_a_time
from dlconv.cache.store import FetchedModel
from dlconv.errors import DlconvError
from dlconv.fetch.unpack import extract_frozen_graph
from dlconv.net.download import Downloaded, download
from dlconv.net.patience import WITH_DOWNLOADS, Patience
from dlconv.net.sources import is_local, is_packaged, local_path, mirrored
from dlconv.progress import ByteProgress, Say, no_progress
from dlconv.registry.entries import Model
from dlconv.registry.lock import LockEntry, check_or_record, default_lock_path, read_lock
from dlconv.storage.digests import BadContent, check, measure
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import digest_of, remove_leftovers


class Action(Enum):
    """What a fetch is going to do."""

    USE_CACHED = "use the cached graph"
    DOWNLOAD = "read the source"
    REFUSE = "refuse: a download is needed, but offline"


def decide(
    model: Model,
    source: str,
    record: FetchedModel | None,
    is_intact: bool,
    *,
    offline: bool = False,
    force: bool = False,
) -> Action:
    """Decide what a fetch of ``model`` from ``source`` does; touches nothing.

    ``record`` is what the cache knows of the model, ``is_intact`` says that its graph was read and
    has its digest. A packaged model is read anew each time: an upgrade may contain another one.
    """
    is_usable = record is not None and is_intact and _is_same(model, record)
    if is_usable and not force and not is_packaged(source):
        return Action.USE_CACHED
    if offline and not is_local(source):
        return Action.REFUSE
    return Action.DOWNLOAD


def fetch(
    model: Model,
    *,
    mirror: str | None = None,
    offline: bool = False,
    force: bool = False,
    lock: Path | None = None,
    progress: ByteProgress = no_progress,
    say: Say = no_progress,
    patience: Patience = WITH_DOWNLOADS,
) -> FetchedModel:
    """Download a model's frozen graph into the cache, unless it is there, and return it.

    ``mirror`` replaces scheme and host of an http(s) source. ``offline`` forbids the network,
    ``force`` the cache. ``lock`` is the lock file for models without a strong digest, by default
    the user's. ``say`` gets a line when the fetch waits for another one, or notes a new model in
    the lock file. Raises DlconvError; after any failure the cache holds what it held before.
    """
    source = mirrored(model.url, mirror)
    lock = lock or default_lock_path()
    waiting = f"waiting for another process that fetches {model.name}"
    with one_at_a_time(f"model-{model.name}", waiting, say):
        record = store.read_record(model.name)
        is_intact = record is not None and store.find_graph(record.graph.sha256) is not None
        action = decide(model, source, record, is_intact, offline=offline, force=force)
        if action is Action.REFUSE:
            raise _refusal(model)
        if action is Action.USE_CACHED and record is not None:
            _compare_with_lock(model, record, lock, say)
        else:
            record = _read_source(model, source, lock, progress, say, patience)
        store.set_last(model.name)
        return record


def find_fetched(
    model: Model, mirror: str | None = None, lock: Path | None = None
) -> FetchedModel | None:
    """Return the cache's copy of a model if a fetch would give the same, or None.

    The network is not used. Raises DlconvError for an invalid mirror or lock file.
    """
    source = mirrored(model.url, mirror)
    record = store.graph_for(model.name)
    if record is None or not _is_same(model, record):
        return None
    if is_packaged(source):
        return record if digest_of(local_path(source)) == record.tarball.sha256 else None
    if model.is_pinned:
        return record
    known = read_lock(lock or default_lock_path()).get(model.name)
    return record if known == _lock_entry(model, record) else None


def _read_source(
    model: Model,
    source: str,
    lock: Path,
    progress: ByteProgress,
    say: Say,
    patience: Patience,
) -> FetchedModel:
    """Download a model and store it; start over once if a resumed download is damaged."""
    tarball = store.downloads_folder() / f"{model.name}.tar.gz"
    is_verified = model.tarball_bytes is not None and bool(model.tarball_digests)

    def downloaded() -> Downloaded:
        return download(
            source,
            tarball,
            model.tarball_bytes,
            verified=is_verified,
            progress=progress,
            patience=patience,
        )

    arrived = downloaded()
    try:
        return _check_and_store(model, arrived.path, lock, say)
    except BadContent:
        if not arrived.resumed:
            raise
    say(f"the resumed download of {model.name} is damaged: downloading it from the start")
    return _check_and_store(model, downloaded().path, lock, say)


def _check_and_store(model: Model, tarball: Path, lock: Path, say: Say) -> FetchedModel:
    """Check a complete tarball, put its graph in place and record it; the tarball is removed."""
    graph = tarball.with_name(f"{model.name}.pb")
    remove_leftovers(graph)
    try:
        with disk_trouble(tarball):
            measured_tarball = measure(tarball, model.tarball_digests)
        what = f"{model.name}: the tarball"
        check(what, measured_tarball, model.tarball_bytes, model.tarball_digests)
        extract_frozen_graph(tarball, graph)
        with disk_trouble(graph):
            measured_graph = measure(graph, model.graph_digests)
        what = f"{model.name}: the frozen graph"
        check(what, measured_graph, model.graph_bytes, model.graph_digests)
        fetched = FetchedModel(model.name, model.url, measured_tarball, measured_graph)
        _compare_with_lock(model, fetched, lock, say)
        store.adopt_graph(graph, fetched.graph.sha256)
        store.write_record(fetched)
        return fetched
    finally:
        tarball.unlink(missing_ok=True)
        graph.unlink(missing_ok=True)


def _compare_with_lock(model: Model, fetched: FetchedModel, lock: Path, say: Say) -> None:
    if model.is_pinned or is_packaged(model.url):
        return
    if check_or_record(lock, model.name, _lock_entry(model, fetched)):
        say(
            f"no strong digest of {model.name} is published: its SHA-256 is now recorded in {lock} "
            "and compared from here on"
        )


def _lock_entry(model: Model, fetched: FetchedModel) -> LockEntry:
    return LockEntry(
        url=model.url,
        tarball_bytes=fetched.tarball.size,
        tarball_sha256=fetched.tarball.sha256,
        graph_bytes=fetched.graph.size,
        graph_sha256=fetched.graph.sha256,
    )


def _is_same(model: Model, record: FetchedModel) -> bool:
    """Tell whether a record fits the model's entry in the registry."""
    return (
        model.url == record.url
        and model.tarball_bytes in (None, record.tarball.size)
        and model.graph_bytes in (None, record.graph.size)
        and _are_within(model.tarball_digests, record.tarball.digests)
        and _are_within(model.graph_digests, record.graph.digests)
    )


def _are_within(known: Mapping[str, str], recorded: Mapping[str, str]) -> bool:
    return all(recorded.get(algorithm) == digest for algorithm, digest in known.items())


def _refusal(model: Model) -> DlconvError:
    return DlconvError(
        f"the cache has no usable copy of {model.name}, and it may not be downloaded now",
        "fetch it once with a network, or from a mirror such as file:///folder",
        code="offline",
        model=model.name,
    )
