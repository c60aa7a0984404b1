"""``dlconv tfjs``: a graph as a TensorFlow.js graph model."""

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
from dlconv.cli.options.graphs import (
    GraphSpec,
    InputName,
    OutputNames,
    Settings,
    ends_of,
    names_of,
)


@app.command(epilog="Example: dlconv tfjs --quantize uint8 -o web/model")
def tfjs(
    graph: GraphSpec = None,
    quantize: Annotated[
        str,
        typer.Option(
            metavar="float32|uint8|uint16|float16|auto|plain1",
            help="How weights are stored: uint8 (or 1) keeps the labels, uint16 (or 2) and float16 "
            "(or f16) round each weight; auto searches for the fewest bytes that meet the floors; "
            "plain1 is the official converter's uint8.",
        ),
    ] = "float32",
    per_channel: Annotated[
        bool,
        typer.Option(
            "--per-channel",
            help="With --quantize uint8: a scale for each channel. Labels are closer, bytes a few "
            "more; for TF.js 4.0 and later.",
        ),
    ] = False,
    calibrate: Calibrate = None,
    floor_agreement: AutoAgreement = None,
    floor_worst: AutoWorst = None,
    floor_miou: AutoMiou = None,
    explain: Explain = False,
    check: Check = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", show_default="artifacts/MODEL/tfjs-..."),
    ] = None,
    converter: Annotated[
        str,
        typer.Option(
            metavar="dlconv|tensorflowjs",
            help="Who writes: dlconv itself, or the official converter if it is installed.",
        ),
    ] = "dlconv",
    backends: Annotated[
        str,
        typer.Option(
            metavar="wasm,cpu,webgl,webgpu",
            help="The backends of TF.js that have to compute what the frozen graph computes, as "
            "far as each operation was measured. Others that do stand in the manifest.",
        ),
    ] = "wasm",
    inputs: InputName = None,
    outputs: OutputNames = None,
    settings: Settings = None,
    input_size: InputSize = None,
    input_type: InputType = None,
    output: Output = "labels",
    output_type: OutputType = None,
    no_rewrite: NoRewrite = False,
    classes: Classes = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to a TensorFlow.js graph model."""
    from dlconv import api
    from dlconv.recipe import (
        DEFAULT_AUTO_FLOORS,
        Recipe,
        backends_for,
        converter_for,
        precision_for,
        usage_errors,
    )

    precision = precision_for(quantize, "tfjs")
    floors = api.GivenFloors(floor_agreement, floor_worst, floor_miou)
    refuse_useless(quantize, precision, per_channel, calibrate, floors, explain)
    wanted = backends_for(names_of(backends))
    with usage_errors():
        recipe = Recipe(
            "tfjs",
            precision,
            per_channel=per_channel,
            interface=interface_of(input_size, input_type, output, output_type),
            rewrite=not no_rewrite,
            converter=converter_for(converter, "tfjs"),
            ends=ends_of(inputs, outputs, settings),
            floors=floors.over(DEFAULT_AUTO_FLOORS) if precision == "auto" else None,
            backends=wanted if converter == "dlconv" else (),
        )
    convert(graph, recipe, out, calibrate, explain, check, classes, registry, json)
