"""Tables for a terminal, whose text is shown as it is: nothing in a name is markup or a code."""

from collections.abc import Iterable
from typing import Any

from rich import box, console, table
from rich.console import RenderableType
from rich.text import Text

from dlconv.terminal.printable import printable


def as_text(content: str, style: str = "") -> Text:
    """Return a rich text that shows ``content`` as it is."""
    return Text(printable(content), style)


class Table(table.Table):
    """A table of texts; a cell that has a colour is made by ``as_text``. Options are rich's."""

    def __init__(self, title: str | None = None, caption: str | None = None, **options: Any):
        super().__init__(
            box=box.SIMPLE_HEAD,
            title=title and as_text(title, "table.title"),
            title_justify="left",
            caption=caption and as_text(caption, "table.caption"),
            caption_justify="left",
            **options,
        )

    def add_column(self, header: Any = "", footer: Any = "", **options: Any) -> None:
        """Add a column."""
        super().add_column(*_shown((header, footer)), **options)

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row."""
        super().add_row(*_shown(cells), **options)


class Group(console.Group):
    """Tables and texts, one below the other."""

    def __init__(self, *parts: RenderableType) -> None:
        super().__init__(*_shown(parts))


def _shown(parts: Iterable[RenderableType]) -> Iterable[RenderableType]:
    return [as_text(part) if isinstance(part, str) else part for part in parts]
