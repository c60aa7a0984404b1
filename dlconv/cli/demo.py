"""``dlconv demo``: the web page."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.checks import Artifacts
from dlconv.cli.options.common import Classes, Json, NoOpen, Port, RegistryFile, Verbose
from dlconv.errors import UsageError
from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from dlconv.demo.site import Site


@app.command(epilog="Example: dlconv demo artifacts/sample --export site")
def demo(
    artifacts: Artifacts = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the page as a static site for any web host instead.",
            show_default=False,
        ),
    ] = None,
    port: Port = None,
    no_open: NoOpen = False,
    classes: Classes = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Serve a page that removes the background of photos, videos and the camera, until Ctrl-C.

    It listens on loopback only, and pictures stay in the browser.
    """
    from dlconv import api
    from dlconv.demo.site import INDEX
    from dlconv.progress import of_step
    from dlconv.terminal import console

    if export is not None and (port or no_open):
        raise UsageError("--port and --no-open do nothing with --export")
    if json and export is None:
        raise UsageError("--json does nothing without --export")

    def make(works_offline: bool) -> "Site":
        with console.steps("checking artifacts") as progress:
            return api.demo(
                artifacts or [],
                works_offline=works_offline,
                classes=classes,
                registry=registry,
                progress=of_step("artifacts", progress),
            )

    if export is None:
        _serve_demo(make, port, not no_open)
        return
    site = make(True)
    api.export(site, export)
    if json:
        sizes = {"bytes": site.bytes, "first_visit_bytes": site.first_bytes}
        show({"path": str(export), "files": len(site.files), **sizes})
    else:
        tell(
            f"{export / INDEX} ({len(site.files)} files, {site.bytes:,} bytes; "
            f"a first visit transfers {site.first_bytes:,})"
        )


def _serve_demo(make: Callable[[bool], "Site"], port: int | None, opens: bool) -> None:
    """Serve the page that is made, once the port is ours, until Ctrl-C."""
    from dlconv import serving
    from dlconv.demo.server import ANY_PORT, listening
    from dlconv.terminal import console

    with listening(port or ANY_PORT) as server:
        site = make(False)
        with serving.until_stopped(), server.serving(site) as address:
            console.say("Ctrl-C stops it")
            tell(address)
            if opens:
                serving.open_page(address)
            serving.wait()
