"""Checks as data for scripts, and as one screen for people."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

import dlconv
from dlconv.doctor.check import Check
from dlconv.terminal.printable import brief
from dlconv.terminal.tables import Table, as_text

COLOURS = {"ok": "green", "missing": "yellow", "broken": "red"}


def as_data(checks: Sequence[Check]) -> dict[str, Any]:
    """Return all that was found."""
    flat = [{**vars(each), "found": dataclasses.asdict(each.found)} for each in checks]
    return {"dlconv": dlconv.__version__, "passed": not failing(checks), "checks": flat}


def failing(checks: Sequence[Check]) -> list[Check]:
    """Return what is needed and not ok."""
    return [each for each in checks if each.fails]


def screen(checks: Sequence[Check]) -> Iterator[RenderableType]:
    """Yield a table that shrinks to the terminal, and below it what is wrong and what to do."""
    yield _table(checks)
    for each in checks:
        if each.fails or each.found.state == "broken":
            yield _advice(each)


def _table(checks: Sequence[Check]) -> RenderableType:
    listing = Table(padding=(0, 1), pad_edge=False, show_edge=False)
    for column in ("", "", "found", "needed for"):
        listing.add_column(column, no_wrap=column != "found")
    for before, each in zip([None, *checks], checks, strict=False):
        if before is not None and before.group != each.group:
            listing.add_section()
        state = each.found.state
        what = each.found.remedy if state == "missing" and not each.is_needed else each.found.what
        listing.add_row(
            each.name,
            as_text(state, COLOURS[state]),
            Text(brief(what), no_wrap=True, overflow="ellipsis"),
            each.purpose,
        )
    return listing


def _advice(check: Check) -> str:
    remedy = f" (hint: {check.found.remedy})" if check.found.remedy else ""
    return f"{check.name}: {brief(check.found.what + remedy)}"
