"""``dlconv.toml``: what a project makes of which models, and which floors that has to reach.

The file is found from the working folder upwards. Paths in it are relative to it; what is built is
beside it, in ``artifacts/`` and ``release/``. ``[defaults]`` apply to every model that does not
override them. A mistake is reported in one line that names the file, the table and the key.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from dlconv.errors import DlconvError, UsageError
from dlconv.recipe import PRECISIONS, Target, parse_size, precision_of
from dlconv.registry.toml import Name
from dlconv.release.pack import VERSION
from dlconv.runtimes.catalogue import parse_choice
from dlconv.storage.toml import Table, read_toml

CONFIG_NAME = "dlconv.toml"
TEMPLATE = Path(__file__).with_name("template.toml")
HINT = "dlconv init writes a commented one"


def _size(value: Any) -> tuple[int, int] | None:
    if value == "any":
        return None
    try:
        return parse_size(str(value))
    except UsageError as error:
        raise ValueError('takes "any", a number of pixels or "HEIGHTxWIDTH"') from error


def _runtime(word: str) -> str:
    try:
        return parse_choice(word).spec
    except UsageError as error:
        raise ValueError(error.message) from error


def _precision(word: Any) -> str:
    """Accept any word for a precision, and 0, 1 and 2 without quotes as well."""
    text = str(word)
    if not isinstance(word, str | int) or all(
        precision_of(text, target) is None for target in PRECISIONS
    ):
        known = {each.value: None for precisions in PRECISIONS.values() for each in precisions}
        raise ValueError(f"takes {', '.join(known)}, not {word!r}")
    return text


def _path(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("contains a NUL character")
    return path


def _version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise ValueError(f"invalid version {text!r}; give one such as 1.2.0")
    return text


PrecisionWord = Annotated[str, BeforeValidator(_precision)]
Size = Annotated[tuple[int, int] | None, BeforeValidator(_size)]
Place = Annotated[Path, AfterValidator(_path)]
Runtime = Annotated[str, AfterValidator(_runtime)]
Share = Annotated[float, Field(ge=0, le=1)]


class Wanted(Table):
    """What is made of a model: each target at each precision that it has, in each size.

    ``photos`` are what artifacts are checked on, by default the registry's; ``calibrate`` are
    photos for quantization, by default generated images; an input size is (height, width), None for
    any up to the crop; ``runtimes`` are by default those of each target.
    """

    targets: Annotated[tuple[Target, ...], Field(min_length=1)] = ("tfjs", "onnx")
    precisions: Annotated[tuple[PrecisionWord, ...], Field(min_length=1)] = ("float32",)
    input_sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = (None,)
    photos: tuple[Place, ...] = ()
    calibrate: tuple[Place, ...] = ()
    runtimes: tuple[Runtime, ...] = ()


class ModelTable(Wanted):
    """A table [models.NAME]; ``graph`` is the frozen graph of a model that the registry lacks.

    ``classes`` is a dataset's name, or a text file with a class on each line.
    """

    graph: Place | None = None
    classes: str | None = None


class FloorsTable(Table):
    """A table [floors.NAME], of a precision or an artifact; None keeps the precision's default."""

    agreement: Share | None = None
    worst: Share | None = None
    miou: Share | None = None


class ReleaseTable(Table):
    """The table [release]: a release of each model, at this version."""

    version: Annotated[str, AfterValidator(_version)]


class PublishTable(Table):
    """The table [publish]: where releases go, as ``dlconv publish`` takes it."""

    targets: tuple[str, ...] = ()


class ConfigFile(Table):
    """The contents of the file."""

    defaults: Wanted = Wanted()
    models: Annotated[dict[Name, ModelTable], Field(min_length=1)]
    floors: dict[str, FloorsTable] = Field(default_factory=dict)
    release: ReleaseTable | None = None
    publish: PublishTable = PublishTable()


@dataclass(frozen=True)
class Config:
    """A project's configuration, and the path of its file."""

    path: Path
    models: Mapping[str, ModelTable]
    floors: Mapping[str, FloorsTable]
    release: ReleaseTable | None
    publish: PublishTable

    @property
    def folder(self) -> Path:
        """The folder that its paths are relative to."""
        return self.path.parent

    def error(self, entry: str, reason: str) -> DlconvError:
        """Return the error for an entry."""
        return DlconvError(f"{self.path}: [{entry}]: {reason}", HINT)


def find_config(start: Path) -> Path:
    """Return the file in a folder or the nearest one above it. Raises UsageError without any."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    raise UsageError(f"there is no {CONFIG_NAME} in {start} or above it", "write one: dlconv init")


def read_config(path: Path) -> Config:
    """Read a file. Raises DlconvError for one that cannot be read or has a mistake."""
    path = path.absolute()
    file = read_toml(path, ConfigFile, HINT)
    models = {name: _over(file.defaults, table) for name, table in file.models.items()}
    return Config(path, models, file.floors, file.release, file.publish)


def _over(defaults: Wanted, model: ModelTable) -> ModelTable:
    given = {name: getattr(model, name) for name in model.model_fields_set}
    return ModelTable.model_construct(**{**dict(defaults), **given})


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown word: the nearest that is known, or all."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def write_template(folder: Path) -> Path:
    """Write a commented file into a folder. Raises UsageError where there is one already."""
    target = folder / CONFIG_NAME
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise UsageError(f"{target} is there already", "change it, or remove it first") from error
    except OSError as error:
        raise DlconvError(f"cannot write {target}: {error.strerror}") from error
    return target
