"""``dlconv pack`` and ``check``: artifacts that passed, with their proof, for others."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options import Json, RegistryFile, Verbose, load_registry
from dlconv.output import show


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
    from dlconv import pipeline
    from dlconv.release.pack import pack as make_release

    chosen = pipeline.choose_artifacts(artifacts or [])
    known = load_registry(registry).models.get(chosen[0].manifest.source.model)
    release = make_release(chosen, version, out, known, evidence or ())
    if json:
        size = sum(file.bytes for each in release.artifacts for file in each.files)
        show({"path": str(out), "content_sha256": release.content_sha256, "bytes": size})
    else:
        typer.echo(f"{out}: {release.name} {release.version}, {len(release.artifacts)} artifacts")


@app.command(epilog="Example: dlconv check https://example.org/models/sample/1.0.0/")
def check(
    release: Annotated[
        str, typer.Argument(metavar="DIR|URL", help="A release's folder, or its release.json.")
    ] = "release",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check a release again: every byte, and that its evidence is for these bytes and holds.

    Needs neither TensorFlow nor the runtimes. Exit code 0: nothing is wrong; 1: something is, or
    the release could not be read.
    """
    import dataclasses

    from dlconv import console
    from dlconv.release.bring import brought_release
    from dlconv.release.check import check_release
    from dlconv.release.document import read_release
    from dlconv.release.report import table

    with brought_release(release) as folder:
        with console.step(f"checking {release}"):
            problems = check_release(folder)
        if json:
            found = [dataclasses.asdict(problem) for problem in problems]
            show({"passed": not problems, "problems": found})
        elif not problems:
            show(table(read_release(folder)))
    for problem in problems:
        typer.echo(f"wrong: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
