"""``dlconv inspect diff``: what differs between two models."""

from typing import Annotated

import typer

from dlconv.cli.inspect.group import inspect_app
from dlconv.cli.inspect.tables import refuse_both, show_tables
from dlconv.cli.options.common import Json, Markdown, RegistryFile, Verbose
from dlconv.errors import UsageError
from dlconv.terminal.output import show


@inspect_app.command(epilog="Example: dlconv inspect diff graph.pb web/model/model.json --markdown")
def diff(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BEFORE] AFTER",
            help="Names, paths or URLs of models of any format; BEFORE is by default the model "
            "fetched last.",
            show_default=False,
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    markdown: Markdown = False,
    verbose: Verbose = False,
) -> None:
    """Show what differs between two models: inputs, outputs, ops, weights and sizes.

    Weights are matched by their values, whatever their names and layouts.
    """
    from dlconv import api
    from dlconv.inspect import document, network_report
    from dlconv.terminal import console

    refuse_both(json, markdown)
    given = models or []
    if len(given) not in (1, 2):
        raise UsageError("diff takes two models", "dlconv inspect diff BEFORE AFTER")
    before, after = given if len(given) == 2 else (None, given[0])
    with console.steps("comparing") as progress:
        found = api.compare(
            before,
            after,
            registry=registry,
            progress=lambda done, total: progress("kB compressed", done // 1000, total // 1000),
        )
    if json:
        show(document.comparison_data((found.before, found.after), found.comparison))
    else:
        tables = network_report.comparison_tables(found.comparison)
        show_tables(f"{found.before} > {found.after}", tables, markdown)
