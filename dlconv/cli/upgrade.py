"""``dlconv upgrade``: a TensorFlow.js graph model of 2018, for today."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.conversion import print_artifact
from dlconv.cli.options.common import Json, Verbose


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
    """Convert a TensorFlow.js graph model of 2018 to the format that TensorFlow.js loads today.

    Converters before 1.0 wrote tensorflowjs_model.pb and weights_manifest.json. The weights stay as
    they are, byte for byte; dlconv verify then compares labels with those of the old model's graph.
    """
    from dlconv import api
    from dlconv.terminal import console

    artifact = api.upgrade(directory, out)
    print_artifact(artifact, json)
    floor = "--floor-agreement 0.999"
    words = shlex.join(["dlconv", "verify", str(artifact.directory)])
    console.say(f"check it: {words} --images DIR {floor}")
