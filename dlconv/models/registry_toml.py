"""Reading a registry file: TOML in, checked entries out.

Every entry is checked in full before it is used, so that a slip in a file (an unknown key, a digest
of the wrong length, a dataset nobody defines) is one line that names the file and the entry, and
never a surprise after a download.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from dlconv.errors import DlconvError
from dlconv.models.digests import HEX_LENGTHS, is_hex_digest
from dlconv.models.entries import Colour, Dataset, Figure, Model, voc_colours
from dlconv.models.sources import complaint_about, is_local
from dlconv.models.toml import read_toml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
HINT = "see dlconv/models/registry.toml for entries of the right form"


def read_registry_file(
    path: Path, known_datasets: Mapping[str, Dataset]
) -> tuple[dict[str, Dataset], dict[str, Model]]:
    """Return the datasets and the models that a registry file defines.

    A model may name a dataset of the file or one of ``known_datasets``. Raises DlconvError.
    """
    content = read_toml(path)
    top = _Table(path, "the top level", content)
    datasets = {name: _dataset(table) for name, table in top.tables("datasets")}
    every_dataset = {**known_datasets, **datasets}
    models = {name: _model(table, every_dataset) for name, table in top.tables("models")}
    top.expect_nothing_else()
    return datasets, models


def _dataset(table: "_Table") -> Dataset:
    classes = table.texts("classes")
    if not classes or len(set(classes)) != len(classes):
        table.fail("classes must be a list of different names")
    dataset = Dataset(
        name=table.name,
        title=table.text("title", table.name),
        classes=classes,
        colours=_colours(table, len(classes)),
        ignore_label=table.whole("ignore_label", least=0),
    )
    table.expect_nothing_else()
    return dataset


def _colours(table: "_Table", count: int) -> tuple[Colour, ...]:
    if table.peek("colours", "voc") == "voc":
        table.take("colours")
        return voc_colours(count)
    colours = table.texts("colours")
    if len(colours) != count:
        table.fail(f"{count} classes but {len(colours)} colours")
    for colour in colours:
        if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            table.fail(f"the colour {colour!r} is not of the form #rrggbb")
    return tuple((int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16)) for c in colours)


def _model(table: "_Table", datasets: Mapping[str, Dataset]) -> Model:
    dataset = table.text("dataset")
    if dataset not in datasets:
        table.fail(f"unknown dataset {dataset!r}; known are {', '.join(sorted(datasets))}")
    model = Model(
        name=table.name,
        url=_url(table, "url", table.text("url")),
        dataset=datasets[dataset],
        crop=_crop(table),
        licence=table.text("licence", "unknown"),
        tarball_bytes=table.whole("tarball_bytes", least=1),
        tarball_about=table.text("tarball_about", ""),
        tarball_digests=_digests(table, "tarball_digests"),
        graph_bytes=table.whole("graph_bytes", least=1),
        graph_digests=_digests(table, "graph_digests"),
        miou=_figures(table),
        note=table.text("note", ""),
        photos=_photos(table),
    )
    table.expect_nothing_else()
    return model


def _url(table: "_Table", key: str, url: str) -> str:
    if complaint := complaint_about(url):
        table.fail(f"{key} {url!r} {complaint}")
    return url


def _photos(table: "_Table") -> str:
    photos = table.text("photos", "")
    if photos and not is_local(_url(table, "photos", photos)):
        table.fail("photos must be a file: or package: URL of a folder")
    return photos


def _crop(table: "_Table") -> tuple[int, int]:
    crop = table.take("crop")
    if isinstance(crop, list) and len(crop) == 2 and all(_is_whole(n) and n > 0 for n in crop):
        return crop[0], crop[1]
    table.fail("crop must be [height, width] in pixels")


def _digests(table: "_Table", key: str) -> dict[str, str]:
    digests = table.take(key, {})
    if not isinstance(digests, dict):
        table.fail(f'{key} must be a table such as {{ sha256 = "..." }}')
    for algorithm, digest in digests.items():
        if algorithm not in HEX_LENGTHS:
            table.fail(
                f"{key}: unknown algorithm {algorithm!r}; known are {', '.join(HEX_LENGTHS)}"
            )
        if not isinstance(digest, str) or not is_hex_digest(algorithm, digest.lower()):
            table.fail(f"{key}: {algorithm} must be {HEX_LENGTHS[algorithm]} hex digits")
    return {algorithm: digest.lower() for algorithm, digest in digests.items()}


def _figures(table: "_Table") -> tuple[Figure, ...]:
    figures = table.take("miou", [])
    if not isinstance(figures, list) or not all(_is_figure(figure) for figure in figures):
        table.fail("miou must be a list of { percent = 0 to 100, protocol = text }")
    return tuple(Figure(float(f["percent"]), f["protocol"]) for f in figures)


def _is_figure(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"percent", "protocol"}:
        return False
    percent, protocol = value["percent"], value["protocol"]
    is_number = isinstance(percent, float) or _is_whole(percent)
    return is_number and 0 <= percent <= 100 and isinstance(protocol, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class _Table:
    """A TOML table whose keys are taken one by one, so that those left over are known."""

    def __init__(self, path: Path, label: str, content: Mapping[str, Any], name: str = "") -> None:
        self.path, self.label, self.name = path, label, name
        self._left = dict(content)

    def fail(self, reason: str) -> NoReturn:
        raise DlconvError(f"{self.path}: {self.label}: {reason}", HINT)

    def peek(self, key: str, default: object) -> object:
        return self._left.get(key, default)

    def take(self, key: str, *default: object) -> Any:
        if key not in self._left and not default:
            self.fail(f"{key} is missing")
        return self._left.pop(key, *default)

    def text(self, key: str, *default: str) -> str:
        value = self.take(key, *default)
        text: str = self._checked(key, value, lambda v: isinstance(v, str), "text")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        def is_texts(value: object) -> bool:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)

        return tuple(self._checked(key, self.take(key), is_texts, "a list of texts"))

    def whole(self, key: str, least: int) -> int | None:
        if key not in self._left:
            return None
        is_fine: Callable[[Any], bool] = lambda v: _is_whole(v) and v >= least  # noqa: E731
        number: int = self._checked(key, self.take(key), is_fine, f"a whole number from {least}")
        return number

    def tables(self, key: str) -> "list[tuple[str, _Table]]":
        tables = self._checked(key, self.take(key, {}), lambda v: isinstance(v, dict), "a table")
        return [(name, self._named(key, name, content)) for name, content in tables.items()]

    def expect_nothing_else(self) -> None:
        if self._left:
            self.fail(f"unknown key {', '.join(repr(key) for key in sorted(self._left))}")

    def _named(self, kind: str, name: str, content: object) -> "_Table":
        label = f"[{kind}.{name}]"
        if not NAME.fullmatch(name):
            self.fail(f"{name!r} is not a name of letters, digits and _ . -")
        if not isinstance(content, dict):
            self.fail(f"{label} must be a table")
        return _Table(self.path, label, content, name)

    def _checked(self, key: str, value: Any, is_fine: Callable[[Any], bool], form: str) -> Any:
        if not is_fine(value):
            self.fail(f"{key} must be {form}")
        return value
