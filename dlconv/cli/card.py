"""``dlconv card``: the model card of a release."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Verbose
from dlconv.terminal.output import write


@app.command(epilog="Example: dlconv card release > MODEL_CARD.md")
def card(
    release: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="The release's folder.")
    ] = Path("release"),
    verbose: Verbose = False,
) -> None:
    """Print the model card of a release, Markdown made of its release.json."""
    from dlconv import api

    write(api.card(release))
