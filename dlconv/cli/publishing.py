"""``dlconv publish``: a release, brought to where people fetch it."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options import Json, Verbose
from dlconv.output import show

PublishTarget = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A folder, a URL of fsspec (s3://BUCKET/PATH), github:OWNER/REPO, hf:OWNER/NAME, "
        "npm:NAME or oci:HOST/REPO.",
    ),
]


@app.command(
    epilog="Secrets come from the environment: GITHUB_TOKEN, HF_TOKEN, NPM_TOKEN, ORAS_USER and "
    "ORAS_PASS, and what a storage asks for (AWS_ACCESS_KEY_ID). "
    "Examples: dlconv publish s3://models/segmentation; dlconv publish github:me/models --dry-run"
)
def publish(
    target: PublishTarget,
    release: Annotated[
        Path, typer.Option("--release", metavar="DIR", help="The folder that dlconv pack made.")
    ] = Path("release"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all, look what is there, and send nothing.")
    ] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Publish a release: once for the same artifacts, and never over others of its version.

    What counts is the bytes of the artifacts, so sign it before, not after.
    """
    from dlconv.console import steps
    from dlconv.release.publish.publish import publish as publish_release

    with steps(f"{release} to {target}") as progress:
        done = publish_release(release, target, dry_run=dry_run, progress=progress)
    if json:
        show(dataclasses.asdict(done))
    else:
        size = f"{done.files} files, {done.bytes:,} bytes"
        typer.echo(f"{done.place}: {done.name} {done.version} {done.state} ({size})")
