"""Reading a registry file: TOML in, checked entries out.

Every entry is checked in full before it is used, so that a mistake in a file (an unknown key, a
digest of the wrong length, an undefined dataset) gives one line that names the file and the entry,
and not a surprise after a download.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from dlconv.addresses import complaint_about_secrets, shown
from dlconv.errors import DlconvError
from dlconv.net.sources import complaint_about, is_local
from dlconv.registry.entries import Colour, Dataset, Figure, Model, voc_colours
from dlconv.storage.digests import Size, check_form
from dlconv.storage.toml import Table, read_toml

HINT = "see dlconv/registry/registry.toml for entries of the right form"


def _all_different(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("the names must be different")
    return names


def _source(url: str) -> str:
    if complaint := complaint_about(url):
        raise ValueError(f"{shown(url)!r} {complaint}")
    if complaint := complaint_about_secrets(url):
        raise ValueError(
            f"{shown(url)!r} {complaint}, which would be published; a mirror may have it"
        )
    return url


def _local_source(url: str) -> str:
    if url and not is_local(_source(url)):
        raise ValueError("must be a file: or package: URL of a folder")
    return url


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
HexColour = Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$")]
AnyCase = Annotated[str, StringConstraints(to_lower=True)]
Digests = Annotated[dict[str, AnyCase], AfterValidator(check_form)]


class DatasetTable(Table):
    """A table [datasets.NAME]; ``colours`` is None for those of PASCAL VOC."""

    title: str | None = None
    classes: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_all_different)]
    colours: Annotated[
        tuple[HexColour, ...] | None, BeforeValidator(lambda v: None if v == "voc" else v)
    ]
    ignore_label: Annotated[int, Field(strict=True, ge=0)] | None = None
    terms: str = ""

    @model_validator(mode="after")
    def _every_class_has_a_colour(self) -> "DatasetTable":
        if self.colours is not None and len(self.colours) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes but {len(self.colours)} colours")
        return self


class ModelTable(Table):
    """A table [models.NAME]; ``dataset`` is the name of one."""

    url: Annotated[str, AfterValidator(_source)]
    dataset: str
    crop: tuple[Size, Size]
    licence: str = "unknown"
    tarball_bytes: Size | None = None
    tarball_about: str = ""
    tarball_digests: Digests = Field(default_factory=dict)
    graph_bytes: Size | None = None
    graph_digests: Digests = Field(default_factory=dict)
    miou: tuple[Figure, ...] = ()
    note: str = ""
    photos: Annotated[str, AfterValidator(_local_source)] = ""


class RegistryFile(Table):
    """All that a registry file may hold."""

    datasets: dict[Name, DatasetTable] = Field(default_factory=dict)
    models: dict[Name, ModelTable] = Field(default_factory=dict)


def read_registry_file(
    path: Path, known_datasets: Mapping[str, Dataset]
) -> tuple[dict[str, Dataset], dict[str, Model]]:
    """Return the datasets and the models that a registry file defines.

    A model may name a dataset of the file or one of ``known_datasets``. Raises DlconvError.
    """
    file = read_toml(path, RegistryFile, HINT)
    datasets = {name: _dataset(name, table) for name, table in file.datasets.items()}
    every_dataset = {**known_datasets, **datasets}
    for name, table in file.models.items():
        if table.dataset not in every_dataset:
            known = ", ".join(sorted(every_dataset))
            reason = f"unknown dataset {table.dataset!r}; known are {known}"
            raise DlconvError(f"{path}: [models.{name}]: dataset: {reason}", HINT)
    return datasets, {name: _model(name, t, every_dataset) for name, t in file.models.items()}


def _dataset(name: str, table: DatasetTable) -> Dataset:
    title = name if table.title is None else table.title
    colours = voc_colours(len(table.classes))
    if table.colours is not None:
        colours = tuple(_colour(text) for text in table.colours)
    return Dataset(name, title, table.classes, colours, table.ignore_label, table.terms)


def _colour(text: str) -> Colour:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _model(name: str, table: ModelTable, datasets: Mapping[str, Dataset]) -> Model:
    return Model(**{**dict(table), "name": name, "dataset": datasets[table.dataset]})
