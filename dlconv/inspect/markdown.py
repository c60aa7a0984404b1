"""Tables for a terminal as Markdown, for pull requests and the summaries of CI jobs."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from dlconv.terminal.markdown import escaped, table


def as_markdown(title: str, content: RenderableType) -> str:
    """Return a document with a heading, and the tables and lines of ``content`` below it."""
    blocks = [f"### {escaped(title)}", *_blocks(content)]
    return "\n\n".join(blocks) + "\n"


def _blocks(content: RenderableType) -> Iterator[str]:
    if isinstance(content, Group):
        for part in content.renderables:
            yield from _blocks(part)
    elif isinstance(content, Table):
        yield from _table(content)
    else:
        yield _plain(content)


def _table(content: Table) -> Iterator[str]:
    heads = [_plain(column.header) for column in content.columns]
    numbers = {
        head
        for head, column in zip(heads, content.columns, strict=True)
        if column.justify == "right"
    }
    yield table(heads, zip(*map(_cells, content.columns), strict=True), numbers)
    if content.caption:
        yield _plain(content.caption)


def _cells(column: Column) -> list[str]:
    return [*map(_plain, column.cells), *([_plain(column.footer)] if column.footer else [])]


def _plain(content: RenderableType) -> str:
    return escaped(content.plain if isinstance(content, Text) else str(content))
