"""Where a model's tarball comes from."""

from pathlib import Path
from typing import Annotated

import typer

Mirror = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="DLCONV_MIRROR",
        help="Server in place of the zoo's: http, https or file; the path of the tarball stays.",
    ),
]

Lock = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="DLCONV_LOCK",
        help="Where digests are kept of models for which none is published.",
        show_default="the user's data folder",
    ),
]

Offline = Annotated[bool, typer.Option("--offline", help="Use only the cache.")]
