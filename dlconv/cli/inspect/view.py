"""``dlconv inspect view``: a graph in a viewer."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.inspect.group import inspect_app
from dlconv.cli.options.common import NoOpen, Port, RegistryFile, Verbose
from dlconv.cli.options.graphs import GraphSpec
from dlconv.errors import UsageError
from dlconv.terminal.output import tell

VIEWERS = ("netron", "model-explorer")


@inspect_app.command(epilog="Example: dlconv inspect view graph.pb --viewer model-explorer")
def view(
    model: GraphSpec = None,
    viewer: Annotated[
        str,
        typer.Option(
            metavar="netron|model-explorer",
            help="Which one; Model Explorer has the bytes of weights as node data.",
        ),
    ] = "netron",
    artifact: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="With model-explorer: add the errors of this artifact's weights (TF.js) and "
            "activations as node data.",
            show_default=False,
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --artifact: the photo for the activations. The sample model brings its own.",
        ),
    ] = None,
    port: Port = None,
    no_open: NoOpen = False,
    registry: RegistryFile = None,
    verbose: Verbose = False,
) -> None:
    """Show a frozen graph in a viewer, until Ctrl-C."""
    from dlconv import api, serving
    from dlconv.inspect import viewers
    from dlconv.progress import of_step
    from dlconv.terminal import console

    if viewer not in VIEWERS:
        raise UsageError(f"there is no viewer {viewer!r}; there are {', '.join(VIEWERS)}")
    if artifact is not None and viewer != "model-explorer":
        raise UsageError(f"--artifact does nothing with {viewer}")
    if image is not None and artifact is None:
        raise UsageError("--image does nothing without --artifact")
    with api.opened(model, registry=registry) as frozen:
        if viewer == "netron":
            started = viewers.netron(frozen.path, port)
        else:
            with console.steps("collecting node data") as progress:
                numbers = api.overlay(
                    frozen,
                    artifact,
                    images=[image] if image else [],
                    registry=registry,
                    progress=of_step("nodes", progress),
                )
            started = viewers.model_explorer(frozen.path, frozen.source.model, numbers, port)
        with serving.until_stopped(), started as address:
            tell(address)
            if not no_open:
                serving.open_page(address)
            console.say("Ctrl-C stops it")
            serving.wait()
