"""``dlconv build``: all that a project wants made, from its ``dlconv.toml``."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.cli.options.fetching import Lock, Mirror, Offline
from dlconv.errors import UsageError
from dlconv.terminal.output import show


@app.command(epilog="Example: dlconv build --jobs 2")
def build(
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What to make.",
            show_default="the dlconv.toml of this folder or the nearest above it",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many steps run side by side.", show_default="one for each processor"
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="GB",
            help="How much memory the steps may take together.",
            show_default="three quarters of the machine's",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what would run, and why; change nothing.")
    ] = False,
    twice: Annotated[
        bool,
        typer.Option(
            "--twice",
            help="Then make every artifact again, elsewhere, and compare all bytes.",
        ),
    ] = False,
    mirror: Mirror = None,
    registry: RegistryFile = None,
    offline: Offline = False,
    lock: Lock = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make all that dlconv.toml asks for: fetch, convert, verify and pack.

    A step whose inputs, options and tools have not changed is skipped; one that fails does not stop
    the others. What the steps print, and with -v log, is kept in artifacts/.build/.

    Exit code 0: all is there; 1: a step failed, or a file differs the second time; 2: wrong usage.
    """
    from dlconv import api
    from dlconv.plan.display import display
    from dlconv.plan.report import as_data, table
    from dlconv.plan.result import failures
    from dlconv.terminal import console

    if check and twice:
        raise UsageError("--check and --twice exclude each other")
    access = api.Access(registry, mirror, offline, lock)
    limits = {"jobs": jobs, "memory": None if memory is None else int(memory * 1e9)}
    if check:
        results = api.preview(config, access=access)
    else:
        results = api.build(config, **limits, access=access, display=display)
    if json:
        show(as_data(results))
    else:
        show(table(results))
    failed = failures(results)
    for failure in failed:
        console.say(f"failed: {failure}")
    if failed:
        raise typer.Exit(1)
    if twice:
        count = api.make_again(config, **limits, access=access, display=display)
        console.say(f"made again: {count} files, all the same")
