"""Making every artifact a second time, and comparing the bytes.

The second build is in another folder, in new processes with another hash seed, and reuses nothing
of the first but the frozen graphs. Evidence is left out: it holds times.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.plan.result import Status
from dlconv.plan.run import Builder, Limits, Observer
from dlconv.plan.state import STATE, State
from dlconv.plan.steps import ARTIFACTS, Step
from dlconv.plan.tasks import Convert
from dlconv.storage.files import digest_of


def conversions(steps: Sequence[Step], root: Path) -> Iterator[Step]:
    """Yield the steps that make artifacts, with their folders moved below ``root``."""
    for step in steps:
        task = step.task
        if isinstance(task, Convert):
            folder = root / ARTIFACTS / step.model / step.artifact
            yield replace(step, task=replace(task, folder=folder), needs=())


def build_again(steps: Sequence[Step], root: Path, limits: Limits, observer: Observer) -> int:
    """Make the artifacts of steps that were built below ``root`` again, and compare all files.

    Returns how many files are the same. Raises DlconvError that names the first file that differs,
    or the first step that failed.
    """
    with tempfile.TemporaryDirectory(prefix="dlconv-") as name:
        again = Path(name)
        second = list(conversions(steps, again))
        environment = {"PYTHONHASHSEED": _another_seed()}
        for result in Builder(second, State(again), limits, observer, environment).run():
            if result.status is Status.FAILED:
                raise DlconvError(f"{result.step.title} failed the second time: {result.reason}")
        return compare(root / ARTIFACTS, again / ARTIFACTS)


def _another_seed() -> str:
    """Return a hash seed other than this process's."""
    return "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"


def compare(first: Path, second: Path) -> int:
    """Return how many files a folder has, all of which have to be the same in the first.

    Raises DlconvError that names the first file that differs.
    """
    files = [path for path in sorted(second.rglob("*")) if path.is_file()]
    names = [path.relative_to(second) for path in files]
    compared = [name for name in names if name.parts[0] != STATE]
    for name in compared:
        earlier = first / name
        if not earlier.is_file() or digest_of(earlier) != digest_of(second / name):
            raise DlconvError(f"{earlier} is not the same when it is made again")
    return len(compared)
