"""``dlconv rewrite``: a frozen graph that computes the same, faster."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import RegistryFile, Verbose
from dlconv.cli.options.graphs import GraphSpec
from dlconv.terminal.output import tell


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
            "drop-identities, drop-dropouts, flatten-atrous, drop-resizes, drop-casts, "
            "fold-batch-norms, compose-pointwise, split-pooled, fold-constants.",
        ),
    ] = None,
    registry: RegistryFile = None,
    verbose: Verbose = False,
) -> None:
    """Write a frozen graph that computes the same, faster: what tfjs and onnx convert."""
    from dlconv import api

    api.rewrite(graph, out, only=only or (), registry=registry)
    tell(str(out))
