"""What commands print to standard output: data as JSON, text, and tables."""

import json
import sys
from typing import Any

import typer

from dlconv.terminal.printable import OLD_COMMAND, harmless, log_line


def show(*content: Any) -> None:
    """Print data as JSON and anything else with rich, wide where no terminal sets the width."""
    from dlconv.terminal.tables import as_text

    for item in content:
        if isinstance(item, dict | list):
            # It can only occur in a string, where this is the same character, escaped.
            typer.echo(OLD_COMMAND.sub(r"#\\u0023", json.dumps(item, indent=2)))
            continue
        console = _console()
        with console.capture() as printed:
            console.print(as_text(item) if isinstance(item, str) else item)
        write(printed.get())


def tell(text: str) -> None:
    """Print a line."""
    typer.echo(log_line(text))


def write(document: str) -> None:
    """Print a document as it is, except that CI systems find no commands in it."""
    typer.echo("\n".join(map(harmless, document.split("\n"))), nl=False)


def _console() -> Any:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console()
    # With FORCE_COLOR, codes would stand before what ``harmless`` looks for; none are printed here.
    return Console(width=140, color_system=None, force_terminal=False)
