"""A whole benchmark: artifacts, their times and sizes, and the one that others are compared with.

Every ratio is one of medians of the same run.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.bench.measure import (
    WARM_UP_ROUNDS,
    Measurement,
    SkipMissing,
    Subject,
    measure,
)
from dlconv.bench.sizes import sizes_of
from dlconv.inspect.compressed import Sizes
from dlconv.progress import Say, StepProgress, no_progress
from dlconv.runtimes.catalogue import Choice, choices_for
from dlconv.verify.photos import Photo

LINE_SECONDS = 2.0


@dataclass(frozen=True)
class Row:
    """One artifact in one runtime: its measurement there and the sizes of its files."""

    measurement: Measurement
    sizes: Sizes


@dataclass(frozen=True)
class Benchmark:
    """All artifacts of one run; ``against`` is the artifact that the others are compared with."""

    rows: tuple[Row, ...]
    against: Artifact | None
    rounds: int
    threads: int
    photos: tuple[str, ...]

    def baseline(self, row: Row) -> Row | None:
        """Return what a row is compared with; None where there is nothing.

        It is ``against`` in the same runtime, or where it was not measured there, in its first one.
        """
        if self.against is None:
            return None
        rows = [each for each in self.rows if _is_of(each.measurement, self.against)]
        same = [each for each in rows if each.measurement.place == row.measurement.place]
        return next(iter(same or rows), None)

    def speedup(self, row: Row) -> float | None:
        """Return how many times faster than its baseline a row is, by their medians."""
        baseline = self.baseline(row)
        if baseline is None:
            return None
        return baseline.measurement.median_ms / row.measurement.median_ms


def benchmark(
    artifacts: Sequence[Artifact],
    against: Artifact | None,
    photos: Sequence[Photo],
    rounds: int,
    threads: int,
    cache: Path,
    runtimes: Sequence[Choice] = (),
    say: Say = no_progress,
    skip_missing: SkipMissing | None = None,
) -> Benchmark:
    """Measure artifacts, and ``against`` with them, over ``rounds`` rounds after the warm-up.

    Each runs in those of the chosen ``runtimes`` that are for its target, or in its default.
    ``threads`` is the number of threads, but in Node.js, ``cache`` the folder that keeps
    compressed sizes; ``say`` gets lines about the progress. ``skip_missing`` is called with the
    error of a runtime that this machine lacks; without it, the error is raised. Raises DlconvError
    when one of the artifacts cannot be measured, UsageError when none of the runtimes can run one.
    """
    everyone = _distinct([*artifacts, *([against] if against else [])])
    subjects = [
        Subject(artifact, choice)
        for artifact in everyone
        for choice in choices_for(artifact.manifest.target, runtimes)
    ]
    chosen = {subject.choice for subject in subjects}
    say(f"starting {_count(len(everyone), 'artifact')} in {_count(len(chosen), 'runtime')}")
    lines = _progress_lines(say)
    measurements = measure(subjects, photos, rounds, threads, lines, skip_missing)
    say("compressing with gzip and brotli")
    sizes = dict(zip(map(_identity, everyone), sizes_of(everyone, cache), strict=True))
    return Benchmark(
        rows=tuple(Row(each, sizes[_identity(each.artifact)]) for each in measurements),
        against=against,
        rounds=rounds,
        threads=threads,
        photos=tuple(photo.path.name for photo in photos[: rounds + WARM_UP_ROUNDS]),
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


def _distinct(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return list({_identity(artifact): artifact for artifact in artifacts}.values())


def _identity(artifact: Artifact) -> Path:
    return artifact.manifest_path.resolve()


def _is_of(measurement: Measurement, artifact: Artifact) -> bool:
    return _identity(measurement.artifact) == _identity(artifact)


def _progress_lines(say: Say) -> StepProgress:
    last = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= LINE_SECONDS:
            last = now
            say(f"{done} of {total} {what}")

    return report
