"""Measuring artifacts beside one another: time per frame, load time, peak memory.

Each artifact runs in a process of its own, so that its load time and its memory are its own. All of
them are alive at the same time and take turns: a round sends one photo through each artifact once,
and every round starts with another one. Whatever slows the machine down for a while slows all of
them down, so that ratios hold where single numbers do not. Times of frames are those that the
runtimes measure themselves, as in verify. Processes that wait do not compute, with one exception:
threads of a runtime that has several look for work for a while after a frame, and hold back the
artifact whose turn it is. So every runtime has one thread, unless more are asked for; TF.js in Node
never has more.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.bench.onnx_worker import OnnxruntimeChild
from dlconv.inspect.contract import Contract
from dlconv.verify.framing import framed
from dlconv.verify.photos import Photo, load_photo
from dlconv.verify.runtimes import Runtime
from dlconv.verify.runtimes.tfjs_node import TfjsNodeRuntime

# How often each artifact's process is started to time its start; the last one goes on to run.
STARTS = 3
# Rounds before those that count; the first of them gives the first frame.
WARM_UP_ROUNDS = 2
# Photos held at once, each as an artifact takes it.
PHOTOS_HELD = 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Measurement:
    """What one artifact took.

    ``frames`` are the sizes (height, width) of the frames it was given, each once; ``load_ms`` is
    the median time from starting the process to its being ready, the runtime's own start
    included; ``first_ms`` is the first frame, ``frames_ms`` are those after the warm-up.
    ``peak_bytes`` is the most memory its process ever had resident, None where the system does
    not tell; of a browser it is the sum over its processes, what they share counted in each.
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
    artifacts: Sequence[Artifact],
    photos: Sequence[Photo],
    rounds: int,
    threads: int = 1,
    progress: Progress = lambda done, total: None,
) -> list[Measurement]:
    """Measure artifacts in turns; round r takes the photo r modulo their number.

    ``threads`` is how many ONNX Runtime works with. ``progress`` is told the rounds done and in
    total, the warm-up among them. Raises DlconvError when an artifact is not the one its manifest
    names, cannot be loaded or fails on a photo, or when its process dies.
    """
    for artifact in artifacts:
        artifact.check_files()
    photo_for = lru_cache(PHOTOS_HELD)(_photo_for)
    frames: list[dict[tuple[int, int], None]] = [{} for _ in artifacts]
    times: list[list[float]] = [[] for _ in artifacts]
    total = WARM_UP_ROUNDS + rounds
    with _started(artifacts, threads) as (children, load_ms):
        for done in range(total):
            progress(done, total)
            photo = photos[done % len(photos)]
            for k in turns(len(artifacts), done):
                image = photo_for(photo, artifacts[k].manifest.contract)
                frames[k][(image.shape[1], image.shape[2])] = None
                times[k].append(children[k].infer(image).ms)
        progress(total, total)
        return [
            Measurement(
                artifact=artifact,
                runtime=children[k].name,
                backend=children[k].backend,
                versions=children[k].describe(),
                frames=tuple(frames[k]),
                load_ms=statistics.median(load_ms[k]),
                first_ms=times[k][0],
                frames_ms=tuple(times[k][WARM_UP_ROUNDS:]),
                peak_bytes=peak_bytes(children[k].process_ids),
            )
            for k, artifact in enumerate(artifacts)
        ]


def _photo_for(photo: Photo, contract: Contract) -> np.ndarray:
    return framed(load_photo(photo, contract.crop), contract.input)


def turns(count: int, number: int) -> list[int]:
    """Return the order of a round: all of 0 to ``count - 1``, starting one later each round."""
    return [(number + k) % count for k in range(count)]


@contextmanager
def _started(
    artifacts: Sequence[Artifact], threads: int
) -> Iterator[tuple[list[Runtime], list[list[float]]]]:
    """Yield a running child and the milliseconds of all its starts for each artifact."""
    load_ms: list[list[float]] = [[] for _ in artifacts]
    children: dict[int, Runtime] = {}
    with ExitStack() as stack:
        for start in range(STARTS):
            for k in turns(len(artifacts), start):
                child = _child_for(artifacts[k], threads)
                with ExitStack() as brief:
                    owner = stack if start == STARTS - 1 else brief
                    began = time.perf_counter()
                    owner.enter_context(child)
                    load_ms[k].append((time.perf_counter() - began) * 1000)
                children[k] = child
        yield [children[k] for k in range(len(artifacts))], load_ms


def _child_for(artifact: Artifact, threads: int) -> Runtime:
    if artifact.manifest.target == "onnx":
        return OnnxruntimeChild(artifact.entry, threads)
    return TfjsNodeRuntime(artifact.entry.parent)


def peak_bytes(process_ids: Iterable[int]) -> int | None:
    """Return the most memory that running processes ever had resident, summed up.

    What they share counts in each. None where Linux is not.
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
