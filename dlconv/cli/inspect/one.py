"""``dlconv inspect``: the contract, the cost and the contents of one model."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlconv.cli.inspect.group import ONE, inspect_app
from dlconv.cli.inspect.tables import refuse_both, show_tables
from dlconv.cli.options.common import Json, Markdown, RegistryFile, Verbose
from dlconv.cli.options.graphs import (
    InputName,
    Models,
    OutputNames,
    Settings,
    names_of,
    settings_of,
)
from dlconv.errors import UsageError
from dlconv.terminal import console
from dlconv.terminal.output import show
from dlconv.terminal.tables import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from dlconv.api.inspecting import Inspected


@inspect_app.command(
    ONE,
    epilog="Also: dlconv inspect diff BEFORE AFTER, inspect view, inspect tensorboard; each has "
    "--help. Example: dlconv inspect graph.pb --check",
)
def one(
    models: Models = None,
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
    inputs: InputName = None,
    outputs: OutputNames = None,
    settings: Settings = None,
    registry: RegistryFile = None,
    json: Json = False,
    markdown: Markdown = False,
    verbose: Verbose = False,
) -> None:
    """Show a model's input and output, what its stages cost, and where its ops can run.

    Frozen graphs show all of it, other formats what they have.
    """
    from dlconv import api
    from dlconv.convert import coverage_report
    from dlconv.recipe import parse_size

    refuse_both(json, markdown)
    given = models or []
    if len(given) > 1:
        raise UsageError("inspect takes one model", "to compare two: dlconv inspect diff")
    found = api.inspect(
        given[0] if given else None,
        size=parse_size(input_size) if input_size else None,
        inputs=inputs,
        outputs=names_of(outputs),
        settings=settings_of(settings),
        opset=opset,
        details=json,
        registry=registry,
    )
    if check and found.frozen is None:
        raise UsageError("--inputs, --outputs, --set, --opset and --check are for frozen graphs")
    if found.coverage_error is not None:
        if check:
            raise found.coverage_error
        console.say(f"op coverage is not known: {found.coverage_error}")
    if json:
        show(_data(found))
    else:
        title = found.name if found.frozen is None else f"{found.name}: {found.origin}"
        show_tables(title, Group(*_tables(found)), markdown)
    if check and found.coverage is not None and found.coverage.uncovered:
        for line in coverage_report.gap_lines(found.coverage):
            console.say(line)
        raise typer.Exit(1)


def _data(found: "Inspected") -> dict[str, Any]:
    from dlconv.convert.coverage_report import coverage_data
    from dlconv.inspect.document import as_data

    frozen, graph = found.frozen, None
    if frozen is not None:
        graph = {"path": found.origin, **dataclasses.asdict(frozen.source)}
    assert found.network is not None, "details were asked for"
    data = as_data(found.origin, found.network, found.inspection, graph)
    return data if found.coverage is None else {**data, "coverage": coverage_data(found.coverage)}


def _tables(found: "Inspected") -> "Iterator[RenderableType]":
    from dlconv.convert.coverage_report import coverage_tables
    from dlconv.inspect import network_report, report

    if found.network is not None:
        yield network_report.network_tables(found.network, found.inspection)
    elif found.inspection is not None:
        yield report.tables(found.inspection)
    if found.coverage is not None:
        yield coverage_tables(found.coverage)
