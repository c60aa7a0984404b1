"""``dlconv run``: all steps, from a model's name to verified artifacts."""

from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.checks import FloorAgreement, FloorMiou, FloorWorst, Images, Reports
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.cli.options.fetching import Lock, Mirror, Offline


@app.command(epilog="Example: dlconv run mobilenetv2_dm05_coco_voc_trainaug --images photos/")
def run(
    model: Annotated[str | None, typer.Argument(help="A model's name.", show_default=False)] = None,
    images: Images = None,
    floor_agreement: FloorAgreement = None,
    floor_worst: FloorWorst = None,
    floor_miou: FloorMiou = None,
    mirror: Mirror = None,
    registry: RegistryFile = None,
    offline: Offline = False,
    lock: Lock = None,
    report: Reports = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Do all of it: fetch, inspect, tfjs (float32 and 1 byte), onnx, verify."""
    from dlconv import api
    from dlconv.cli.fetching import fetch_model
    from dlconv.cli.results import photo_progress, report_results
    from dlconv.inspect.report import one_line
    from dlconv.terminal import console
    from dlconv.verify.reports.files import check_report_files, wants_pictures

    check_report_files(report or [])
    if images:
        api.photos(images)
    fetched = fetch_model(model, registry=registry, mirror=mirror, offline=offline, lock=lock)
    found = api.inspect(fetched.name, registry=registry)
    if found.inspection is not None:
        console.say(f"{fetched.name}: {one_line(found.inspection)}")
    frozen = api.find(fetched.name, registry=registry)
    artifacts = []
    for precision in (api.Precision.FLOAT32, api.Precision.UINT8):
        with console.steps(f"converting to TensorFlow.js ({precision})") as progress:
            recipe = api.Recipe("tfjs", precision)
            made = api.convert(frozen, recipe, check=True, progress=progress)
        artifacts.append(made.artifact)
    with console.step("converting to ONNX"):
        artifacts.append(api.convert(frozen, api.Recipe("onnx"), check=True).artifact)
    results = api.verify(
        [artifact.manifest_path for artifact in artifacts],
        images=images or [],
        floors=api.GivenFloors(floor_agreement, floor_worst, floor_miou),
        pictures=wants_pictures(report or []),
        registry=registry,
        progress=photo_progress,
        say=console.say,
    )
    report_results(results, report or [], json, with_photos=False)
