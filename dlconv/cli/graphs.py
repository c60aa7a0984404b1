"""``dlconv inspect`` and ``rewrite``: frozen graphs, and models of other formats."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options import (
    GraphSpec,
    InputName,
    Json,
    Markdown,
    Models,
    OutputNames,
    RegistryFile,
    Verbose,
    asked_nodes,
    load_registry,
)
from dlconv.terminal.output import tell


@app.command(
    "inspect",
    epilog="Example: dlconv inspect graph.pb --tensorboard; dlconv inspect graph.pb --check; "
    "dlconv inspect --diff graph.pb web/model/model.json --markdown",
)
def inspect_command(
    models: Models = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what differs between two models instead.")
    ] = False,
    input_size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Count the cost of photos of this size (one number: square), as --input-size of "
            "tfjs and onnx fixes it.",
            show_default="the crop",
        ),
    ] = None,
    opset: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Tell what converts to ONNX at this opset.", show_default="17"
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with code 1 when TF.js in any backend, or ONNX, cannot run an op of what "
            "would be converted.",
        ),
    ] = False,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Show the graph in TensorBoard, until Ctrl-C."),
    ] = False,
    inputs: InputName = None,
    outputs: OutputNames = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="With --tensorboard or --view: where it listens.",
            show_default="any free",
        ),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="With --tensorboard or --view: open no browser.")
    ] = False,
    logdir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write TensorBoard's event file into this folder, and no more without "
            "--tensorboard.",
            show_default=False,
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="netron|model-explorer",
            help="Show the graph in one of these, until Ctrl-C; Model Explorer has the bytes of "
            "weights as node data.",
            show_default=False,
        ),
    ] = None,
    artifact: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="With --view model-explorer: add the errors of this artifact's weights (TF.js) "
            "and activations as node data.",
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
    registry: RegistryFile = None,
    json: Json = False,
    markdown: Markdown = False,
    verbose: Verbose = False,
) -> None:
    """Show what a model promises, what its stages cost, and where its ops can run.

    Frozen graphs show all of it, other formats what they have. With --diff, weights are matched by
    their values, whatever their names and layouts.
    """
    from dlconv import showing
    from dlconv.convert.interface import parse_size
    from dlconv.errors import UsageError

    given = models or []
    options = {
        showing.DIFF: diff,
        showing.VIEW: view,
        showing.TENSORBOARD: tensorboard,
        showing.LOGDIR: logdir,
        "--input-size": input_size,
        "--inputs": inputs,
        "--outputs": outputs,
        "--opset": opset,
        "--check": check,
        "--artifact": artifact,
        "--image": image,
        "--port": port,
        "--no-open": no_open,
        "--json": json,
        "--markdown": markdown,
    }
    mode = showing.mode_of([name for name, value in options.items() if value not in (None, False)])
    known = load_registry(registry)
    if mode == showing.DIFF:
        showing.show_difference(given, known, json, markdown)
        return
    if len(given) > 1:
        raise UsageError("inspect takes one model, or two with --diff")
    model, asked = given[0] if given else None, asked_nodes(inputs, outputs)
    if mode == showing.ONE:
        size = parse_size(input_size) if input_size else None
        showing.show_one(model, showing.Question(asked, size, opset, check), known, json, markdown)
        return
    with showing.frozen_graph(model, mode, known) as frozen:
        if view is None:
            showing.show_in_tensorboard(frozen, asked, logdir, tensorboard, port, not no_open)
        else:
            images = [image] if image else []
            showing.show_in_viewer(frozen, view, artifact, images, known, port, not no_open)


@app.command(epilog="Example: dlconv rewrite graph.pb -o faster.pb --only fold-batch-norms")
def rewrite(
    graph: GraphSpec = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="The rewritten frozen graph.")
    ] = Path("rewritten.pb"),
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PASS",
            help="Run this pass only; may be given several times. Passes: drop-asserts, "
            "drop-identities, flatten-atrous, drop-resizes, drop-casts, fold-batch-norms, "
            "compose-pointwise, split-pooled, fold-constants.",
        ),
    ] = None,
    registry: RegistryFile = None,
    verbose: Verbose = False,
) -> None:
    """Write a frozen graph that computes the same, faster: what tfjs and onnx convert."""
    from dlconv import pipeline

    known = load_registry(registry)
    frozen = pipeline.find_frozen_graph(graph, known)
    pipeline.rewrite_to_file(frozen, out, only or ())
    tell(str(out))
