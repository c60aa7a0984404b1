"""The registry's models, as data for scripts and as a table for people."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table

from dlconv.models.entries import Model
from dlconv.models.store import read_record


def as_data(models: Iterable[Model]) -> list[dict[str, Any]]:
    """Return every entry as plain data; ``fetched`` says whether the cache knows it."""
    return [
        {**dataclasses.asdict(model), "fetched": read_record(model.name) is not None}
        for model in models
    ]


def table(models: Iterable[Model]) -> RenderableType:
    """Return a table with a row for each model."""
    listing = Table(box=box.SIMPLE_HEAD)
    for column in ("model", "dataset", "classes", "crop", "tarball", "published mIoU", "fetched"):
        listing.add_column(column)
    for model in models:
        listing.add_row(
            model.name,
            model.dataset.title,
            str(len(model.dataset.classes)),
            "{} x {}".format(*model.crop),
            _size(model),
            "; ".join(f"{figure.percent:g} % ({figure.protocol})" for figure in model.miou),
            "yes" if read_record(model.name) else "",
        )
    return listing


def _size(model: Model) -> str:
    if model.tarball_bytes is not None:
        return f"{model.tarball_bytes:,} bytes"
    return model.tarball_about and f"about {model.tarball_about}"
