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
    from collections.abc import Sequence

    from dlconv.artifacts.manifest import Artifact
    from dlconv.convert.artifact import Made
    from dlconv.convert.interface import Interface
    from dlconv.convert.quantize.scheme import LoadImages, Quantization, Scheme


@app.command(epilog="Example: dlconv tfjs --quantize 1 -o web/model")
def tfjs(
    graph: GraphSpec = None,
    quantize: Annotated[
        str,
        typer.Option(
            metavar="0|1|2|f16|auto|plain1",
            help="Bytes per weight: 0 keeps float32, 1 is uint8 that keeps the labels, 2 is "
            "uint16, f16 is float16; auto searches for the fewest bytes that meet the floors; "
            "plain1 is the official converter's uint8.",
        ),
    ] = "0",
    per_channel: Annotated[
        bool,
        typer.Option(
            "--per-channel",
            help="With --quantize 1: a scale for each channel. Labels are closer, bytes a few "
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
    from dlconv import api
    from dlconv.convert.convert import convert_to_tfjs
    from dlconv.convert.quantize.scheme import TFJS_SCHEMES
    from dlconv.terminal import console

    floors = (floor_agreement, floor_worst, floor_miou)
    quantization = _quantization(quantize, TFJS_SCHEMES, per_channel, calibrate, floors, explain)
    interface = _interface(input_size, input_type, output, output_type)
    frozen = api.find(graph, inputs=inputs, outputs=names_of(outputs), registry=registry)
    label = f"converting {frozen.source.model} to TensorFlow.js ({quantization.name})"
    with console.steps(label) as progress:
        made = convert_to_tfjs(
            frozen, quantization, converter, interface, not no_rewrite, out, progress=progress
        )
    _print_made(made, explain, json)


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
            metavar="0|1|f16|auto|static",
            help="Bytes per weight: 0 keeps float32, 1 is int8 with a scale for each channel, f16 "
            "is float16; auto searches for the fewest bytes that meet the floors; static computes "
            "with integers, for ONNX Runtime on a CPU: faster, and a few more labels change.",
        ),
    ] = "0",
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
    from dlconv import api
    from dlconv.convert.convert import convert_to_onnx
    from dlconv.convert.quantize.scheme import ONNX_SCHEMES
    from dlconv.convert.targets.onnx import DEFAULT_OPSET
    from dlconv.terminal import console

    floors = (floor_agreement, floor_worst, floor_miou)
    quantization = _quantization(quantize, ONNX_SCHEMES, False, calibrate, floors, explain)
    interface = _interface(input_size, input_type, output, output_type)
    frozen = api.find(graph, inputs=inputs, outputs=names_of(outputs), registry=registry)
    precision = "" if quantization.name == "float32" else f" ({quantization.name})"
    with console.steps(f"converting {frozen.source.model} to ONNX{precision}") as progress:
        made = convert_to_onnx(
            frozen,
            quantization,
            opset or DEFAULT_OPSET,
            interface,
            not no_rewrite,
            out,
            progress=progress,
        )
    _print_made(made, explain, json)


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


def _quantization(
    option: str,
    schemes: "Sequence[Scheme]",
    per_channel: bool,
    calibrate: list[Path] | None,
    floors: tuple[float | None, float | None, float | None],
    explain: bool,
) -> "Quantization":
    """Put options together. Raises UsageError for those that do nothing for the scheme."""
    from dlconv.convert.quantize.scheme import AUTO_FLOORS, Quantization, Scheme, scheme_for
    from dlconv.errors import UsageError
    from dlconv.verify.floors import GivenFloors

    scheme = scheme_for(option, schemes)
    useless = {
        "--per-channel": per_channel and scheme is not Scheme.UINT8,
        "--calibrate": bool(calibrate) and not scheme.is_calibrated,
        "--floor-...": scheme is not Scheme.AUTO and any(floor is not None for floor in floors),
        "--explain-quantization": explain and not scheme.is_calibrated,
    }
    for name, is_useless in useless.items():
        if is_useless:
            raise UsageError(f"{name} does nothing with --quantize {option}")
    return Quantization(
        scheme=scheme,
        per_channel=per_channel,
        photos=_photos_for(calibrate) if calibrate else None,
        floors=GivenFloors(*floors).over(AUTO_FLOORS),
        explain=explain,
    )


def _photos_for(paths: list[Path]) -> "LoadImages":
    """Return what loads photos to calibrate on, and say which pictures among them are none."""
    from dlconv.terminal import console
    from dlconv.verify.calibration import photos_for
    from dlconv.verify.photos import find_pictures, skipped_line

    found = find_pictures(paths)
    if found.skipped:
        console.say(skipped_line(found.skipped))
    return photos_for(found.photos)


def _interface(
    input_size: str | None, input_type: str | None, output: str, output_type: str | None
) -> "Interface":
    from dlconv.convert.interface import Interface, parse_size

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
