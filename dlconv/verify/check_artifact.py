"""Checking an artifact: run it on all photos, compare with the frozen graph, and apply the floors.

Photos are checked one after another, or by workers; a journal stores the checked ones, so that an
interrupted run can continue.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.progress import Progress, no_progress
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.catalogue import Choice, choices_for
from dlconv.verify.check import Checker, Job
from dlconv.verify.journal import Journal
from dlconv.verify.photos import Photo
from dlconv.verify.raster import PhotoError
from dlconv.verify.reports.pictures import Colour
from dlconv.verify.result import ArtifactResult, Check, PhotoResult
from dlconv.verify.workers import WorkerLostError, Workers

# Pictures are kept of so many photos, the worst.
MOST_PICTURED = 12
# The check that an artifact loads and answers.
RUNS = "runs"


def check_artifact(
    artifact: Artifact,
    graph_path: Path,
    photos: Sequence[Photo],
    cache: Path,
    floors: Floors,
    choice: Choice | None = None,
    colours: Sequence[Colour] | None = None,
    workers: Workers | None = None,
    journal: Journal | None = None,
    progress: Progress = no_progress,
) -> ArtifactResult:
    """Check an artifact on all photos against its frozen graph.

    ``cache`` is the folder of the reference's labels; ``choice`` is the runtime, None the default
    for the artifact's target. ``colours`` are those of the classes; with them, pictures of the
    worst photos are kept. ``progress`` is called with the photos done and in total. Raises
    PhotoError for a photo or a mask that cannot be read, RuntimeMissingError for a runtime that
    this machine lacks and WorkerLostError; whatever else goes wrong is a failure of the artifact.
    """
    chosen = choice or choices_for(artifact.manifest.target, [])[0]
    job = Job(artifact, chosen.spec, graph_path, cache, colours)
    result = ArtifactResult(artifact, chosen.kind.name, chosen.backend, {}, floors)
    try:
        with Checker(job) as checker:
            result = dataclasses.replace(result, versions=checker.versions)
            rows = _check_all(checker, job, photos, workers, journal, progress)
    except (PhotoError, RuntimeMissingError, WorkerLostError):
        raise
    except DlconvError as error:
        return dataclasses.replace(result, checks=(Check(RUNS, str(error)),))
    checked = dataclasses.replace(result, photos=rows)
    return dataclasses.replace(checked, checks=tuple(_checks(checked)))


def _check_all(
    checker: Checker,
    job: Job,
    photos: Sequence[Photo],
    workers: Workers | None,
    journal: Journal | None,
    progress: Progress,
) -> tuple[PhotoResult, ...]:
    entry = journal.entry(job, checker.versions) if journal else None
    rows = entry.known(photos) if entry else {}
    pictured: list[Photo] = []
    progress(len(rows), len(photos))
    waiting = [photo for photo in photos if photo not in rows]
    for photo, row in _checked(checker, job, waiting, workers):
        rows[photo] = row
        if entry:
            entry.keep(photo, row)
        if row.pictures is not None:
            pictured.append(photo)
        if len(pictured) > MOST_PICTURED:
            best = max(pictured, key=lambda each: rows[each].scores.agreement)
            rows[best] = dataclasses.replace(rows[best], pictures=None)
            pictured.remove(best)
        progress(len(rows), len(photos))
    if entry:
        entry.complete()
    if job.colours:
        _draw_worst(checker, rows)
    return tuple(rows[photo] for photo in photos)


def _checked(
    checker: Checker, job: Job, photos: Sequence[Photo], workers: Workers | None
) -> Iterator[tuple[Photo, PhotoResult]]:
    if workers is None:
        return ((photo, checker.check(photo)) for photo in photos)
    return workers.check(job, photos)


def _draw_worst(checker: Checker, rows: dict[Photo, PhotoResult]) -> None:
    """Draw missing pictures of the worst photos: workers and journals do not return any."""
    worst = sorted(rows, key=lambda photo: rows[photo].scores.agreement)[:MOST_PICTURED]
    for photo in worst:
        if rows[photo].pictures is None:
            drawn = checker.check(photo)
            rows[photo] = dataclasses.replace(rows[photo], pictures=drawn.pictures)


def _checks(result: ArtifactResult) -> Iterator[Check]:
    yield Check(RUNS)
    reason = _reason_of_one_class(result.confusion.reference_classes)
    yield Check("the reference sees more than one class", reason)
    floors, worst, total = result.floors, result.worst, result.confusion.scores()
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
