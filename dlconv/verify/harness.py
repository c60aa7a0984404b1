"""Running an artifact against its frozen graph, photo by photo.

The result holds the numbers, the floors and every reason why the artifact does not pass; text and
JSON are made from it elsewhere. An artifact that cannot run is a result too. Photos are read, run
and forgotten one at a time.
"""

import dataclasses
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from dlconv.artifacts.manifest import Artifact
from dlconv.compare import Confusion, Scores, compare
from dlconv.errors import DlconvError
from dlconv.inspect.contract import Contract
from dlconv.verify.framing import enlarged, framed
from dlconv.verify.photos import Photo, PhotoError, load_photo
from dlconv.verify.reference import Reference
from dlconv.verify.runtimes import Runtime, RuntimeMissingError
from dlconv.verify.runtimes.catalogue import Choice, choices_for

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Floors:
    """The least that an artifact has to reach to pass, each 0 to 1; None where it does not count.

    ``agreement`` is the mean over the photos, ``worst`` the agreement of the worst photo, ``miou``
    the mIoU pooled over the photos.
    """

    agreement: Share
    worst: Share | None
    miou: Share | None


# Precision auto has none here: its artifacts carry the floors they were made for.
DEFAULT_FLOORS = {
    "float32": Floors(agreement=0.999, worst=None, miou=None),
    "float16": Floors(agreement=0.995, worst=None, miou=None),
    "uint16": Floors(agreement=0.995, worst=None, miou=None),
    "uint8": Floors(agreement=0.99, worst=0.95, miou=0.85),
}
OTHER_RESOLUTION_FLOORS = Floors(agreement=0.9, worst=None, miou=None)


@dataclass(frozen=True)
class GivenFloors:
    """The floors that a person asks for; None where the artifact's own default stays."""

    agreement: float | None = None
    worst: float | None = None
    miou: float | None = None

    def over(self, defaults: Floors) -> Floors:
        """Return ``defaults`` with each given floor in place of its own."""
        given = {name: floor for name, floor in vars(self).items() if floor is not None}
        return dataclasses.replace(defaults, **given)


NO_FLOORS_GIVEN = GivenFloors()


@dataclass(frozen=True)
class PhotoResult:
    """One photo: its file, its SHA-256, how it scored and the milliseconds of the runtime."""

    photo: str
    sha256: str
    scores: Scores
    ms: float


@dataclass(frozen=True)
class ArtifactResult:
    """One artifact in one runtime.

    ``total`` scores all photos' pixels together, None if the artifact could not run;
    ``failures`` is empty when it passes.
    """

    artifact: Artifact
    runtime: str
    backend: str
    versions: dict[str, str]
    floors: Floors
    photos: tuple[PhotoResult, ...]
    total: Scores | None
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing fell short."""
        return not self.failures

    @property
    def mean_agreement(self) -> float:
        """Mean over the photos of the share of equal labels."""
        return statistics.fmean(photo.scores.agreement for photo in self.photos)

    @property
    def median_ms(self) -> float:
        """Median over the photos of the runtime's milliseconds."""
        return statistics.median(photo.ms for photo in self.photos)

    @property
    def worst(self) -> PhotoResult:
        """The photo with the least agreement."""
        return min(self.photos, key=lambda photo: photo.scores.agreement)


Progress = Callable[[int, int], None]


def verify(
    artifact: Artifact,
    graph_path: Path,
    photos: list[Photo],
    cache: Path,
    floors: Floors,
    choice: Choice | None = None,
    progress: Progress = lambda done, total: None,
) -> ArtifactResult:
    """Check an artifact on all photos against its frozen graph.

    ``cache`` is the folder of the reference's labels; ``choice`` is the runtime, None the default
    for the artifact's target; ``progress`` is told photos done and in total. Raises PhotoError for
    a photo that cannot be read and RuntimeMissingError for a runtime that this machine lacks;
    whatever else goes wrong is a failure of the artifact.
    """
    chosen = choice or choices_for(artifact.manifest.target, [])[0]
    runtime = chosen.start(artifact.entry)
    result = ArtifactResult(artifact, runtime.name, runtime.backend, {}, floors, (), None, ())
    try:
        artifact.check_files()
        digest = artifact.manifest.source.graph_sha256
        with Reference(graph_path, digest, cache) as reference, runtime:
            result = dataclasses.replace(result, versions=runtime.describe())
            return _run(result, runtime, reference, photos, progress)
    except (PhotoError, RuntimeMissingError):
        raise
    except DlconvError as error:
        return dataclasses.replace(result, failures=(error.message,))


def _run(
    result: ArtifactResult,
    runtime: Runtime,
    reference: Reference,
    photos: list[Photo],
    progress: Progress,
) -> ArtifactResult:
    rows: list[PhotoResult] = []
    pooled = Confusion(np.zeros((0, 0), np.int64))
    contract = result.artifact.manifest.contract
    progress(0, len(photos))
    for photo in photos:
        expected = reference.labels(load_photo(photo, reference.crop))
        labels, ms = _labels(runtime, contract, photo)
        if contract.crop != reference.crop:
            labels = enlarged(labels, expected.shape[1:])
        confusion = compare(expected, labels)
        rows.append(PhotoResult(photo.path.name, photo.sha256, confusion.scores(), ms))
        pooled += confusion
        progress(len(rows), len(photos))
    total = pooled.scores()
    scored = dataclasses.replace(result, photos=tuple(rows), total=total)
    failures = _shortfalls(scored, total, pooled.reference_classes)
    return dataclasses.replace(scored, failures=tuple(failures))


def _labels(runtime: Runtime, contract: Contract, photo: Photo) -> tuple[np.ndarray, float]:
    """Return the artifact's labels of the photo, [1, H, W] without padding, and milliseconds."""
    image = load_photo(photo, contract.crop)
    _, height, width, _ = image.shape
    inference = runtime.infer(framed(image, contract.input))
    return inference.labels[:, :height, :width], inference.ms


def _shortfalls(
    result: ArtifactResult, total: Scores, reference_classes: frozenset[int]
) -> Iterator[str]:
    if len(reference_classes) == 1:
        (only,) = reference_classes
        yield f"the reference gives class {only} everywhere on all photos, so nothing is checked"
    floors, worst = result.floors, result.worst
    for name, value, floor in (
        ("mean agreement", result.mean_agreement, floors.agreement),
        (f"worst photo {worst.photo}: agreement", worst.scores.agreement, floors.worst),
        ("mIoU", total.miou, floors.miou),
    ):
        if floor is not None and value < floor:
            yield f"{name} {value:.4f} is below the floor {floor}"


def floors_for(artifact: Artifact, given: GivenFloors = NO_FLOORS_GIVEN) -> Floors:
    """Return the floors of an artifact: those given, over the defaults for what it is.

    Raises DlconvError for precision auto in whose manifest no floors are.
    """
    return given.over(_default_floors(artifact))


def _default_floors(artifact: Artifact) -> Floors:
    manifest = artifact.manifest
    if not manifest.same_function:
        return OTHER_RESOLUTION_FLOORS
    if manifest.precision == "auto":
        return _floors_made_for(artifact)
    return DEFAULT_FLOORS[manifest.precision]


def _floors_made_for(artifact: Artifact) -> Floors:
    try:
        return TypeAdapter(Floors).validate_python(artifact.manifest.options.get("floors"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("options", "floors", *first["loc"])))
        raise DlconvError(
            f"{artifact.manifest_path} is of precision auto and does not say for which floors: "
            f"{where}: {first['msg']}",
            "convert the model again",
        ) from error
