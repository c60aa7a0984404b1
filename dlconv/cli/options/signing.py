"""Options of making and checking signatures."""

from pathlib import Path
from typing import Annotated

import typer

TrustConfig = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What to trust, as JSON (ClientTrustConfig), in place of the public Sigstore.",
    ),
]
