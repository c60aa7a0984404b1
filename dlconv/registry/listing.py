"""The registry's models, as data for scripts and as a table for people."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType

from dlconv.cache.store import read_record
from dlconv.registry.entries import Model
from dlconv.terminal.tables import Table


def as_data(models: Iterable[Model]) -> list[dict[str, Any]]:
    """Return every entry as plain data; ``fetched`` says whether the cache has it."""
    return [
        {**dataclasses.asdict(model), "fetched": read_record(model.name) is not None}
        for model in models
    ]


def table(models: Iterable[Model]) -> RenderableType:
    """Return a table with a row for each model; the mIoU is the best that is published."""
    listing = Table()
    listing.add_column("model", no_wrap=True)
    listing.add_column("dataset")
    for column in ("crop", "tarball", "mIoU %"):
        listing.add_column(column, justify="right", no_wrap=True)
    listing.add_column("fetched")
    for model in models:
        listing.add_row(
            model.name,
            f"{model.dataset.title}: {len(model.dataset.classes)} classes",
            _crop(model),
            _size(model),
            " / ".join(f"{figure.percent:.1f}" for figure in model.miou),
            "yes" if read_record(model.name) else "",
        )
    return listing


def details(model: Model) -> RenderableType:
    """Return all that the registry knows of one model."""
    facts = Table(show_header=False)
    facts.add_row("model", model.name)
    facts.add_row("tarball", model.url)
    facts.add_row("size", _size(model) or "unknown")
    for what, digests in (("tarball", model.tarball_digests), ("graph", model.graph_digests)):
        for algorithm, digest in digests.items():
            facts.add_row(f"{algorithm} of the {what}", digest)
    facts.add_row("dataset", model.dataset.title)
    if model.dataset.terms:
        facts.add_row("terms of the dataset", model.dataset.terms)
    facts.add_row("classes", ", ".join(model.dataset.classes))
    facts.add_row("crop", _crop(model))
    facts.add_row("licence", model.licence)
    for figure in model.miou:
        facts.add_row("mIoU", f"{figure.percent:g} %: {figure.protocol}")
    if model.note:
        facts.add_row("note", model.note)
    return facts


def _crop(model: Model) -> str:
    return "{} x {}".format(*model.crop)


def _size(model: Model) -> str:
    if model.tarball_bytes is not None:
        return f"{model.tarball_bytes / 1e6:.1f} MB"
    return model.tarball_about and f"about {model.tarball_about}"
