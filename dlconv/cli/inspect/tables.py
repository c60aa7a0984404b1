"""Showing tables on a terminal or as Markdown."""

from rich.console import RenderableType

from dlconv.errors import UsageError
from dlconv.terminal.output import show, tell, write


def refuse_both(json: bool, markdown: bool) -> None:
    """Raise UsageError where both are asked for."""
    if json and markdown:
        raise UsageError("--json and --markdown exclude each other")


def show_tables(title: str, tables: RenderableType, markdown: bool) -> None:
    """Print tables below a title."""
    from dlconv.inspect.markdown import as_markdown

    if markdown:
        write(as_markdown(title, tables))
    else:
        tell(title)
        show(tables)
