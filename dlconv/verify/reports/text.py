"""Results as tables and sentences for people at a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from dlconv.terminal.tables import Table, as_text
from dlconv.verify.document import class_name
from dlconv.verify.photos import say_skipped
from dlconv.verify.result import ArtifactResult, PhotoResult

# For how many pairs of classes the number of changed pixels is printed.
MOST_MISTAKEN = 3
# The most photos in a table; report files have all.
MOST_PHOTOS = 50


def tables(results: Iterable[ArtifactResult], with_photos: bool) -> Iterator[RenderableType]:
    """Yield the tables for people: photos and classes of each artifact, then the summary."""
    listed = list(results)
    for result in listed:
        if with_photos and result.photos:
            yield photo_table(result)
            yield class_table(result)
            yield from remarks(result)
    yield summary_table(listed)
    yield said_of_photos(listed)


def summary_table(results: Iterable[ArtifactResult]) -> RenderableType:
    """Return a table with a row for each artifact."""
    table = Table()
    for column in ("model", "artifact", "runtime"):
        table.add_column(column)
    for column in ("size", "agreement", "worst", "mIoU", "ms"):
        table.add_column(column, justify="right")
    table.add_column("result")
    for result in results:
        table.add_row(*_summary_row(result))
    return table


def numbers_of(result: ArtifactResult) -> tuple[str, str, str, str]:
    """Return the mean and the worst agreement, mIoU and milliseconds; empty if it did not run."""
    if result.total is None:
        return "", "", "", ""
    return (
        percent(result.mean_agreement),
        percent(result.worst.scores.agreement),
        f"{result.total.miou:.3f}",
        f"{result.median_ms:,.0f}",
    )


def _summary_row(result: ArtifactResult) -> list[str | Text]:
    return [
        result.artifact.manifest.source.model,
        result.artifact.title,
        result.place,
        megabytes(result.artifact.bytes),
        *numbers_of(result),
        as_text("passed", "green") if result.passed else as_text("failed", "red"),
    ]


def photo_table(result: ArtifactResult) -> RenderableType:
    """Return a table with a row for each photo of one artifact, of many the worst only."""
    table = Table(
        title=f"{result.artifact.manifest.source.model}: {result.title}",
        caption=_caption(len(result.photos)),
    )
    table.add_column("photo")
    for column in ("agreement", "mIoU", "differing", "ms"):
        table.add_column(column, justify="right")
    for photo in _shown(result.photos):
        table.add_row(
            photo.photo,
            percent(photo.scores.agreement),
            f"{photo.scores.miou:.3f}",
            f"{photo.scores.differing:,}",
            f"{photo.ms:,.0f}",
        )
    return table


def _caption(count: int) -> str | None:
    return None if count <= MOST_PHOTOS else f"the {MOST_PHOTOS} worst of {count:,} photos"


def _shown(photos: Sequence[PhotoResult]) -> Sequence[PhotoResult]:
    if len(photos) <= MOST_PHOTOS:
        return photos
    return sorted(photos, key=lambda photo: photo.scores.agreement)[:MOST_PHOTOS]


def class_table(result: ArtifactResult) -> RenderableType:
    """Return a table of the IoU of each class that occurs, over all photos of one artifact."""
    table = Table()
    table.add_column("class")
    table.add_column("IoU", justify="right")
    if result.total is not None:
        for k, iou in result.total.class_iou.items():
            name = class_name(k, result.artifact.manifest.classes)
            table.add_row(name, f"{iou:.3f}")
    return table


def remarks(result: ArtifactResult) -> Iterator[str]:
    """Yield sentences on real mismatches, the person's mask, scores and ground truth."""
    sure = result.sure_mismatches
    if sure is not None and result.total is not None and result.total.differing:
        yield (
            f"differing pixels: {result.total.differing:,}, {sure:,} of them where the frozen "
            "graph was sure (margin of 1 or more), the others at ties and borders"
        )
    most = result.confusion.mistaken()[:MOST_MISTAKEN]
    if most:
        names = result.artifact.manifest.classes
        pairs = (
            f"{class_name(before, names)} to {class_name(after, names)} {pixels:,}"
            for before, after, pixels in most
        )
        yield f"pixels that changed most: {', '.join(pairs)}"
    if result.person is not None:
        agreement, boundary = percent(result.person.agreement), result.person.boundary_f
        yield f"person's mask: agreement {agreement}, boundary F-score {boundary:.3f}"
    if result.score_error is not None:
        yield f"scores differ by {result.score_error:.2g} at most"
    if result.truth is not None:
        before = result.truth.reference.scores().miou
        after = result.truth.artifact.scores().miou
        yield (
            f"mIoU against ground truth ({result.photos_with_truth} photos): frozen graph "
            f"{before:.3f}, artifact {after:.3f}"
        )


def said_of_photos(results: Iterable[ArtifactResult]) -> str:
    """Say how many photos were checked, and which pictures among them were not."""
    listed = list(results)
    checked = max((len(result.photos) for result in listed), default=0)
    said = f"{checked:,} photo{'s' if checked != 1 else ''} checked"
    skipped = dict.fromkeys(each for result in listed for each in result.skipped)
    return f"{said}, {say_skipped(list(skipped))}" if skipped else said


def percent(share: float) -> str:
    """Return a share as a percentage that never rounds up to 100."""
    text = f"{share * 100:.2f} %"
    return "99.99 %" if text == "100.00 %" and share < 1 else text


def megabytes(count: int) -> str:
    """Return a size in MB (10^6 bytes) or kB."""
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
