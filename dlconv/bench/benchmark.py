"""The bench as a whole: artifacts, what they took and weigh, and which one the others are held to.

Every ratio is one of medians of the same run.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.bench.measure import WARM_UP_ROUNDS, Measurement, Progress, measure
from dlconv.bench.sizes import Sizes, sizes_of
from dlconv.verify.photos import Photo

LINE_SECONDS = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One artifact: what it took and what it weighs."""

    measurement: Measurement
    sizes: Sizes


@dataclass(frozen=True)
class Benchmark:
    """All artifacts of one run; ``against`` is the row that the others are compared with."""

    rows: tuple[Row, ...]
    against: Row | None
    rounds: int
    threads: int
    photos: tuple[str, ...]

    def speedup(self, row: Row) -> float | None:
        """Return how many times faster than ``against`` a row is, by their medians."""
        if self.against is None:
            return None
        return self.against.measurement.median_ms / row.measurement.median_ms


def benchmark(
    artifacts: Sequence[Artifact],
    against: Artifact | None,
    photos: Sequence[Photo],
    rounds: int,
    threads: int,
    cache: Path,
    say: Say = lambda message: None,
) -> Benchmark:
    """Measure artifacts, and ``against`` with them, over ``rounds`` rounds after the warm-up.

    ``threads`` is how many ONNX Runtime works with, ``cache`` the folder that keeps compressed
    sizes; ``say`` is told how far it is. Raises DlconvError when one of the artifacts cannot be
    measured.
    """
    everyone = _distinct([*artifacts, *([against] if against else [])])
    say(f"starting {len(everyone)} artifact{'s' if len(everyone) > 1 else ''}")
    measurements = measure(everyone, photos, rounds, threads, _progress_lines(say))
    say("compressing with gzip and brotli")
    sizes = sizes_of(everyone, cache)
    rows = tuple(Row(*pair) for pair in zip(measurements, sizes, strict=True))
    return Benchmark(
        rows=rows,
        against=_row_of(against, rows) if against else None,
        rounds=rounds,
        threads=threads,
        photos=tuple(photo.path.name for photo in photos[: rounds + WARM_UP_ROUNDS]),
    )


def _distinct(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return list({_identity(artifact): artifact for artifact in artifacts}.values())


def _identity(artifact: Artifact) -> Path:
    return artifact.manifest_path.resolve()


def _row_of(artifact: Artifact, rows: Sequence[Row]) -> Row:
    return next(row for row in rows if _identity(row.measurement.artifact) == _identity(artifact))


def _progress_lines(say: Say) -> Progress:
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= LINE_SECONDS:
            last = now
            say(f"{done} of {total} rounds")

    return report
