"""Options that most commands have."""

from pathlib import Path
from typing import Annotated

import typer


def _set_verbose(wanted: bool) -> None:
    if wanted:
        from dlconv.logs import show_logs

        show_logs()


Verbose = Annotated[
    bool,
    typer.Option(
        "-v", "--verbose", callback=_set_verbose, help="Show what the libraries log and print."
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]

Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown to standard output.")]

RegistryFile = Annotated[
    Path | None,
    typer.Option(
        "--registry",
        metavar="FILE",
        envvar="DLCONV_REGISTRY",
        help="TOML file whose entries add to the registry, or replace some of it.",
    ),
]

Classes = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="The classes by name: those of voc, cityscapes, ade20k, coco or another dataset of "
        "the registry, or of a text file with a class on each line.",
        show_default="the model's, or those of the dataset with as many",
    ),
]

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port to listen on.", show_default="any free"),
]

NoOpen = Annotated[bool, typer.Option("--no-open", help="Open no browser.")]
