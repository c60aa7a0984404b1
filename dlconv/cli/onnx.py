"""``dlconv onnx``: a graph as ONNX."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.conversion import convert, interface_of, refuse_useless
from dlconv.cli.options.common import Classes, Json, RegistryFile, Verbose
from dlconv.cli.options.conversion import (
    AutoAgreement,
    AutoMiou,
    AutoWorst,
    Calibrate,
    Check,
    Explain,
    InputSize,
    InputType,
    NoRewrite,
    Output,
    OutputType,
)
from dlconv.cli.options.graphs import GraphSpec, InputName, OutputNames, Settings, ends_of


@app.command(epilog="Example: dlconv onnx -o deeplab.onnx")
def onnx(
    graph: GraphSpec = None,
    opset: Annotated[
        int | None, typer.Option(help="ONNX opset, 17 to 26.", show_default="17")
    ] = None,
    converter: Annotated[
        str,
        typer.Option(
            metavar="dlconv|tf2onnx",
            help="Who writes: dlconv itself, or tf2onnx, which takes opsets 11 to 18.",
        ),
    ] = "dlconv",
    layout: Annotated[
        str,
        typer.Option(
            metavar="nhwc|nchw",
            help="Order of axes of images and scores: nchw is [batch, channels, height, width].",
        ),
    ] = "nhwc",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default="artifacts/MODEL/onnx-.../"),
    ] = None,
    inputs: InputName = None,
    outputs: OutputNames = None,
    settings: Settings = None,
    input_size: InputSize = None,
    input_type: InputType = None,
    output: Output = "labels",
    output_type: OutputType = None,
    no_rewrite: NoRewrite = False,
    quantize: Annotated[
        str,
        typer.Option(
            metavar="float32|int8|float16|auto|static",
            help="How weights are stored: int8 (or 1) has a scale for each channel, float16 (or "
            "f16) halves; auto searches for the fewest bytes that meet the floors; static computes "
            "with integers, for ONNX Runtime on a CPU: faster, and a few more labels change.",
        ),
    ] = "float32",
    calibrate: Calibrate = None,
    floor_agreement: AutoAgreement = None,
    floor_worst: AutoWorst = None,
    floor_miou: AutoMiou = None,
    explain: Explain = False,
    check: Check = False,
    classes: Classes = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to ONNX."""
    from dlconv import api
    from dlconv.recipe import (
        DEFAULT_AUTO_FLOORS,
        Recipe,
        converter_for,
        precision_for,
        usage_errors,
    )

    precision = precision_for(quantize, "onnx")
    floors = api.GivenFloors(floor_agreement, floor_worst, floor_miou)
    refuse_useless(quantize, precision, False, calibrate, floors, explain)
    with usage_errors():
        recipe = Recipe(
            "onnx",
            precision,
            interface=interface_of(input_size, input_type, output, output_type, layout),
            converter=converter_for(converter, "onnx"),
            rewrite=not no_rewrite,
            opset=opset or None,
            ends=ends_of(inputs, outputs, settings),
            floors=floors.over(DEFAULT_AUTO_FLOORS) if precision == "auto" else None,
        )
    convert(graph, recipe, out, calibrate, explain, check, classes, registry, json)
