"""``dlconv bench``: artifacts measured side by side."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.checks import Artifacts, Images, Runtimes, SkipMissing
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.terminal.output import show


@app.command(epilog="Example: dlconv bench artifacts/sample --runtime all --rounds 20")
def bench(
    artifacts: Artifacts = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The artifact to compare the others with, each in the runtime that it ran in "
            "itself; where this one did not, in its first runtime.",
        ),
    ] = None,
    images: Images = None,
    runtime: Runtimes = None,
    skip_missing: SkipMissing = False,
    rounds: Annotated[int, typer.Option(min=1, help="Timed frames of each artifact.")] = 10,
    threads: Annotated[
        int,
        typer.Option(
            min=1,
            help="Threads of each runtime, but for those in Node, which have one.",
        ),
    ] = 1,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the JSON report to a file, too.")
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure time per frame, load time, memory and bytes of artifacts, taking turns.

    All artifacts get the same photos, each at its own crop; numbers of different models, frame
    sizes or threads are not comparable. The memory of a browser is the sum over its processes, with
    shared memory counted in each.
    """
    from dlconv import api
    from dlconv.bench import report as reports
    from dlconv.cli.results import say_skipped
    from dlconv.storage.files import write_atomically
    from dlconv.terminal import console

    result = api.bench(
        artifacts or [],
        against=against,
        images=images or [],
        runtimes=runtime or [],
        rounds=rounds,
        threads=threads,
        skip_missing=say_skipped if skip_missing else None,
        registry=registry,
        say=console.say,
    )
    if report is not None:
        write_atomically(report, reports.as_json(result).encode())
    if json:
        show(reports.as_data(result))
    else:
        show(reports.table(result))
