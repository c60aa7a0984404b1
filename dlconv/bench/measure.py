"""Measuring artifacts beside one another: time per frame, load time, peak memory.

Each artifact runs in each of its runtimes in a process, or a browser, of its own, so that its load
time and its memory are its own. All of them are alive at the same time and take turns: a round
sends one photo through each once, and every round starts with another one. Whatever slows the
machine down for a while slows all of them down, so that ratios are reliable where single numbers
are not. Times of frames are those that the runtimes measure themselves, as in verify. Processes
that wait do not compute, with one exception: threads of ONNX Runtime in Python look for work for a
while after a frame, and slow down the artifact whose turn it is. So all have one thread, unless
more are asked for. Runtimes in Node.js never have more, and those in a page only as many as the
browser gives: a measurement's versions say how many.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.bench.onnx_worker import OnnxruntimeChild
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, has_channels_first
from dlconv.progress import StepProgress, no_progress
from dlconv.runtimes import Runtime, RuntimeMissingError
from dlconv.runtimes.catalogue import Choice
from dlconv.runtimes.framing import framed
from dlconv.verify.photos import Photo, load_photo

# How often each is started to time its start. The first goes on to run, so that what browsers share
# is there for the others, and the median does not have it.
STARTS = 3
# Rounds before those that count; the first of them gives the first frame.
WARM_UP_ROUNDS = 2
# How many photos are kept in memory, each in the form that an artifact takes.
PHOTOS_HELD = 16

SkipMissing = Callable[[RuntimeMissingError], None]


@dataclass(frozen=True)
class Subject:
    """What is measured: an artifact in one of the runtimes for its target."""

    artifact: Artifact
    choice: Choice

    def start(self, threads: int) -> Runtime:
        """Return its runtime, never in this process; those in Node.js have one thread."""
        if self.choice.kind.name == OnnxruntimeChild.name:
            return OnnxruntimeChild(self.artifact.entry, threads)
        return self.choice.start(self.artifact.entry, threads)


@dataclass(frozen=True)
class Measurement:
    """What one artifact took in one runtime.

    ``frames`` are the sizes (height, width) of the frames it was given, each once; ``load_ms`` is
    the median time from starting the processes to their being ready, the runtime's own start
    included; ``first_ms`` is the first frame, ``frames_ms`` are those after the warm-up.
    ``peak_bytes`` is the most memory its process ever had resident, None where the system does not
    tell; of a browser it is the sum over its processes, with shared memory counted in each.
    """

    artifact: Artifact
    runtime: str
    backend: str
    versions: dict[str, str]
    frames: tuple[tuple[int, int], ...]
    load_ms: float
    first_ms: float
    frames_ms: tuple[float, ...]
    peak_bytes: int | None

    @property
    def place(self) -> str:
        """Where it ran: runtime and backend."""
        return f"{self.runtime} {self.backend}"

    @property
    def median_ms(self) -> float:
        """Median milliseconds per frame."""
        return statistics.median(self.frames_ms)

    @property
    def min_ms(self) -> float:
        """Least milliseconds per frame."""
        return min(self.frames_ms)

    @property
    def quartiles_ms(self) -> tuple[float, float]:
        """First and third quartile of the milliseconds per frame."""
        if len(self.frames_ms) == 1:
            return self.frames_ms[0], self.frames_ms[0]
        first, _, third = statistics.quantiles(self.frames_ms, n=4, method="inclusive")
        return first, third

    @property
    def iqr_ms(self) -> float:
        """The interquartile range: how far apart the middle half of the frames lies."""
        first, third = self.quartiles_ms
        return third - first


def measure(
    subjects: Sequence[Subject],
    photos: Sequence[Photo],
    rounds: int,
    threads: int = 1,
    progress: StepProgress = no_progress,
    skip_missing: SkipMissing | None = None,
) -> list[Measurement]:
    """Measure artifacts in turns; round r takes the photo r modulo their number.

    ``threads`` is the number of threads of each but those in Node.js. ``progress`` is called with
    ``starts`` or ``frames``, how many are done, and how many there are, warm-up included.
    ``skip_missing`` is called with the error of a runtime that this machine lacks, which is then
    left out; without it, the error is raised. Raises DlconvError when an artifact's files differ
    from its manifest, it cannot be loaded or fails on a photo, or its process dies or does not
    answer.
    """
    for subject in subjects:
        subject.artifact.check_files()
    photo_for = lru_cache(PHOTOS_HELD)(_photo_for)
    with _started(subjects, threads, progress, skip_missing) as running:
        order = all_turns(len(running), WARM_UP_ROUNDS + rounds)
        for done, (number, k) in enumerate(order):
            progress("frames", done, len(order))
            photo = photos[number % len(photos)]
            contract = running[k].subject.artifact.manifest.contract
            running[k].take(photo_for(photo, contract), has_channels_first(contract.input))
        progress("frames", len(order), len(order))
        return [each.measurement() for each in running]


def _photo_for(photo: Photo, contract: Contract) -> np.ndarray:
    return framed(load_photo(photo, contract.crop), contract.input)


def all_turns(count: int, rounds: int) -> list[tuple[int, int]]:
    """Return pairs: the number of the round, and whose turn it is, 0 to ``count - 1``.

    All have one turn a round, and each round starts one later.
    """
    return [(number, (number + k) % count) for number in range(rounds) for k in range(count)]


@dataclass
class _Running:
    """A subject whose runtime is entered, and its milliseconds so far."""

    subject: Subject
    runtime: Runtime
    starts_ms: list[float]
    times_ms: list[float] = field(default_factory=list)
    frames: dict[tuple[int, int], None] = field(default_factory=dict)

    def take(self, image: np.ndarray, channels_first: bool) -> None:
        height, width = image.shape[2:] if channels_first else image.shape[1:3]
        self.frames[(height, width)] = None
        self.times_ms.append(self.runtime.infer(image).ms)

    def measurement(self) -> Measurement:
        return Measurement(
            artifact=self.subject.artifact,
            runtime=self.runtime.name,
            backend=self.runtime.backend,
            versions=self.runtime.describe(),
            frames=tuple(self.frames),
            load_ms=statistics.median(self.starts_ms),
            first_ms=self.times_ms[0],
            frames_ms=tuple(self.times_ms[WARM_UP_ROUNDS:]),
            peak_bytes=peak_bytes(self.runtime.process_ids),
        )


@contextmanager
def _started(
    subjects: Sequence[Subject],
    threads: int,
    progress: StepProgress,
    skip_missing: SkipMissing | None,
) -> Iterator[list[_Running]]:
    """Yield the running subjects, after all were started ``STARTS`` times in turns."""
    running: list[_Running] = []
    with ExitStack() as stack:
        for done, subject in enumerate(subjects):
            progress("starts", done, STARTS * len(subjects))
            try:
                runtime, ms = _timed_start(subject, threads, stack)
            except RuntimeMissingError as error:
                if skip_missing is None:
                    raise
                skip_missing(error)
            else:
                running.append(_Running(subject, runtime, [ms]))
        if not running:
            raise DlconvError("no runtime could start, so nothing was measured")
        order = all_turns(len(running), STARTS)
        for done, (_, k) in enumerate(order[len(running) :], len(running)):
            progress("starts", done, len(order))
            with ExitStack() as brief:
                _, ms = _timed_start(running[k].subject, threads, brief)
            running[k].starts_ms.append(ms)
        yield running


def _timed_start(subject: Subject, threads: int, owner: ExitStack) -> tuple[Runtime, float]:
    runtime = subject.start(threads)
    began = time.perf_counter()
    owner.enter_context(runtime)
    return runtime, (time.perf_counter() - began) * 1000


def peak_bytes(process_ids: Iterable[int]) -> int | None:
    """Return the most memory that running processes ever had resident, summed up.

    Shared memory counts in each. None on systems other than Linux.
    """
    peaks = [_peak_bytes_of(process_id) for process_id in process_ids]
    known = [peak for peak in peaks if peak is not None]
    return sum(known) if len(known) == len(peaks) else None


def _peak_bytes_of(process_id: int) -> int | None:
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return None
    lines = dict(line.partition(":")[::2] for line in status.splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024 if "VmHWM" in lines else None
