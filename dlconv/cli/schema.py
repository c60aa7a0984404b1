"""``dlconv schema``: JSON Schemas of files and reports."""

from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.terminal.output import show


@app.command(epilog="Example: dlconv schema verify > verify.schema.json")
def schema(
    kind: Annotated[
        str, typer.Argument(metavar="manifest|verify|inspect|diff|release", help="Of which file.")
    ],
) -> None:
    """Print the JSON Schema of a manifest, a release, or what verify or inspect reports."""
    from dlconv import api

    show(api.schema(kind))
