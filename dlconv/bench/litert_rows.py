"""Measuring the LiteRT files of several converters: conversion, labels, time per frame.

Converters run in turns, each in a process of its own, whose seconds and peak of memory are taken by
``conversion``. All files then label the same photos, on one thread, in processes of their own that
take turns. A converter of others that fails is left out, and why is said.
"""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.bench.conversion import Cost, Costs, run_into
from dlconv.bench.labelling import Labelled, Shown, label_in_turns, shown
from dlconv.bench.litert_converters import (
    FLOAT32,
    OURS,
    REWRITTEN,
    STATIC,
    TENSORFLOW,
    Given,
    Way,
    everyone,
    given_at,
    static,
)
from dlconv.bench.onnx_worker import OnnxruntimeChild
from dlconv.bench.split import Parts
from dlconv.errors import DlconvError
from dlconv.runtimes import Runtime
from dlconv.runtimes.litert import XNNPACK
from dlconv.runtimes.litert_child import LitertChild
from dlconv.terminal.console import say
from dlconv.verify.photos import Photo


@dataclass(frozen=True)
class Converted:
    """A file that a converter wrote, and what that cost; None where it was there already."""

    way: Way
    file: Path
    cost: Costs | None

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return self.file.stat().st_size

    def runtime(self) -> Runtime:
        """Return what runs it, on one thread and in a process of its own."""
        if self.file.suffix == ".onnx":
            return OnnxruntimeChild(self.file, threads=1)
        return LitertChild(self.file, XNNPACK, threads=1)


@dataclass(frozen=True)
class Row:
    """What was measured of a converted file."""

    way: Way
    bytes: int
    cost: Costs | None
    labelled: Labelled


@dataclass(frozen=True)
class Seed:
    """dlconv's integers, calibrated on the photos that a seed chose."""

    number: int
    bytes: int
    labelled: Labelled


@dataclass(frozen=True)
class Failed:
    """A converter that could not convert, and why."""

    name: str
    message: str


@dataclass(frozen=True)
class Found:
    """All that was measured: rows, seeds if there are several, and what failed."""

    rows: tuple[Row, ...]
    seeds: tuple[Seed, ...]
    failed: tuple[Failed, ...]

    def row(self, converter: str, form: str) -> Row | None:
        """Return the row of a converter and a form, if it is there."""
        ways = ((each.way.converter, each.way.form) for each in self.rows)
        return dict(zip(ways, self.rows, strict=True)).get((converter, form))


@dataclass(frozen=True)
class Asked:
    """What to measure: a graph, its photos in one choice or more, and how often.

    ``rounds`` is how often each photo is labelled, ``conversions`` how often each converter runs.
    """

    frozen: FrozenGraph
    size: tuple[int, int]
    parts: tuple[Parts, ...]
    rounds: int
    conversions: int
    onnx2tf: Path | None = None


def measure(asked: Asked) -> Found:
    """Convert, label and time everything.

    Raises DlconvError when the graph cannot have the size, or dlconv cannot convert it.
    """
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as place:
        folder = Path(place)
        given = given_at(asked.frozen, asked.size, folder)
        (calibration, judged), *more = asked.parts
        all_photos = {photo.sha256: photo for part in asked.parts for photo in part[1]}
        labels = shown(given.sized, given.contract, [*all_photos.values()])
        known = dict(zip(all_photos, labels, strict=True))
        converted, failed = _converted(
            everyone(given, calibration, asked.onnx2tf, folder), asked.conversions, folder
        )
        say(f"{len(converted)} files label {len(judged)} photos in turns")
        rows = _rows(converted, _of(judged, known), asked.rounds)
        first = [Seed(0, row.bytes, row.labelled) for row in rows if _is_ours(row, STATIC)]
        others = [_seed(number, given, part, known, folder) for number, part in enumerate(more, 1)]
        return Found(tuple(rows), (*first, *others) if others else (), tuple(failed))


def _is_ours(row: Row, form: str) -> bool:
    return (row.way.converter, row.way.form) == (OURS, form)


def _of(photos: Sequence[Photo], known: dict[str, Shown]) -> list[Shown]:
    return [known[photo.sha256] for photo in photos]


def _converted(
    ways: Sequence[Way], times: int, folder: Path
) -> tuple[list[Converted], list[Failed]]:
    """Run all converters, ``times`` times in turns; those that fail are left out."""
    costs: dict[Way, list[Cost]] = {way: [] for way in ways}
    failed: dict[Way, Failed] = {}
    for number in range(times):
        say(f"converting, round {number + 1} of {times}")
        for way in ways:
            if way.tool is None or way in failed:
                continue
            outcome = _tried(way, folder)
            if isinstance(outcome, Failed):
                failed[way] = outcome
            else:
                costs[way].append(outcome)
    done = [_made(way, folder, runs) for way, runs in costs.items() if way not in failed]
    return done, [*failed.values()]


def _tried(way: Way, folder: Path) -> Cost | Failed:
    """Run a converter; only where dlconv itself fails, raise what it says."""
    try:
        return _run(way, folder)
    except DlconvError as error:
        if way.converter == OURS:
            raise
        say(f"{way.name} is left out: {error}")
        return Failed(way.name, error.message)


def _run(way: Way, folder: Path) -> Cost:
    """Run a converter, whose output takes the place of what it left there before."""
    assert way.tool is not None
    say(f"converting: {way.name}")
    output = folder / way.name
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    return run_into(way.tool, output)


def _made(way: Way, folder: Path, runs: Sequence[Cost]) -> Converted:
    cost = None if way.tool is None else Costs(way.tool, tuple(runs))
    return Converted(way, folder / way.name / way.file, cost)


def _rows(converted: Sequence[Converted], photos: Sequence[Shown], rounds: int) -> list[Row]:
    with ExitStack() as stack:
        runtimes = [each.runtime() for each in converted]
        for runtime in runtimes:
            stack.enter_context(runtime)
        labelled = label_in_turns(runtimes, photos, rounds)
    return [
        Row(each.way, each.bytes, each.cost, found)
        for each, found in zip(converted, labelled, strict=True)
    ]


def _seed(number: int, given: Given, part: Parts, known: dict[str, Shown], folder: Path) -> Seed:
    calibration, judged = part
    say(f"seed {number}")
    way = static(given, calibration)
    made = _made(way, folder, [_run(way, folder)])
    (row,) = _rows([made], _of(judged, known), rounds=1)
    return Seed(number, row.bytes, row.labelled)


def time_ratio(row: Row, found: Found) -> float:
    """Return the time of a frame, divided by that of dlconv's float32."""
    ours = found.row(OURS, FLOAT32)
    assert ours is not None
    return row.labelled.ms / ours.labelled.ms


def cost_ratios(row: Row, found: Found) -> tuple[float | None, float | None]:
    """Return seconds and memory of a conversion, divided by those of TensorFlow's converter.

    That is its conversion to integers for integers, and the one to floats for all others; of the
    rewritten graph where it cannot convert the frozen one.
    """
    form = STATIC if row.way.form == STATIC else FLOAT32
    peer = found.row(TENSORFLOW, form) or found.row(REWRITTEN, form)
    if row.cost is None or peer is None or peer.cost is None:
        return None, None
    return row.cost.seconds / peer.cost.seconds, row.cost.peak_bytes / peer.cost.peak_bytes
