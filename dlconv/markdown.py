"""Markdown: text that shows as it is, and tables."""

import re
from collections.abc import Collection, Iterable, Sequence

# What Markdown or HTML would obey; underscores within words mean nothing.
MARKS = re.compile(r"[\\`*<\[]|\b_|_\b|(?<=_)_")


def escaped(text: str) -> str:
    """Return text as one line that is shown as it is, in a cell of a table, too."""
    one_line = " ".join(text.split())
    return MARKS.sub(r"\\\g<0>", one_line).replace("|", "&#124;")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()
) -> str:
    """Return a table of cells that are Markdown; columns in ``right`` have numbers."""
    rules = ["---:" if name in right else "---" for name in columns]
    return "\n".join(map(_row, [columns, rules, *rows]))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
