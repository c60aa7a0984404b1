"""What a release contains and what was measured, for people at a terminal."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType

from dlconv.floors import Floors
from dlconv.release.document import Release, Released
from dlconv.release.problem import Problem
from dlconv.terminal.tables import Table
from dlconv.verify.document import Result
from dlconv.verify.reports.text import megabytes, percent


def as_data(problems: Sequence[Problem]) -> dict[str, Any]:
    """Return what a check found, as plain data."""
    return {"passed": not problems, "problems": [dataclasses.asdict(each) for each in problems]}


def tables(release: Release, is_signed: bool, is_trusted: bool) -> Iterator[RenderableType]:
    """Yield the report of a check that found no problem: what the release contains.

    ``is_trusted`` says that the check required a particular signer.
    """
    yield table(release)
    signature = "signed by the trusted signer" if is_trusted else "not signed"
    if is_signed and not is_trusted:
        signature = "signed, the signer was not checked (--public-key, --identity)"
    yield f"every byte is as packed; {signature}"


def table(release: Release) -> RenderableType:
    """Return a table with a row for each artifact in each runtime."""
    table = Table(
        title=f"{release.name} {release.version}",
    )
    for column in ("artifact", "runtime"):
        table.add_column(column)
    for column in ("size", "photos", "agreement", "worst", "mIoU"):
        table.add_column(column, justify="right")
    table.add_column("floors")
    for released in release.artifacts:
        for result in released.evidence:
            table.add_row(*_row(released, result))
    return table


def _row(released: Released, result: Result) -> list[str]:
    agreement, miou = result.agreement, result.miou
    return [
        released.path,
        f"{result.runtime.name} {result.runtime.backend}",
        megabytes(sum(file.bytes for file in released.files)),
        f"{len(result.photos):,}",
        percent(agreement.mean) if agreement else "",
        percent(agreement.worst) if agreement else "",
        f"{miou:.3f}" if miou is not None else "",
        floors_in_words(result.floors),
    ]


def floors_in_words(floors: Floors) -> str:
    """Return floors as a person writes them: ``agreement 0.99, worst 0.95``."""
    named = {name: floor for name, floor in vars(floors).items() if floor is not None}
    return ", ".join(f"{name} {floor}" for name, floor in named.items())
