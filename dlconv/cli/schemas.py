"""``dlconv schema``: what files and reports hold, as JSON Schema."""

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
    from dlconv.artifacts import manifest
    from dlconv.errors import UsageError
    from dlconv.inspect import document as inspected
    from dlconv.release import document as released
    from dlconv.verify import document

    schemas = {
        "manifest": manifest.json_schema,
        "verify": document.json_schema,
        "inspect": inspected.json_schema,
        "diff": inspected.comparison_schema,
        "release": released.json_schema,
    }
    if kind not in schemas:
        raise UsageError(f"there is no schema {kind!r}; there are {', '.join(schemas)}")
    show(schemas[kind]())
