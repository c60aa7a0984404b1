"""Tables for a terminal as Markdown, for pull requests and the summaries of CI jobs."""

import re
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

# Underscores within words mean nothing.
MARKS = re.compile(r"[\\`*<]|\b_|_\b|(?<=_)_")


def as_markdown(title: str, content: RenderableType) -> str:
    """Return a document with a heading, and the tables and lines of ``content`` below it."""
    blocks = [f"### {_escaped(title)}", *_blocks(content)]
    return "\n\n".join(blocks) + "\n"


def _blocks(content: RenderableType) -> Iterator[str]:
    if isinstance(content, Group):
        for part in content.renderables:
            yield from _blocks(part)
    elif isinstance(content, Table):
        yield from _table(content)
    else:
        yield _escaped(_plain(content))


def _table(table: Table) -> Iterator[str]:
    rules = ["---:" if column.justify == "right" else "---" for column in table.columns]
    rows = [
        _row(_plain(column.header) for column in table.columns),
        f"| {' | '.join(rules)} |",
        *(_row(map(_plain, row)) for row in zip(*map(_cells, table.columns), strict=True)),
    ]
    yield "\n".join(rows)
    if table.caption:
        yield _escaped(_plain(table.caption))


def _cells(column: Column) -> list[RenderableType]:
    return [*column.cells, *([column.footer] if column.footer else [])]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _plain(content: RenderableType) -> str:
    return content.plain if isinstance(content, Text) else Text.from_markup(str(content)).plain


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is, in a cell of a table, too."""
    return MARKS.sub(r"\\\g<0>", text).replace("|", "&#124;").replace("\n", " ")
