"""``dlconv pack``: a release of artifacts that passed, with their proof."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.terminal.output import show, tell


@app.command(epilog="Example: dlconv pack artifacts/sample --version 1.0.0 -o release")
def pack(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Of one model. Default: all below artifacts/."),
    ] = None,
    version: Annotated[str, typer.Option(help="The release's version.")] = "0.1.0",
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="The release's folder.")
    ] = Path("release"),
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A JSON report of dlconv verify, beside the evidence that verify keeps beside "
            "artifacts; may be given several times.",
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Put artifacts that passed into a release: a folder with their files and their proof."""
    from dlconv import api
    from dlconv.terminal import console

    with console.step(f"packing {out}"):
        release = api.pack(
            artifacts or [], version, out, evidence=evidence or (), registry=registry
        )
    if json:
        size = sum(file.bytes for each in release.artifacts for file in each.files)
        show({"path": str(out), "content_sha256": release.content_sha256, "bytes": size})
    else:
        tell(f"{out}: {release.name} {release.version}, {len(release.artifacts)} artifacts")
