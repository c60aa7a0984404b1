"""``dlconv verify``: artifacts compared with the frozen graph."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.checks import (
    Artifacts,
    FloorAgreement,
    FloorMiou,
    FloorWorst,
    Images,
    Reference,
    Reports,
    Runtimes,
    SkipMissing,
)
from dlconv.cli.options.common import Classes, Json, RegistryFile, Verbose
from dlconv.errors import DlconvError


@app.command(epilog="Example: dlconv verify artifacts/sample --images photos/ --floor-miou 0.9")
def verify(
    artifacts: Artifacts = None,
    images: Images = None,
    floor_agreement: FloorAgreement = None,
    floor_worst: FloorWorst = None,
    floor_miou: FloorMiou = None,
    reference: Reference = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Ground truth, PNG files of class indices named as the photos (255: ignored): the "
            "mIoU of both against it is reported, too.",
        ),
    ] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|LIST",
            help="Photos below a folder, or those that a text file names, one path a line; for "
            "thousands of them.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Check photos in so many processes.", show_default="in this one"),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Check photos on a Dask cluster whose workers have dlconv and see the same files.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    runtime: Runtimes = None,
    skip_missing: SkipMissing = False,
    report: Reports = None,
    classes: Classes = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Compare the labels of artifacts with the frozen graph's, in the real runtimes.

    Agreement is the share of equal labels; mIoU the mean over classes of intersection over union
    with the frozen graph's labels. Of the pixels that differ, those where the frozen graph was sure
    (its two best scores are 1 or more apart) are real mismatches, the others ties and borders. For
    the class person, the mask's agreement and its boundary F-score (contours within 0.8 % of the
    diagonal) are given, too; for artifacts of scores, their largest difference.

    Exit code 0: all passed; 1: one fell short, or could not be checked; 2: wrong usage.
    """
    from dlconv import api
    from dlconv.cli.results import photo_progress, report_results, say_skipped
    from dlconv.terminal import console
    from dlconv.verify.reports.files import check_report_files, wants_pictures

    check_report_files(report or [])
    with _going_on_later():
        results = api.verify(
            artifacts or [],
            images=images or [],
            dataset=dataset,
            masks=masks,
            floors=api.GivenFloors(floor_agreement, floor_worst, floor_miou),
            reference=reference,
            runtimes=runtime or [],
            skip_missing=say_skipped if skip_missing else None,
            pictures=wants_pictures(report or []),
            workers=workers,
            dask=dask,
            resume=resume,
            classes=classes,
            registry=registry,
            progress=photo_progress,
            say=console.say,
        )
    report_results(results, report or [], json, with_photos=True)


@contextmanager
def _going_on_later() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise DlconvError("interrupted", "what is done is kept: go on with --resume") from error
