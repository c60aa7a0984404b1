"""Measures what backends compute of each operation, and writes it as data of the package.

    python -m dlconv.verify.conformance [OP]... [--target tfjs|onnx]... [--backend NAME]...
        [--work DIR]

Small graphs of every operation run in TensorFlow and in each backend; a run that is interrupted
goes on where it was. With names of operations only those are measured anew. Exits with 1 if
``convert`` would still write something that is wrong or fails.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlconv.cache.store import cache_root
from dlconv.convert.conformance.table import FOLDER, conformance
from dlconv.terminal.console import say
from dlconv.terminal.output import show
from dlconv.verify.conformance.data import as_json
from dlconv.verify.conformance.measure import Measurement, measure
from dlconv.verify.conformance.targets import TARGETS, Target

LINE_SECONDS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the data, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m dlconv.verify.conformance", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("ops", nargs="*", metavar="OP")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    parser.add_argument("--backend", action="append", metavar="NAME")
    parser.add_argument("--work", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    work = options.work or cache_root() / "conformance"
    reachable: list[str] = []
    for name in options.target or TARGETS:
        target = TARGETS[name]
        backends = [each for each in target.backends if each in (options.backend or [each])]
        reachable += _measure(target, backends, options.ops, work / name)
    return 1 if reachable else 0


def _measure(
    target: Target, backends: Sequence[str], ops: Sequence[str], work: Path
) -> Sequence[str]:
    started = time.monotonic()
    known = conformance(target.name).ops if ops else {}
    found = measure(
        target, backends, ops or sorted(target.operations), work, known, _Lines(target.name)
    )
    path = FOLDER / f"{target.name}.json"
    path.write_text(as_json(found), encoding="utf-8")
    say(f"{path}: {len(found.table.ops)} operations, {time.monotonic() - started:.0f} s")
    show(*_lines(found))
    return found.reachable


def _lines(found: Measurement) -> Sequence[str]:
    counts = [
        f"{backend} {when}: {_words(each)}"
        for backend in found.table.backends
        for when, each in (("before", found.before[backend]), ("after", found.after[backend]))
    ]
    return [*counts, *found.reachable]


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in Counter(counts).most_common())


class _Lines:
    """Says every few seconds how far a measurement is."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._last = 0.0

    def __call__(self, done: int, total: int, what: str) -> None:
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            say(f"{self._label}: {done / total:.0%}, {what}")


if __name__ == "__main__":
    sys.exit(main())
