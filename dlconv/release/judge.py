"""Judging evidence by its own numbers: whether a result really passed.

The result's own verdict is not trusted: agreements and mIoU are computed again from the pixels of
each photo and from the confusion of classes, and compared with the floors that it names.
"""

import math
from collections.abc import Iterator
from statistics import fmean

from dlconv.compare import Confusion
from dlconv.verify.document import Agreement, Photo, Result

# Rounding, as by another order of summation, is below this.
ROUNDING = 1e-9


def complaints_about(result: Result) -> Iterator[str]:
    """Yield why a result is not evidence for its artifact; nothing if it is."""
    failed = [check.name for check in result.checks if not check.passed]
    if not result.passed or result.failures or failed:
        yield f"did not pass: {'; '.join([*result.failures, *failed]) or 'it says so'}"
    if result.agreement is None or result.miou is None or not result.photos:
        yield "measured nothing"
        return
    if not all(_is_plausible(photo) for photo in result.photos):
        yield "counts photos with no pixels, or with agreements that their pixels do not give"
        return
    confusion = _confusion(result)
    if not _adds_up(result, confusion):
        yield "counts other pixels in its photos than in all"
        return
    if len(confusion.reference_classes) < 2:
        yield "shows one class only, so nothing is checked"
    yield from _shortfalls(result, result.agreement, result.miou, confusion)


def _is_plausible(photo: Photo) -> bool:
    if not 0 <= photo.differing_pixels <= photo.pixels or photo.pixels == 0:
        return False
    return _is_equal(photo.agreement, _agreement(photo))


def _agreement(photo: Photo) -> float:
    return 1 - photo.differing_pixels / photo.pixels


def _confusion(result: Result) -> Confusion:
    names = {name for pair in result.confusion for name in (pair.reference, pair.artifact)}
    number = {name: k for k, name in enumerate(sorted(names))}
    pairs = [
        (number[each.reference], number[each.artifact], each.pixels) for each in result.confusion
    ]
    return Confusion(tuple(pairs))


def _adds_up(result: Result, confusion: Confusion) -> bool:
    pixels = sum(photo.pixels for photo in result.photos)
    differing = sum(photo.differing_pixels for photo in result.photos)
    if any(count <= 0 for _, _, count in confusion.entries) or not confusion.entries:
        return False
    total = confusion.scores()
    return (
        (result.pixels, result.differing_pixels)
        == (pixels, differing)
        == (
            total.pixels,
            total.differing,
        )
    )


def _shortfalls(
    result: Result, said: Agreement, said_miou: float, confusion: Confusion
) -> Iterator[str]:
    agreements = [_agreement(photo) for photo in result.photos]
    floors = result.floors
    for name, value, claimed, floor in (
        ("mean agreement", fmean(agreements), said.mean, floors.agreement),
        ("worst photo's agreement", min(agreements), said.worst, floors.worst),
        ("mIoU", confusion.scores().miou, said_miou, floors.miou),
    ):
        if not _is_equal(value, claimed):
            yield f"says {name} {claimed:.4f}, its numbers give {value:.4f}"
        if floor is not None and not value >= floor - ROUNDING:
            yield f"{name} {value:.4f} is below the floor {floor}"


def _is_equal(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=0, abs_tol=ROUNDING)
