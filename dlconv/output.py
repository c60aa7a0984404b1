"""What commands print to standard output: data as JSON, text, and tables."""

import json
from typing import Any

import typer


def show(*content: Any) -> None:
    """Print data as JSON and anything else with rich, wide where no terminal sets the width."""
    for item in content:
        if isinstance(item, dict | list):
            typer.echo(json.dumps(item, indent=2))
        else:
            _console().print(item)


def _console() -> Any:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=140)
