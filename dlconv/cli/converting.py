"""``dlconv tfjs``, ``onnx`` and ``upgrade``: artifacts."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options import (
    AutoAgreement,
    AutoMiou,
    AutoWorst,
    Calibrate,
    Explain,
    GraphSpec,
    InputName,
    InputSize,
    InputType,
    Json,
    NoRewrite,
    Output,
    OutputNames,
    OutputType,
    RegistryFile,
    Verbose,
    names_of,
)
from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from dlconv.artifacts.manifest import Artifact
    from dlconv.convert.artifact import Made
    from dlconv.recipe import Interface, Precision, Recipe
    from dlconv.verify.floors import GivenFloors

TARGETS = {"tfjs": "TensorFlow.js", "onnx": "ONNX"}


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
    inputs: InputName = None,
    outputs: OutputNames = None,
    input_size: InputSize = None,
    input_type: InputType = None,
    output: Output = "labels",
    output_type: OutputType = None,
    no_rewrite: NoRewrite = False,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to a TensorFlow.js graph model."""
    from dlconv.graph.contract import Asked
    from dlconv.recipe import DEFAULT_AUTO_FLOORS, Recipe, choosing, converter_for, precision_for
    from dlconv.verify.floors import GivenFloors

    precision = precision_for(quantize, "tfjs")
    floors = GivenFloors(floor_agreement, floor_worst, floor_miou)
    _refuse_useless(quantize, precision, per_channel, calibrate, floors, explain)
    with choosing():
        recipe = Recipe(
            "tfjs",
            precision,
            per_channel=per_channel,
            interface=_interface(input_size, input_type, output, output_type),
            rewrite=not no_rewrite,
            converter=converter_for(converter, "tfjs"),
            ends=Asked(inputs, names_of(outputs)),
            floors=floors.over(DEFAULT_AUTO_FLOORS) if precision == "auto" else None,
        )
    _convert(graph, recipe, out, calibrate, explain, registry, json)


@app.command(epilog="Example: dlconv onnx -o deeplab.onnx")
def onnx(
    graph: GraphSpec = None,
    opset: Annotated[
        int | None, typer.Option(help="ONNX opset, 11 to 18.", show_default="17")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default="artifacts/MODEL/onnx-.../"),
    ] = None,
    inputs: InputName = None,
    outputs: OutputNames = None,
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
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to ONNX."""
    from dlconv.graph.contract import Asked
    from dlconv.recipe import DEFAULT_AUTO_FLOORS, Recipe, choosing, precision_for
    from dlconv.verify.floors import GivenFloors

    precision = precision_for(quantize, "onnx")
    floors = GivenFloors(floor_agreement, floor_worst, floor_miou)
    _refuse_useless(quantize, precision, False, calibrate, floors, explain)
    with choosing():
        recipe = Recipe(
            "onnx",
            precision,
            interface=_interface(input_size, input_type, output, output_type),
            rewrite=not no_rewrite,
            opset=opset or None,
            ends=Asked(inputs, names_of(outputs)),
            floors=floors.over(DEFAULT_AUTO_FLOORS) if precision == "auto" else None,
        )
    _convert(graph, recipe, out, calibrate, explain, registry, json)


@app.command(epilog="Example: dlconv upgrade old_web_model -o web/model")
def upgrade(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A folder with tensorflowjs_model.pb, of 2018."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", show_default="artifacts/NAME/tfjs-...-upgraded"),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make a TensorFlow.js graph model of 2018 one that TensorFlow.js of today loads.

    Converters before 1.0 wrote tensorflowjs_model.pb and weights_manifest.json. The weights stay as
    they are, byte for byte; dlconv verify then compares labels with those of the old model's graph.
    """
    from dlconv import api
    from dlconv.terminal import console

    artifact = api.upgrade(directory, out)
    _print_artifact(artifact, json)
    floor = "--floor-agreement 0.999"
    words = shlex.join(["dlconv", "verify", str(artifact.directory)])
    console.say(f"check it: {words} --images DIR {floor}")


def _refuse_useless(
    word: str,
    precision: "Precision",
    per_channel: bool,
    calibrate: list[Path] | None,
    floors: "GivenFloors",
    explain: bool,
) -> None:
    """Raise UsageError for an option that does nothing for the precision."""
    from dlconv.errors import UsageError
    from dlconv.recipe import Precision
    from dlconv.verify.floors import NO_FLOORS_GIVEN

    useless = {
        "--per-channel": per_channel and precision is not Precision.UINT8,
        "--calibrate": bool(calibrate) and not precision.is_calibrated,
        "--floor-...": precision is not Precision.AUTO and floors != NO_FLOORS_GIVEN,
        "--explain-quantization": explain and not precision.is_calibrated,
    }
    for name, is_useless in useless.items():
        if is_useless:
            raise UsageError(f"{name} does nothing with --quantize {word}")


def _convert(
    graph: str | None,
    recipe: "Recipe",
    out: Path | None,
    calibrate: list[Path] | None,
    explain: bool,
    registry: Path | None,
    json: bool,
) -> None:
    """Convert a graph, and print what came out."""
    from dlconv import api
    from dlconv.recipe import name_of_part
    from dlconv.terminal import console

    frozen = api.find(graph, registry=registry)
    name = name_of_part(frozen.source.model, recipe.ends)
    with console.steps(f"converting {name} to {TARGETS[recipe.target]} ({recipe.weights})") as told:
        made = api.convert(
            frozen,
            recipe,
            out,
            photos=calibrate or [],
            explain=explain,
            progress=told,
            say=console.say,
        )
    _print_made(made, explain, json)


def _interface(
    input_size: str | None, input_type: str | None, output: str, output_type: str | None
) -> "Interface":
    from dlconv.recipe import Interface, parse_size

    size = None if input_size is None else parse_size(input_size)
    return Interface(size, input_type, output, output_type)


def _print_made(made: "Made", explain: bool, json: bool) -> None:
    """Print an artifact; say what a calibration warns of, and show what it found."""
    from dlconv.convert.quantize import explain as tables
    from dlconv.terminal import console

    if made.learned is not None:
        for warning in made.learned.calibration.warnings:
            console.say(f"warning: {warning}")
        if made.learned.found is not None and not json:
            show(tables.curve_table(made.learned.found))
    if explain and not json:
        show(tables.tensor_table(made.artifact.manifest.tensors))
    _print_artifact(made.artifact, json)


def _print_artifact(artifact: "Artifact", json: bool) -> None:
    if json:
        show(artifact.as_data())
    else:
        tell(f"{artifact.entry} ({artifact.bytes:,} bytes in {artifact.directory})")
