"""The report as data: what ``--json`` prints and a ``.json`` report holds.

The classes are its schema, version ``SCHEMA``, which ``dlconv schema verify`` prints as JSON
Schema; a field that changes its meaning, or goes, makes a new version. Shares, IoU and F-scores are
from 0 to 1, times in milliseconds. Null is what was not measured or does not apply.

Results hold counts of pixels, partly as arrays; these classes hold the figures computed from them,
with class names. What is a figure already, such as margins, is copied. A check only says whether it
passed: why not is among the ``failures`` of the result.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from dlconv.compare import Confusion, Scores
from dlconv.floors import Floors
from dlconv.storage.digests import Sha256
from dlconv.storage.files import text_of
from dlconv.verify.photos import Skipped
from dlconv.verify.result import ArtifactResult, PhotoResult
from dlconv.verify.scores.margin import Margins
from dlconv.verify.scores.person import MaskScores
from dlconv.verify.scores.truth import TruthConfusion

SCHEMA: Literal[2] = 2

T = TypeVar("T")
R = TypeVar("R")

RECORD = ConfigDict(use_attribute_docstrings=True, extra="forbid")


@dataclass(frozen=True, config=RECORD)
class Runtime:
    """Where an artifact ran."""

    name: str
    """Such as ``tfjs-node``."""
    backend: str
    """The backend, such as ``wasm``."""
    versions: dict[str, str]
    """Versions, threads, renderer and whatever else a result depends on."""


@dataclass(frozen=True, config=RECORD)
class Check:
    """One thing that had to hold."""

    name: str
    """What."""
    passed: bool
    """Whether it holds."""
    value: float | None
    """The number that was compared with a floor."""
    floor: float | None
    """That floor."""


@dataclass(frozen=True, config=RECORD)
class Agreement:
    """The share of pixels whose label equals the frozen graph's."""

    mean: float
    """Mean over the photos."""
    worst: float
    """The worst photo's."""
    worst_photo: str
    """The worst photo's name."""
    pooled: float
    """Over the pixels of all photos."""


@dataclass(frozen=True, config=RECORD)
class Pair:
    """Pixels by their two classes."""

    reference: str
    """The frozen graph's class: its name, or its number where it has none."""
    artifact: str
    """The artifact's class."""
    pixels: int
    """How many."""


@dataclass(frozen=True, config=RECORD)
class Truth:
    """mIoU against ground truth: masks drawn by people."""

    photos: int
    """How many photos have a mask."""
    reference_miou: float
    """The frozen graph's mIoU."""
    artifact_miou: float
    """The artifact's mIoU."""


@dataclass(frozen=True, config=RECORD)
class Photo:
    """One photo."""

    photo: str
    """The file's name, or its path in the dataset."""
    sha256: Sha256
    """SHA-256 of the file."""
    pixels: int
    """Pixels that were compared."""
    differing_pixels: int
    """Pixels whose labels differ."""
    agreement: float
    """Share of equal labels."""
    miou: float
    """Mean IoU over the classes that occur in either."""
    class_iou: dict[str, float]
    """IoU of each class that occurs."""
    ms: float
    """Milliseconds that the runtime took."""
    margins: Margins | None
    """How sure the frozen graph was where labels differ; null if its scores are not available."""
    person: MaskScores | None
    """Scores of the person's mask; null where neither sees a person."""
    truth: Truth | None
    """mIoU against this photo's ground truth; null without that."""
    score_error: float | None
    """Largest difference of a score or a probability; null for an artifact of labels."""


@dataclass(frozen=True, config=RECORD)
class File:
    """A file, as bytes."""

    path: str
    """Its path, relative to the artifact's folder, or to the release's."""
    bytes: int
    """Its size."""
    sha256: Sha256
    """Its SHA-256, in hex."""


@dataclass(frozen=True, config=RECORD)
class Result:
    """One artifact in one runtime; all measurements are null if it could not run."""

    artifact: str
    """Path of the file that ran: model.json or an ONNX file."""
    title: str
    """A title: target and precision."""
    model: str
    """The model's name."""
    target: str
    """What it was converted to."""
    precision: str
    """How its weights are stored."""
    converter: str
    """Who converted it."""
    bytes: int
    """The size of its files."""
    files: list[File]
    """Exactly the files that were checked, and the artifact's manifest where it has one."""
    graph_sha256: str
    """SHA-256 of the frozen graph it is compared with."""
    runtime: Runtime
    """Where it ran."""
    floors: Floors
    """The floors that it had to reach."""
    passed: bool
    """Whether every check holds."""
    failures: list[str]
    """Why not, a sentence each."""
    checks: list[Check]
    """All that was checked."""
    pixels: int | None
    """Pixels that were compared."""
    differing_pixels: int | None
    """Pixels whose labels differ."""
    sure_mismatches: int | None
    """Those where the frozen graph was sure (margin of 1 or more)."""
    agreement: Agreement | None
    """Share of equal labels."""
    miou: float | None
    """mIoU with the frozen graph's labels, all photos' pixels together."""
    class_iou: dict[str, float] | None
    """IoU of each class that occurs."""
    confusion: list[Pair]
    """Pixels by the frozen graph's class and the artifact's, largest number first."""
    person: MaskScores | None
    """Scores of the person's mask."""
    truth: Truth | None
    """mIoU of both against ground truth."""
    score_error: float | None
    """Largest difference of a score or a probability on any photo."""
    ms_median: float | None
    """Median over the photos of the runtime's milliseconds."""
    photos: list[Photo]
    """The photos, in the order given."""
    photos_checked: int | None = None
    """How many photos were checked; null in reports that are older than this field."""
    skipped: list[Skipped] = Field(default_factory=list)
    """Pictures that were not checked, because their format is not supported."""


@dataclass(frozen=True, config=RECORD)
class Document:
    """What ``dlconv verify`` found."""

    schema: Literal[2]
    """The version of this schema."""
    passed: bool
    """Whether every artifact passed."""
    results: list[Result]
    """One result for each artifact in each runtime."""


def as_data(results: Iterable[ArtifactResult]) -> dict[str, Any]:
    """Return all numbers as plain data."""
    data: dict[str, Any] = TypeAdapter(Document).dump_python(document_of(results), mode="json")
    return data


def document_of(results: Iterable[ArtifactResult]) -> Document:
    """Return all numbers of results."""
    listed = list(results)
    return Document(SCHEMA, all(each.passed for each in listed), list(map(_result, listed)))


def for_json(document: Document) -> bytes:
    """Return a report as it is stored."""
    return TypeAdapter(Document).dump_json(document, indent=2) + b"\n"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the report."""
    return TypeAdapter(Document).json_schema(mode="serialization")


def class_name(k: int, names: tuple[str, ...]) -> str:
    """Return the name of class ``k``, its number where it has none."""
    return names[k] if k < len(names) else str(k)


def _result(result: ArtifactResult) -> Result:
    manifest, total = result.artifact.manifest, result.total
    names = manifest.classes
    return Result(
        artifact=text_of(result.artifact.entry),
        title=result.artifact.title,
        model=manifest.source.model,
        target=manifest.target,
        precision=manifest.precision.value,
        converter=manifest.converter,
        bytes=result.artifact.bytes,
        files=[File(**vars(file)) for file in result.artifact.all_files],
        graph_sha256=manifest.source.graph_sha256,
        runtime=Runtime(result.runtime, result.backend, result.versions),
        floors=result.floors,
        passed=result.passed,
        failures=list(result.failures),
        checks=[
            Check(each.name, each.failure is None, each.value, each.floor) for each in result.checks
        ],
        pixels=_of(total, lambda scores: scores.pixels),
        differing_pixels=_of(total, lambda scores: scores.differing),
        sure_mismatches=result.sure_mismatches,
        agreement=_of(total, lambda scores: _agreement(result, scores)),
        miou=_of(total, lambda scores: scores.miou),
        class_iou=_of(total, lambda scores: _class_iou(scores, names)),
        confusion=_pairs(result.confusion, names),
        person=result.person,
        truth=_of(result.truth, lambda truth: _truth(truth, result.photos_with_truth)),
        score_error=result.score_error,
        ms_median=_of(total, lambda _: result.median_ms),
        photos=[_photo(each, names) for each in result.photos],
        photos_checked=len(result.photos),
        skipped=list(result.skipped),
    )


def _of(value: T | None, describe: Callable[[T], R]) -> R | None:
    return None if value is None else describe(value)


def _agreement(result: ArtifactResult, total: Scores) -> Agreement:
    worst = result.worst
    return Agreement(result.mean_agreement, worst.scores.agreement, worst.photo, total.agreement)


def _photo(row: PhotoResult, names: tuple[str, ...]) -> Photo:
    scores = row.scores
    return Photo(
        photo=row.photo,
        sha256=row.sha256,
        pixels=scores.pixels,
        differing_pixels=scores.differing,
        agreement=scores.agreement,
        miou=scores.miou,
        class_iou=_class_iou(scores, names),
        ms=row.ms,
        margins=row.margins,
        person=row.person,
        truth=_of(row.truth, lambda truth: _truth(truth, 1)),
        score_error=row.score_error,
    )


def _class_iou(scores: Scores, names: tuple[str, ...]) -> dict[str, float]:
    return {class_name(k, names): iou for k, iou in scores.class_iou.items()}


def _pairs(confusion: Confusion, names: tuple[str, ...]) -> list[Pair]:
    most_first = sorted(confusion.entries, key=lambda entry: -entry[2])
    return [
        Pair(class_name(before, names), class_name(after, names), pixels)
        for before, after, pixels in most_first
    ]


def _truth(truth: TruthConfusion, photos: int) -> Truth:
    return Truth(photos, truth.reference.scores().miou, truth.artifact.scores().miou)
