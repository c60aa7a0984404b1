"""The tasks of a build's steps. A task is self-contained: a separate process can do it.

A task is sent to its process as JSON, and the answer comes back. Paths are absolute; the artifacts
and releases of a build are below its root.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import read_artifact
from dlconv.cache import store
from dlconv.convert.convert import convert
from dlconv.errors import DlconvError
from dlconv.fetch.fetch import fetch
from dlconv.fetch.find import find_frozen_graph
from dlconv.formats.frozen_graph import read_graph
from dlconv.recipe import Recipe
from dlconv.registry.models import Model, load_registry
from dlconv.release.document import SUMS_NAME
from dlconv.release.evidence import evidence_path, keep_evidence
from dlconv.release.pack import pack
from dlconv.runtimes.catalogue import parse_choices
from dlconv.storage.files import digest_of
from dlconv.verify.calibration import photos_for
from dlconv.verify.choose import choose_photos
from dlconv.verify.floors import GivenFloors
from dlconv.verify.photos import find_photos
from dlconv.verify.reports.files import write_reports
from dlconv.verify.result import ArtifactResult
from dlconv.verify.verify import verify_artifacts
from dlconv.verify.written import check_written


@dataclass(frozen=True)
class Access:
    """How models are found and fetched: an additional registry file, and options of fetch."""

    registry: Path | None = None
    mirror: str | None = None
    offline: bool = False
    lock: Path | None = None


@dataclass(frozen=True)
class Origin:
    """Where a model comes from; ``graph`` is the file of one that the registry lacks.

    ``classes`` are the names of its classes, if the project says them.
    """

    model: str
    graph: Path | None
    access: Access
    classes: tuple[str, ...] = ()

    @property
    def entry(self) -> Model | None:
        """Its entry of the registry. Raises DlconvError for an invalid registry file."""
        return load_registry(self.access.registry).models.get(self.model)

    def frozen(self) -> FrozenGraph:
        """Return the frozen graph, under the model's name. Raises DlconvError without one."""
        spec = self.model if self.graph is None else str(self.graph)
        found = find_frozen_graph(spec, load_registry(self.access.registry))
        source = replace(found.source, model=self.model)
        return replace(found, source=source, classes=self.classes or found.classes)


@dataclass(frozen=True)
class Fetch:
    """Bring a model's frozen graph into the cache."""

    origin: Origin
    kind: Literal["fetch"] = "fetch"


@dataclass(frozen=True)
class Convert:
    """Make an artifact in ``folder``, which its model and recipe name, calibrated on photos."""

    origin: Origin
    folder: Path
    recipe: Recipe
    calibrate: tuple[Path, ...]
    kind: Literal["convert"] = "convert"


@dataclass(frozen=True)
class Verify:
    """Check an artifact in runtimes (``NAME:BACKEND``), on photos or on those of its model."""

    origin: Origin
    folder: Path
    runtimes: tuple[str, ...]
    photos: tuple[Path, ...]
    floors: GivenFloors
    kind: Literal["verify"] = "verify"


@dataclass(frozen=True)
class Pack:
    """Put artifacts that passed into a release in ``folder``."""

    origin: Origin
    folder: Path
    artifacts: tuple[Path, ...]
    version: str
    kind: Literal["pack"] = "pack"


Task = Fetch | Convert | Verify | Pack
TASK: TypeAdapter[Task] = TypeAdapter(Annotated[Task, Field(discriminator="kind")])


@dataclass(frozen=True)
class Done:
    """What a task made: SHA-256 of files by path, total bytes, and the lowest mean agreement of all
    runtimes, if measured.
    """

    files: dict[Path, str]
    bytes: int = 0
    agreement: float | None = None


@dataclass(frozen=True)
class Answer:
    """What a task made, or why it failed; and its peak memory, in bytes."""

    done: Done | None = None
    error: str = ""
    memory: int = 0


ANSWER = TypeAdapter(Answer)


def do(task: Task) -> Done:
    """Do a task. Raises DlconvError."""
    if isinstance(task, Fetch):
        return _fetch(task.origin)
    if isinstance(task, Convert):
        return _convert(task)
    return _verify(task) if isinstance(task, Verify) else _pack(task)


def _fetch(origin: Origin) -> Done:
    if origin.graph is not None:
        read_graph(origin.graph)
        store.add_graph(origin.graph)
        return Done({}, origin.graph.stat().st_size)
    access = origin.access
    model = load_registry(access.registry).find(origin.model)
    fetched = fetch(model, mirror=access.mirror, offline=access.offline, lock=access.lock)
    return Done({}, fetched.graph.size)


def _convert(task: Convert) -> Done:
    photos = photos_for(find_photos(task.calibrate)) if task.calibrate else None
    made = convert(
        task.origin.frozen(),
        task.recipe,
        root=task.folder.parents[1],
        photos=photos,
        check=check_written,
    )
    return Done(_digests(made.artifact.directory.iterdir()), made.artifact.bytes)


def _verify(task: Verify) -> Done:
    artifact = read_artifact(task.folder)
    registry = load_registry(task.origin.access.registry)
    found = choose_photos(task.photos, [artifact], registry)
    choices = parse_choices(task.runtimes)
    photos = list(found.photos)
    results = verify_artifacts([artifact], photos, task.floors, choices, skipped=found.skipped)
    # Drop what earlier builds measured in runtimes that are no longer asked for.
    evidence_path(artifact).unlink(missing_ok=True)
    keep_evidence(results)
    write_reports(results, ())
    _check_passed(results)
    agreement = min(result.mean_agreement for result in results)
    return Done(_digests([evidence_path(artifact)]), artifact.bytes, agreement)


def _check_passed(results: Iterable[ArtifactResult]) -> None:
    failures = [f"{result.title}: {failure}" for result in results for failure in result.failures]
    if failures:
        raise DlconvError("; ".join(failures))


def _pack(task: Pack) -> Done:
    artifacts = [read_artifact(folder) for folder in task.artifacts]
    pack(artifacts, task.version, task.folder, task.origin.entry)
    # SHA256SUMS is left out: it changes when the release is signed.
    files = [path for path in task.folder.rglob("*") if path.is_file() and path.name != SUMS_NAME]
    return Done(_digests(files), sum(path.stat().st_size for path in files))


def _digests(paths: Iterable[Path]) -> dict[Path, str]:
    return {path: digest_of(path) for path in paths}
