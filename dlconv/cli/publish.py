"""``dlconv publish``: publishing releases."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, Verbose
from dlconv.cli.words import in_words
from dlconv.errors import DlconvError
from dlconv.terminal.output import show, tell

PublishTarget = Annotated[
    str | None,
    typer.Argument(
        metavar="TARGET",
        help="A folder, a URL of fsspec (s3://BUCKET/PATH), github:OWNER/REPO, hf:OWNER/NAME, "
        "npm:NAME or oci:HOST/REPO. The last three are for one model each; {model} in a target "
        "is the model's name.",
        show_default="all that dlconv.toml names",
    ),
]


@app.command(
    epilog="Secrets come from the environment: GITHUB_TOKEN, HF_TOKEN, NPM_TOKEN, ORAS_USER and "
    "ORAS_PASS, and what a storage asks for (AWS_ACCESS_KEY_ID). "
    "Examples: dlconv publish s3://models/segmentation; dlconv publish github:me/models --dry-run"
)
def publish(
    target: PublishTarget = None,
    release: Annotated[
        Path | None,
        typer.Option(
            "--release",
            metavar="DIR",
            help="A folder that dlconv pack made, or one of several such.",
            show_default="release",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What names the targets.",
            show_default="the dlconv.toml of this folder or the nearest above it",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all, look what is there, and send nothing.")
    ] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Publish releases: once for the same artifacts, and never in place of others of the version.

    What counts is the bytes of the artifacts, so sign a release before, not after.
    """
    from dlconv import api
    from dlconv.terminal import console

    planned = api.shipments(target, release=release, config=config)
    done, failures = [], []
    for each in planned:
        try:
            with console.steps(str(each)) as progress:
                published = api.publish(
                    each.release, each.target, dry_run=dry_run, progress=progress
                )
        except DlconvError as error:
            if len(planned) == 1:
                raise
            failures.append(f"{each}: {in_words(error)}")
            continue
        done.append(dataclasses.asdict(published))
        if not json:
            size = f"{published.files} files, {published.bytes:,} bytes"
            what = f"{published.name} {published.version} {published.state} ({size})"
            tell(f"{published.place}: {what}")
    if json:
        show(done)
    for failure in failures:
        console.say(f"failed: {failure}")
    if failures:
        raise typer.Exit(1)
