"""Running an artifact against its frozen graph, photo by photo.

The result holds the numbers, the floors and every reason why the artifact does not pass; text and
JSON are made from it elsewhere. An artifact that cannot run is a result too. Photos are read, run
and forgotten one at a time.
"""

import dataclasses
import functools
import operator
import statistics
from collections.abc import Callable, Iterator, Sequence
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
from dlconv.verify.margin import Margins, margins_of
from dlconv.verify.person import MaskScores, person_scores
from dlconv.verify.photos import Photo, PhotoError, load_photo
from dlconv.verify.pictures import Colour, Pictures, pictures_of
from dlconv.verify.reference import Reference
from dlconv.verify.runtimes import Runtime, RuntimeMissingError
from dlconv.verify.runtimes.catalogue import Choice, choices_for
from dlconv.verify.truth import Masks, TruthConfusion, against_truth

NO_MASKS: Masks = {}
# Of how many photos pictures are kept: the worst.
MOST_PICTURED = 12
# The check that an artifact loads and answers.
RUNS = "runs"

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
    """One photo: its file, its SHA-256, how it scored and the milliseconds of the runtime.

    ``margins`` says how sure the reference was where they differ, if the graph shows it,
    ``person`` scores the person's mask where one is seen, ``truth`` compares with ground truth
    where there is some, ``pictures`` are kept of the worst photos, if at all.
    """

    photo: str
    sha256: str
    scores: Scores
    ms: float
    margins: Margins | None = None
    person: MaskScores | None = None
    truth: TruthConfusion | None = None
    pictures: Pictures | None = None


@dataclass(frozen=True)
class Check:
    """One thing that had to hold, and why it did not; ``failure`` is None where it did.

    ``value`` and ``floor`` are given where a number was held against another.
    """

    name: str
    failure: str | None = None
    value: float | None = None
    floor: float | None = None


@dataclass(frozen=True)
class ArtifactResult:
    """One artifact in one runtime.

    ``total`` scores all photos' pixels together, and ``confusion`` counts them; None if the
    artifact could not run.
    """

    artifact: Artifact
    runtime: str
    backend: str
    versions: dict[str, str]
    floors: Floors
    photos: tuple[PhotoResult, ...]
    total: Scores | None
    checks: tuple[Check, ...]
    confusion: Confusion | None = None

    @property
    def place(self) -> str:
        """Where it ran: runtime and backend."""
        return f"{self.runtime} {self.backend}"

    @property
    def title(self) -> str:
        """What ran, and where, as a person would say."""
        return f"{self.artifact.title} in {self.place}"

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it does not pass; empty when it does."""
        return tuple(check.failure for check in self.checks if check.failure is not None)

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
    def sure_mismatches(self) -> int | None:
        """Pixels that differ where the reference was sure; None where it does not show that."""
        found = [photo.margins for photo in self.photos]
        if not found or any(each is None for each in found):
            return None
        return sum(each.sure for each in found if each is not None)

    @property
    def person(self) -> MaskScores | None:
        """Mean over the photos of the scores of the person's mask; None where none is seen."""
        scores = [photo.person for photo in self.photos if photo.person is not None]
        if not scores:
            return None
        return MaskScores(
            statistics.fmean(each.agreement for each in scores),
            statistics.fmean(each.boundary_f for each in scores),
        )

    @property
    def truth(self) -> TruthConfusion | None:
        """The photos with ground truth, pooled; None without any."""
        found = [photo.truth for photo in self.photos if photo.truth is not None]
        return functools.reduce(operator.add, found) if found else None

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
    colours: Sequence[Colour] | None = None,
    masks: Masks = NO_MASKS,
    progress: Progress = lambda done, total: None,
) -> ArtifactResult:
    """Check an artifact on all photos against its frozen graph.

    ``cache`` is the folder of the reference's labels; ``choice`` is the runtime, None the default
    for the artifact's target; with ``colours``, those of the classes, pictures of the worst photos
    are kept; ``masks`` are ground truth by the names of photos; ``progress`` is told photos done
    and in total. Raises PhotoError for a photo or a mask that cannot be read and
    RuntimeMissingError for a runtime that this machine lacks; whatever else goes wrong is a failure
    of the artifact.
    """
    chosen = choice or choices_for(artifact.manifest.target, [])[0]
    runtime = chosen.start(artifact.runnable)
    result = ArtifactResult(artifact, runtime.name, runtime.backend, {}, floors, (), None, ())
    try:
        artifact.check_files()
        digest = artifact.manifest.source.graph_sha256
        with Reference(graph_path, digest, cache) as reference, runtime:
            result = dataclasses.replace(result, versions=runtime.describe())
            return _run(result, runtime, reference, photos, colours, masks, progress)
    except (PhotoError, RuntimeMissingError):
        raise
    except DlconvError as error:
        return dataclasses.replace(result, checks=(Check(RUNS, error.message),))


def _run(
    result: ArtifactResult,
    runtime: Runtime,
    reference: Reference,
    photos: list[Photo],
    colours: Sequence[Colour] | None,
    masks: Masks,
    progress: Progress,
) -> ArtifactResult:
    rows: list[PhotoResult] = []
    pooled = Confusion(np.zeros((0, 0), np.int64))
    contract = result.artifact.manifest.contract
    progress(0, len(photos))
    for photo in photos:
        image = load_photo(photo, reference.crop)
        expected = reference.labels(image)
        labels, ms = _labels(runtime, contract, photo)
        if contract.crop != reference.crop:
            labels = enlarged(labels, expected.shape[1:])
        confusion = compare(expected, labels)
        mask = masks.get(photo.path.stem)
        row = PhotoResult(
            photo=photo.path.name,
            sha256=photo.sha256,
            scores=confusion.scores(),
            ms=ms,
            margins=_margins(reference, image, expected, labels),
            person=person_scores(expected, labels, result.artifact.manifest.classes),
            truth=against_truth(mask, expected, labels) if mask is not None else None,
            pictures=pictures_of(image, expected, labels, colours) if colours else None,
        )
        rows.append(row)
        if colours:
            rows = _with_few_pictures(rows)
        pooled += confusion
        progress(len(rows), len(photos))
    total = pooled.scores()
    scored = dataclasses.replace(result, photos=tuple(rows), total=total, confusion=pooled)
    checks = _checks(scored, total, pooled.reference_classes)
    return dataclasses.replace(scored, checks=tuple(checks))


def _margins(
    reference: Reference, image: np.ndarray, expected: np.ndarray, labels: np.ndarray
) -> Margins | None:
    """Look at margins only where there is something to tell: they take a run of the reference."""
    if np.array_equal(expected, labels):
        return Margins(None, 0, 0)
    margins = reference.margins(image)
    return None if margins is None else margins_of(margins, expected, labels)


def _with_few_pictures(rows: list[PhotoResult]) -> list[PhotoResult]:
    """Forget the picture of the best photo when there are more than ``MOST_PICTURED``."""
    pictured = [row for row in rows if row.pictures is not None]
    if len(pictured) <= MOST_PICTURED:
        return rows
    best = max(pictured, key=lambda row: row.scores.agreement)
    return [dataclasses.replace(row, pictures=None) if row is best else row for row in rows]


def _labels(runtime: Runtime, contract: Contract, photo: Photo) -> tuple[np.ndarray, float]:
    """Return the artifact's labels of the photo, [1, H, W] without padding, and milliseconds."""
    image = load_photo(photo, contract.crop)
    _, height, width, _ = image.shape
    inference = runtime.infer(framed(image, contract.input))
    return inference.labels[:, :height, :width], inference.ms


def _checks(
    result: ArtifactResult, total: Scores, reference_classes: frozenset[int]
) -> Iterator[Check]:
    yield Check(RUNS)
    yield Check("the reference sees more than one class", _reason_of_one_class(reference_classes))
    floors, worst = result.floors, result.worst
    for name, said, value, floor in (
        ("mean agreement", "mean agreement", result.mean_agreement, floors.agreement),
        (
            "worst photo",
            f"worst photo {worst.photo}: agreement",
            worst.scores.agreement,
            floors.worst,
        ),
        ("mIoU", "mIoU", total.miou, floors.miou),
    ):
        if floor is not None:
            short = f"{said} {value:.4f} is below the floor {floor}" if value < floor else None
            yield Check(name, short, value, floor)


def _reason_of_one_class(classes: frozenset[int]) -> str | None:
    if len(classes) != 1:
        return None
    (only,) = classes
    return f"the reference gives class {only} everywhere on all photos, so nothing is checked"


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
