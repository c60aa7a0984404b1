"""Measuring artifacts side by side."""

from collections.abc import Callable, Sequence
from pathlib import Path

from dlconv.artifacts.choose import choose_artifacts
from dlconv.artifacts.manifest import read_artifact
from dlconv.bench.benchmark import Benchmark, benchmark
from dlconv.cache.store import cache_root
from dlconv.progress import Say, no_progress
from dlconv.registry.models import load_registry
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.catalogue import parse_choices
from dlconv.verify.choose import choose_photos
from dlconv.verify.photos import skipped_line


def bench(
    artifacts: Sequence[Path] = (),
    *,
    against: Path | None = None,
    images: Sequence[Path] = (),
    runtimes: Sequence[str] = (),
    rounds: int = 10,
    threads: int = 1,
    skip_missing: Callable[[RuntimeMissingError], None] | None = None,
    registry: Path | None = None,
    say: Say = no_progress,
) -> Benchmark:
    """Measure time per frame and to load in milliseconds, memory and file sizes in bytes.

    Artifacts take turns, so that ratios are reliable. ``artifacts``, ``images``, ``runtimes`` and
    ``skip_missing`` are as for ``verify``; the default image is one of the model's. ``against`` is
    the artifact that the others are compared with, ``rounds`` the number of timed frames of each,
    ``threads`` the number of threads, but in Node.js; ``say`` gets lines for a person.

    Raises DlconvError when an artifact cannot be measured, UsageError for an unknown runtime.

    >>> row, = api.bench([made.artifact.directory], rounds=1).rows
    >>> row.measurement.median_ms > 0, row.sizes.raw > 500_000
    (True, True)
    """
    choices = parse_choices(list(runtimes))
    chosen = choose_artifacts(artifacts)
    baseline = read_artifact(against) if against else None
    found = choose_photos(images, chosen, load_registry(registry))
    if found.skipped:
        say(skipped_line(found.skipped))
    used = list(found.photos if images else found.photos[:1])
    sizes = cache_root() / "sizes"
    return benchmark(chosen, baseline, used, rounds, threads, sizes, choices, say, skip_missing)
