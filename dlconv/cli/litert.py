"""``dlconv litert`` (also ``dlconv tflite``): a graph as a LiteRT file."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.conversion import convert, interface_of, refuse_useless
from dlconv.cli.options.common import Classes, Json, RegistryFile, Verbose
from dlconv.cli.options.conversion import (
    Calibrate,
    Check,
    Explain,
    InputType,
    NoRewrite,
    Output,
    OutputType,
)
from dlconv.cli.options.graphs import GraphSpec, InputName, OutputNames, Settings, ends_of


@app.command("tflite", hidden=True, epilog="Example: dlconv tflite -o deeplab.tflite")
@app.command(epilog="Example: dlconv litert -o deeplab.tflite")
def litert(
    graph: GraphSpec = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default="artifacts/MODEL/litert-.../"),
    ] = None,
    inputs: InputName = None,
    outputs: OutputNames = None,
    settings: Settings = None,
    input_size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW|any",
            help="Size of the photos (one number: square). Another size than the crop is another "
            "resolution: faster if smaller, and not the same labels. any leaves it to who runs the "
            "file: 1.4 times slower a pixel, not for static, and not for LiteRT.js.",
            show_default="the crop",
        ),
    ] = None,
    input_type: InputType = None,
    output: Output = "labels",
    output_type: OutputType = None,
    no_rewrite: NoRewrite = False,
    quantize: Annotated[
        str,
        typer.Option(
            metavar="float32|float16|static",
            help="How weights are stored: float16 (or f16) as halves; static computes with "
            "integers of 8 bits: a quarter of the size and of the time, and a few labels change. "
            "A network trained for 8 bits (FakeQuant) keeps its own ranges, without photos.",
        ),
    ] = "float32",
    calibrate: Calibrate = None,
    explain: Explain = False,
    check: Check = False,
    classes: Classes = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to LiteRT: a .tflite file for phones and browsers."""
    from dlconv import api
    from dlconv.recipe import Recipe, precision_for, usage_errors

    precision = precision_for(quantize, "litert")
    refuse_useless(quantize, precision, False, calibrate, api.GivenFloors(), explain)
    with usage_errors():
        recipe = Recipe(
            "litert",
            precision,
            interface=interface_of(
                input_size, input_type, output, output_type, fixed_by_default=True
            ),
            rewrite=not no_rewrite,
            ends=ends_of(inputs, outputs, settings),
        )
    convert(graph, recipe, out, calibrate, explain, check, classes, registry, json)
