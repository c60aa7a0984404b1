"""The report of a build: a table for people, or data for scripts."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text

from dlconv.plan.result import Result, Status
from dlconv.terminal.tables import Table, as_text
from dlconv.verify.reports.text import megabytes, percent

COLOURS = {Status.DONE: "green", Status.FAILED: "red", Status.NOT_RUN: "red"}


def table(results: Sequence[Result]) -> Table:
    """Return a table with a row for each step; a column of reasons only if there are any."""
    found = Table()
    for name in ("step", "model", "artifact", "result"):
        found.add_column(name)
    for name in ("seconds", "size", "agreement"):
        found.add_column(name, justify="right")
    has_reasons = any(result.reason for result in results)
    if has_reasons:
        found.add_column("reason", overflow="fold")
    for each in results:
        found.add_row(*_cells(each), *([each.reason] if has_reasons else []))
    return found


def _cells(result: Result) -> list[str | Text]:
    return [
        result.step.task.kind,
        result.step.model,
        result.step.artifact,
        as_text(result.status.value, COLOURS.get(result.status, "")),
        "" if result.seconds is None else f"{result.seconds:.1f}",
        "" if result.bytes is None else megabytes(result.bytes),
        "" if result.agreement is None else percent(result.agreement),
    ]


def as_data(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Return the results as plain data; null is what does not apply, times are in seconds."""
    return [
        {
            "step": each.step.task.kind,
            "model": each.step.model,
            "artifact": each.step.artifact or None,
            "result": each.status.value,
            "seconds": None if each.seconds is None else round(each.seconds, 3),
            "bytes": each.bytes,
            "agreement": each.agreement,
            "reason": each.reason or None,
        }
        for each in results
    ]
