"""Converting a graph and showing what came out, for ``dlconv tfjs``, ``onnx`` and ``upgrade``."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from dlconv.artifacts.manifest import Artifact
    from dlconv.convert.artifact import Made
    from dlconv.convert.checked import Checked
    from dlconv.recipe import Interface, Precision, Recipe
    from dlconv.verify.floors import GivenFloors

TARGETS = {"tfjs": "TensorFlow.js", "onnx": "ONNX", "litert": "LiteRT"}


def refuse_useless(
    word: str,
    precision: "Precision",
    per_channel: bool,
    calibrate: list[Path] | None,
    floors: "GivenFloors",
    explain: bool,
) -> None:
    """Raise UsageError for an option that does nothing for the precision."""
    from dlconv import api
    from dlconv.errors import UsageError
    from dlconv.recipe import Precision

    useless = {
        "--per-channel": per_channel and precision is not Precision.UINT8,
        "--calibrate": bool(calibrate) and not precision.is_calibrated,
        "--floor-...": precision is not Precision.AUTO and floors != api.GivenFloors(),
        "--explain-quantization": explain and not precision.is_calibrated,
    }
    for name, is_useless in useless.items():
        if is_useless:
            raise UsageError(f"{name} does nothing with --quantize {word}")


def convert(
    graph: str | None,
    recipe: "Recipe",
    out: Path | None,
    calibrate: list[Path] | None,
    explain: bool,
    check: bool,
    classes: str | None,
    registry: Path | None,
    json: bool,
) -> None:
    """Convert a graph, and print what came out."""
    from dlconv import api
    from dlconv.recipe import name_of_part
    from dlconv.terminal import console

    frozen = api.find(graph, classes=classes, registry=registry)
    name = name_of_part(frozen.source.model, recipe.ends)
    label = f"converting {name} to {TARGETS[recipe.target]} ({recipe.weights})"
    with console.steps(label) as progress:
        made = api.convert(
            frozen,
            recipe,
            out,
            photos=calibrate or [],
            explain=explain,
            check=check,
            progress=progress,
            say=console.say,
        )
    if calibrate and made.learned is None:
        console.say(
            "warning: the network was trained for 8 bits and keeps its own ranges, so that the "
            "photos do nothing"
        )
    _print_made(made, explain, json)


def interface_of(
    input_size: str | None,
    input_type: str | None,
    output: str,
    output_type: str | None,
    layout: str = "nhwc",
    fixed_by_default: bool = False,
) -> "Interface":
    """Return what the options of the input and the output ask for."""
    from dlconv.recipe import ANY_SIZE, Interface, layout_for, parse_size

    size = None if input_size in (None, ANY_SIZE) else parse_size(input_size)
    any_size = fixed_by_default and input_size == ANY_SIZE
    return Interface(size, input_type, output, output_type, layout_for(layout), any_size)


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
    print_artifact(made.artifact, json, made.checked)


def print_artifact(artifact: "Artifact", json: bool, checked: "Checked | None" = None) -> None:
    """Print where an artifact is, or all that its manifest says; and what a check found."""
    if json:
        found = {} if checked is None else {"check": dataclasses.asdict(checked)}
        show({**artifact.as_data(), **found})
        return
    tell(f"{artifact.entry} ({artifact.bytes:,} bytes in {artifact.directory})")
    if checked is not None:
        tell(f"checked in {checked.line}")
