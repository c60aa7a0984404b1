"""``dlconv schema``: what files and reports hold, as JSON Schema."""

from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.output import show


@app.command(epilog="Example: dlconv schema verify > verify.schema.json")
def schema(
    kind: Annotated[
        str, typer.Argument(metavar="manifest|verify|inspect|diff", help="Of which file.")
    ],
) -> None:
    """Print the JSON Schema of an artifact's manifest, or of what verify or inspect reports."""
    from dlconv.artifacts import manifest
    from dlconv.errors import UsageError
    from dlconv.inspect import document as inspected
    from dlconv.verify import document

    schemas = {
        "manifest": manifest.json_schema,
        "verify": document.json_schema,
        "inspect": inspected.json_schema,
        "diff": inspected.comparison_schema,
    }
    if kind not in schemas:
        raise UsageError(f"there is no schema {kind!r}; there are {', '.join(schemas)}")
    show(schemas[kind]())
