"""Results as Markdown, for the summary of a CI job: a row for each artifact in each runtime, what
fell short, and the worst photos of what did not pass.
"""

from collections.abc import Iterable, Iterator

from dlconv.terminal.markdown import escaped, table
from dlconv.verify.reports.text import megabytes, numbers_of, percent, remarks, said_of_photos
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
        table(COLUMNS, map(_summary, listed)),
        "",
        escaped(said_of_photos(listed)),
    ]
    for result in listed:
        said = [f"- {escaped(f'{result.title}: {remark}')}" for remark in remarks(result)]
        lines += ["", *said] if said else []
    for result in listed:
        lines += _shortfalls(result)
    return "\n".join(lines) + "\n"


def _summary(result: ArtifactResult) -> list[str]:
    mean, worst, miou, ms = numbers_of(result)
    if worst:
        worst += f" ({escaped(result.worst.photo)})"
    return [
        escaped(result.artifact.manifest.source.model),
        escaped(result.artifact.title),
        result.place,
        megabytes(result.artifact.bytes),
        mean,
        worst,
        miou,
        ms,
        "passed" if result.passed else "**failed**",
    ]


def _shortfalls(result: ArtifactResult) -> Iterator[str]:
    if result.passed:
        return
    yield ""
    yield f"**{escaped(result.title)}**"
    yield ""
    yield from (f"- {escaped(failure)}" for failure in result.failures)
    worst = sorted(result.photos, key=lambda photo: photo.scores.agreement)[:MOST_PHOTOS]
    if not worst:
        return
    yield ""
    yield table(
        ["worst photos", "agreement", "differing pixels"],
        [
            [escaped(each.photo), percent(each.scores.agreement), f"{each.scores.differing:,}"]
            for each in worst
        ],
    )
