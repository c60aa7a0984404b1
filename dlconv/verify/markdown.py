"""Results as Markdown, for the summary of a CI job: a row for each artifact in each runtime, what
fell short, and the worst photos of what did not pass.
"""

from collections.abc import Iterable, Iterator

from dlconv.verify.report import megabytes, percent, remarks
from dlconv.verify.result import ArtifactResult

COLUMNS = ("model", "artifact", "runtime", "size", "agreement", "worst photo", "mIoU", "ms", "")
MOST_PHOTOS = 5


def as_markdown(results: Iterable[ArtifactResult]) -> str:
    """Return the document."""
    listed = list(results)
    passed = sum(result.passed for result in listed)
    lines = [
        f"### dlconv verify: {passed} of {len(listed)} passed",
        "",
        _row(COLUMNS),
        _row(["---"] * len(COLUMNS)),
        *(_row(_summary(result)) for result in listed),
    ]
    for result in listed:
        said = [f"- {result.title}: {remark}" for remark in remarks(result)]
        lines += ["", *said] if said else []
    for result in listed:
        lines += _shortfalls(result)
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _summary(result: ArtifactResult) -> list[str]:
    numbers = ["", "", "", ""]
    if result.total is not None:
        numbers = [
            percent(result.mean_agreement),
            f"{percent(result.worst.scores.agreement)} ({result.worst.photo})",
            f"{result.total.miou:.3f}",
            f"{result.median_ms:,.0f}",
        ]
    return [
        result.artifact.manifest.source.model,
        result.artifact.title,
        result.place,
        megabytes(result.artifact.bytes),
        *numbers,
        "passed" if result.passed else "**failed**",
    ]


def _shortfalls(result: ArtifactResult) -> Iterator[str]:
    if result.passed:
        return
    yield ""
    yield f"**{result.title}**"
    yield ""
    yield from (f"- {failure}" for failure in result.failures)
    worst = sorted(result.photos, key=lambda photo: photo.scores.agreement)[:MOST_PHOTOS]
    if not worst:
        return
    yield ""
    yield _row(["worst photos", "agreement", "differing pixels"])
    yield _row(["---"] * 3)
    for photo in worst:
        scores = photo.scores
        yield _row([photo.photo, percent(scores.agreement), f"{scores.differing:,}"])
