"""``dlconv inspect tensorboard``: a graph in TensorBoard, its stages coloured."""

import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from dlconv.cli.inspect.group import inspect_app
from dlconv.cli.options.common import NoOpen, Port, RegistryFile, Verbose
from dlconv.cli.options.graphs import GraphSpec, InputName, OutputNames, names_of
from dlconv.errors import UsageError
from dlconv.terminal.output import tell


@inspect_app.command(epilog="Example: dlconv inspect tensorboard graph.pb")
def tensorboard(
    model: GraphSpec = None,
    logdir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write TensorBoard's event file into this folder, and keep it.",
            show_default="a temporary one",
        ),
    ] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="With --logdir: write the event file, and no more.")
    ] = False,
    inputs: InputName = None,
    outputs: OutputNames = None,
    port: Port = None,
    no_open: NoOpen = False,
    registry: RegistryFile = None,
    verbose: Verbose = False,
) -> None:
    """Show a frozen graph in TensorBoard, until Ctrl-C; Color by Device tells the stages apart."""
    from dlconv import api, serving
    from dlconv.inspect.tensorboard import ANY_PORT, start_tensorboard
    from dlconv.terminal import console

    if no_serve and logdir is None:
        raise UsageError("--no-serve does nothing without --logdir")
    place: AbstractContextManager[Any]
    place = tempfile.TemporaryDirectory(prefix="dlconv-") if logdir is None else nullcontext(logdir)
    with api.opened(model, registry=registry) as frozen, place as folder:
        found = api.write_event(frozen, Path(folder), inputs=inputs, outputs=names_of(outputs))
        if no_serve:
            tell(str(folder))
            return
        with serving.until_stopped():
            with console.step("starting TensorBoard"):
                address = start_tensorboard(Path(folder), port or ANY_PORT)
            tell(address)
            tell(f"input:  {found.input.node}")
            tell(f"output: {', '.join(spec.node for spec in found.outputs)}")
            if not no_open:
                serving.open_page(address)
            console.say("they stand beside the stages; Color by Device tells the stages apart")
            console.say("Ctrl-C stops it")
            serving.wait()
