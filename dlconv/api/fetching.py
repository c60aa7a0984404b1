"""Listing models, and fetching one."""

from pathlib import Path

from dlconv.cache.store import FetchedModel
from dlconv.fetch import fetch as fetching
from dlconv.progress import ByteProgress, Say, no_progress
from dlconv.registry.entries import Model
from dlconv.registry.models import DEFAULT_MODEL as DEFAULT_MODEL
from dlconv.registry.models import load_registry


def models(name: str | None = None, *, registry: Path | None = None) -> list[Model]:
    """Return the entries of all models that can be fetched, or of the one with a name.

    Raises DlconvError for an unknown name, and an invalid registry file.

    >>> [each.crop for each in api.models("sample")]
    [(129, 129)]
    """
    known = load_registry(registry)
    return list(known.models.values()) if name is None else [known.find(name)]


def fetch(
    name: str | None = None,
    *,
    registry: Path | None = None,
    mirror: str | None = None,
    offline: bool = False,
    force: bool = False,
    lock: Path | None = None,
    progress: ByteProgress = no_progress,
    say: Say = no_progress,
) -> FetchedModel:
    """Download a model's frozen graph into the cache, unless it is there; return its record.

    Without a ``name`` it is the default model. ``mirror`` replaces the scheme and host of its
    address, ``offline`` forbids the network, ``force`` downloads it again. ``lock`` is the file
    with the digests of models for which none is published. ``progress`` opens a display of the
    bytes done and in total, ``say`` gets lines for a person.

    Raises DlconvError when the model is unknown, cannot be downloaded or has a wrong digest; after
    any failure the cache is as it was before.

    >>> api.fetch("sample").graph_path.name
    'a6cbf551639f1a1a4edba0a2e8b3302af7435ce8785187302ed604ff6de30c09.pb'
    """
    model = load_registry(registry).find(name or DEFAULT_MODEL)
    return fetching.fetch(
        model,
        mirror=mirror,
        offline=offline,
        force=force,
        lock=lock,
        progress=progress,
        say=say,
    )
