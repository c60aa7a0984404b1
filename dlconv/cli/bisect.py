"""``dlconv bisect``: where an artifact departs from the frozen graph."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.checks import Reference
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.terminal.output import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlconv.artifacts.manifest import Artifact
    from dlconv.progress import Progress


@app.command(epilog="Example: dlconv bisect artifacts/sample/tfjs-uint8 --image photo.jpg")
def bisect(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The artifact.")],
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE", help="The photo. The sample model brings its own."),
    ] = None,
    reference: Reference = None,
    limit: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="The error from which on a node counts as wrong.",
            show_default="float32 0.001, others 0.15",
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Name the first node whose values differ from the frozen graph's.

    The error of a node is |a - b| / |b| over all its values; what it adds is how far that is above
    the nodes before it. Exit code 1: a node is beyond the limit.
    """
    from dlconv import api
    from dlconv.verify.bisect import first_beyond
    from dlconv.verify.reports import bisect_report

    found = api.bisect(
        artifact, image, reference=reference, registry=registry, progress=_node_progress
    )
    first = first_beyond(found.errors, bisect_report.limit_for(found.artifact, limit))
    if json:
        show(bisect_report.as_data(found.artifact, found.photo, found.errors, first))
    else:
        show(bisect_report.table(found.errors, first), bisect_report.verdict(found.errors, first))
    if first is not None:
        raise typer.Exit(1)


@contextmanager
def _node_progress(artifact: "Artifact") -> "Iterator[Progress]":
    from dlconv.progress import of_step
    from dlconv.terminal import console

    label = f"comparing nodes of {artifact.manifest.source.model} {artifact.title}"
    with console.steps(label) as report:
        yield of_step("nodes", report)
