"""Reports: the one place where results become text, tables or JSON."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table

from dlconv.compare import Scores
from dlconv.verify.result import ArtifactResult, PhotoResult

SCHEMA = 1
# Of how many pairs of classes is told how many pixels changed from one to the other.
MOST_MISTAKEN = 3


def tables(results: Iterable[ArtifactResult], with_photos: bool) -> Iterator[RenderableType]:
    """Yield the tables that a person reads: photos and classes of each artifact, then the sum."""
    listed = list(results)
    for result in listed:
        if with_photos and result.photos:
            yield photo_table(result)
            yield class_table(result)
            yield from remarks(result)
    yield summary_table(listed)


def as_json(results: Iterable[ArtifactResult]) -> str:
    """Return all numbers as JSON."""
    return json.dumps(as_data(results), indent=2)


def as_data(results: Iterable[ArtifactResult]) -> dict[str, Any]:
    """Return all numbers as plain data; agreement and IoU from 0 to 1, times in milliseconds.

    ``floors`` of a result has agreement (mean), worst (photo) and miou (pooled), each null where
    none counts.
    """
    listed = list(results)
    return {
        "schema": SCHEMA,
        "passed": all(result.passed for result in listed),
        "results": [_result(result) for result in listed],
    }


def _result(result: ArtifactResult) -> dict[str, Any]:
    manifest = result.artifact.manifest
    content: dict[str, Any] = {
        "artifact": str(result.artifact.entry),
        "model": manifest.source.model,
        "target": manifest.target,
        "precision": manifest.precision,
        "converter": manifest.converter,
        "bytes": result.artifact.bytes,
        "graph_sha256": manifest.source.graph_sha256,
        "runtime": {"name": result.runtime, "backend": result.backend, **result.versions},
        "floors": dataclasses.asdict(result.floors),
        "passed": result.passed,
        "failures": list(result.failures),
        "checks": [
            {"name": each.name, "passed": each.failure is None}
            | {"value": each.value, "floor": each.floor}
            for each in result.checks
        ],
    }
    if result.total is None:
        return content
    names = manifest.classes
    truth = result.truth
    return content | {
        "agreement": {
            "mean": result.mean_agreement,
            "worst": result.worst.scores.agreement,
            "worst_photo": result.worst.photo,
            "pooled": result.total.agreement,
        },
        "miou": result.total.miou,
        "class_iou": _class_iou(result.total, names),
        "mistaken": [
            {"reference": before, "artifact": after, "pixels": pixels}
            for before, after, pixels in _mistaken(result)
        ],
        "pixels": result.total.pixels,
        "differing_pixels": result.total.differing,
        "sure_mismatches": result.sure_mismatches,
        "ms_median": result.median_ms,
        "person": None if result.person is None else dataclasses.asdict(result.person),
        "truth": None
        if truth is None
        else {
            "photos": sum(photo.truth is not None for photo in result.photos),
            "reference_miou": truth.reference.scores().miou,
            "artifact_miou": truth.artifact.scores().miou,
        },
        "photos": [_photo(photo, names) for photo in result.photos],
    }


def _photo(photo: PhotoResult, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "photo": photo.photo,
        "sha256": photo.sha256,
        "agreement": photo.scores.agreement,
        "miou": photo.scores.miou,
        "class_iou": _class_iou(photo.scores, names),
        "pixels": photo.scores.pixels,
        "differing_pixels": photo.scores.differing,
        "ms": photo.ms,
        "margins": None if photo.margins is None else dataclasses.asdict(photo.margins),
        "person": None if photo.person is None else dataclasses.asdict(photo.person),
    }


def _class_iou(scores: Scores, names: tuple[str, ...]) -> dict[str, float]:
    return {class_name(k, names): iou for k, iou in scores.class_iou.items()}


def class_name(k: int, names: tuple[str, ...]) -> str:
    """Return the name of class ``k``, its number where it has none."""
    return names[k] if k < len(names) else str(k)


def summary_table(results: Iterable[ArtifactResult]) -> RenderableType:
    """Return a table with a row for each artifact."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("model", "artifact", "runtime"):
        table.add_column(column)
    for column in ("size", "agreement", "worst", "mIoU", "ms"):
        table.add_column(column, justify="right")
    table.add_column("result")
    for result in results:
        table.add_row(*_summary_row(result))
    return table


def _summary_row(result: ArtifactResult) -> list[str]:
    numbers = ["", "", "", ""]
    if result.total is not None:
        numbers = [
            percent(result.mean_agreement),
            percent(result.worst.scores.agreement),
            f"{result.total.miou:.3f}",
            f"{result.median_ms:,.0f}",
        ]
    return [
        result.artifact.manifest.source.model,
        result.artifact.title,
        result.place,
        megabytes(result.artifact.bytes),
        *numbers,
        "[green]passed[/]" if result.passed else "[red]failed[/]",
    ]


def photo_table(result: ArtifactResult) -> RenderableType:
    """Return a table with a row for each photo of one artifact, in the order given."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{result.artifact.manifest.source.model}: {result.title}",
        title_justify="left",
    )
    table.add_column("photo")
    for column in ("agreement", "mIoU", "differing", "ms"):
        table.add_column(column, justify="right")
    for photo in result.photos:
        table.add_row(
            photo.photo,
            percent(photo.scores.agreement),
            f"{photo.scores.miou:.3f}",
            f"{photo.scores.differing:,}",
            f"{photo.ms:,.0f}",
        )
    return table


def class_table(result: ArtifactResult) -> RenderableType:
    """Return a table of the IoU of each class that occurs, over all photos of one artifact."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("class")
    table.add_column("IoU", justify="right")
    if result.total is not None:
        for name, iou in _class_iou(result.total, result.artifact.manifest.classes).items():
            table.add_row(name, f"{iou:.3f}")
    return table


def remarks(result: ArtifactResult) -> Iterator[str]:
    """Yield what there is to say of real mismatches, of persons and of ground truth."""
    sure = result.sure_mismatches
    if sure is not None and result.total is not None and result.total.differing:
        yield (
            f"differing pixels: {result.total.differing:,}, {sure:,} of them where the frozen "
            "graph was sure (margin of 1 or more), the others at ties and borders"
        )
    most = _mistaken(result)[:MOST_MISTAKEN]
    if most:
        pairs = (f"{before} to {after} {pixels:,}" for before, after, pixels in most)
        yield f"pixels that changed most: {', '.join(pairs)}"
    if result.person is not None:
        agreement, boundary = percent(result.person.agreement), result.person.boundary_f
        yield f"person's mask: agreement {agreement}, boundary F-score {boundary:.3f}"
    if result.truth is not None:
        before = result.truth.reference.scores().miou
        after = result.truth.artifact.scores().miou
        yield f"mIoU against ground truth: frozen graph {before:.3f}, artifact {after:.3f}"


def _mistaken(result: ArtifactResult) -> list[tuple[str, str, int]]:
    """Return pairs of class names, the reference's first, by the pixels that changed."""
    if result.confusion is None:
        return []
    names = result.artifact.manifest.classes
    return [
        (class_name(before, names), class_name(after, names), pixels)
        for before, after, pixels in result.confusion.mistaken()
    ]


def percent(share: float) -> str:
    """Return a share as a percentage that never rounds up to 100."""
    text = f"{share * 100:.2f} %"
    return "99.99 %" if text == "100.00 %" and share < 1 else text


def megabytes(count: int) -> str:
    """Return a size in MB (10^6 bytes) or kB."""
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
