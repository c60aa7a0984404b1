"""``dlconv verify``, ``bench``, ``bisect`` and ``run``: artifacts held against the frozen graph."""

from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.fetching import fetch_model
from dlconv.cli.options import (
    FloorAgreement,
    FloorMiou,
    FloorWorst,
    Images,
    Json,
    Lock,
    Mirror,
    Offline,
    Reference,
    RegistryFile,
    Reports,
    Runtimes,
    SkipMissing,
    Verbose,
    load_registry,
)
from dlconv.errors import DlconvError
from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from dlconv.artifacts.manifest import Artifact
    from dlconv.runtimes import RuntimeMissingError
    from dlconv.runtimes.catalogue import Choice
    from dlconv.verify.harness import Progress
    from dlconv.verify.photos import Skipped
    from dlconv.verify.result import ArtifactResult
    from dlconv.verify.workers import Workers


@app.command(epilog="Example: dlconv verify artifacts/sample --images photos/ --floor-miou 0.9")
def verify(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Default: all below artifacts/."),
    ] = None,
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
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check the labels of artifacts against the frozen graph's, in the real runtimes.

    Agreement is the share of equal labels; mIoU the mean over classes of intersection over union
    with the frozen graph's labels. Of the pixels that differ, those where the frozen graph was sure
    (its two best scores are 1 or more apart) are real mismatches, the others ties and borders. For
    the class person, the mask's agreement and its boundary F-score (contours within 0.8 % of the
    diagonal) are given, too; for artifacts of scores, their largest difference.

    Exit code 0: all passed; 1: one fell short, or could not be checked; 2: wrong usage.
    """
    from dlconv import pipeline
    from dlconv.runtimes.catalogue import parse_choices
    from dlconv.terminal import console
    from dlconv.verify.floors import GivenFloors
    from dlconv.verify.photos import with_masks
    from dlconv.verify.reports.files import check_report_files, wants_pictures

    floors = GivenFloors(floor_agreement, floor_worst, floor_miou)
    runtimes = parse_choices(runtime or [])
    hired = _workers(workers, dask)
    check_report_files(report or [])
    known = load_registry(registry)
    frozen = pipeline.find_reference(reference, known) if reference else None
    chosen = pipeline.choose_artifacts(artifacts or [], reference=frozen)
    with console.step(f"reading {dataset}") if dataset else nullcontext():
        photos = pipeline.choose_photos(images or [], chosen, known, dataset)
    passed_over = _passed_over(images, dataset)
    if masks:
        photos = with_masks(photos, masks)
    with _going_on_later(), hired as crew, pipeline.verify_journal(resume) as journal:
        results = pipeline.verify_all(
            chosen,
            photos,
            floors,
            runtimes,
            _say_skipped if skip_missing else None,
            pipeline.colours_of(chosen, known) if wants_pictures(report or []) else None,
            crew,
            journal,
            _photo_progress,
            passed_over,
        )
    _report(results, report or [], json, with_photos=True)


@app.command(epilog="Example: dlconv bisect artifacts/sample/tfjs-uint8 --image photo.jpg")
def bisect(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The artifact.")],
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE", help="The photo. The sample model brings its own."),
    ] = None,
    reference: Reference = None,
    limit: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="The error from which on a node counts as wrong.",
            show_default="float32 0.001, others 0.15",
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Name the first nodes whose values leave the frozen graph's.

    The error of a node is |a - b| / |b| over all its values; what it adds is how far that is above
    the nodes before it. Exit code 1: a node is beyond the limit.
    """
    from dlconv import pipeline
    from dlconv.terminal import console
    from dlconv.verify.bisect import first_beyond
    from dlconv.verify.reports import bisect_report

    known = load_registry(registry)
    frozen = pipeline.find_reference(reference, known) if reference else None
    (chosen,) = pipeline.choose_artifacts([artifact], reference=frozen)
    photo = pipeline.choose_photos([image] if image else [], [chosen], known)[0]
    with console.steps(f"comparing nodes of {chosen.manifest.source.model} {chosen.title}") as told:
        errors = pipeline.bisect(chosen, photo, lambda done, total: told("nodes", done, total))
    first = first_beyond(errors, bisect_report.limit_for(chosen, limit))
    if json:
        show(bisect_report.as_data(chosen, photo, errors, first))
    else:
        show(bisect_report.table(errors, first), bisect_report.verdict(errors, first))
    if first is not None:
        raise typer.Exit(1)


@app.command(epilog="Example: dlconv bench artifacts/sample --runtime all --rounds 20")
def bench(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Default: all below artifacts/."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The artifact to compare the others with, each in the runtime that it ran in "
            "itself; where this one did not, in its first runtime.",
        ),
    ] = None,
    images: Images = None,
    runtime: Runtimes = None,
    skip_missing: SkipMissing = False,
    rounds: Annotated[
        int, typer.Option(min=1, help="How many frames of each artifact count.")
    ] = 10,
    threads: Annotated[
        int,
        typer.Option(
            min=1,
            help="Threads of onnxruntime. Runtimes in Node have one, those in a browser what it "
            "gives.",
        ),
    ] = 1,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the JSON report to a file, too.")
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure time per frame, load time, memory and bytes of artifacts, taking turns.

    All artifacts get the same photos, each at its own crop; numbers of different models, frame
    sizes or threads do not compare. The memory of a browser is the sum over its processes, what
    they share counted in each.
    """
    from dlconv import pipeline
    from dlconv.artifacts.manifest import read_artifact
    from dlconv.bench import report as reports
    from dlconv.bench.benchmark import benchmark
    from dlconv.cache.store import cache_root
    from dlconv.runtimes.catalogue import parse_choices
    from dlconv.storage.files import write_atomically
    from dlconv.terminal import console

    runtimes = parse_choices(runtime or [])
    chosen = pipeline.choose_artifacts(artifacts or [])
    baseline = read_artifact(against) if against else None
    photos = pipeline.choose_photos(images or [], chosen, load_registry(registry))
    _passed_over(images)
    used = photos if images else photos[:1]
    sizes = cache_root() / "sizes"
    result = benchmark(
        chosen,
        baseline,
        used,
        rounds,
        threads,
        sizes,
        runtimes,
        console.say,
        _say_skipped if skip_missing else None,
    )
    if report is not None:
        write_atomically(report, reports.as_json(result).encode())
    if json:
        show(reports.as_data(result))
    else:
        show(reports.table(result))


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
    from dlconv import pipeline
    from dlconv.convert.quantize.scheme import Quantization, Scheme
    from dlconv.inspect import report as inspection
    from dlconv.terminal import console
    from dlconv.verify.floors import GivenFloors
    from dlconv.verify.reports.files import check_report_files, wants_pictures

    check_report_files(report or [])
    floors = GivenFloors(floor_agreement, floor_worst, floor_miou)
    known = load_registry(registry)
    named = pipeline.choose_photos(images, [], known) if images else []
    passed_over = _passed_over(images)
    fetched = fetch_model(model, registry, mirror, offline, False, lock)
    frozen = pipeline.find_frozen_graph(fetched.name, known)
    console.say(f"{fetched.name}: {inspection.one_line(pipeline.inspect(frozen))}")
    artifacts = []
    for quantization in (Quantization(), Quantization(Scheme.UINT8)):
        with console.steps(f"converting to TensorFlow.js ({quantization.name})") as told:
            made = pipeline.convert_to_tfjs(frozen, quantization, progress=told)
        artifacts.append(made.artifact)
    with console.step("converting to ONNX"):
        artifacts.append(pipeline.convert_to_onnx(frozen).artifact)
    photos = named or pipeline.choose_photos([], artifacts, known)
    colours = pipeline.colours_of(artifacts, known) if wants_pictures(report or []) else None
    results = pipeline.verify_all(
        artifacts,
        photos,
        floors,
        colours=colours,
        progress=_photo_progress,
        skipped=passed_over,
    )
    _report(results, report or [], json, with_photos=False)


@contextmanager
def _going_on_later() -> "Iterator[None]":
    try:
        yield
    except KeyboardInterrupt as error:
        raise DlconvError("interrupted", "what is done is kept: go on with --resume") from error


def _workers(count: int | None, dask: str | None) -> "AbstractContextManager[Workers | None]":
    from dlconv.errors import UsageError
    from dlconv.verify.workers import dask_cluster, processes

    if count and dask:
        raise UsageError("--workers and --dask exclude each other")
    if dask:
        return dask_cluster(dask)
    return processes(count) if count and count > 1 else nullcontext()


def _passed_over(images: list[Path] | None, dataset: Path | None = None) -> "tuple[Skipped, ...]":
    """Return the pictures that are no photos to check, and say that there are some."""
    from dlconv.terminal import console
    from dlconv.verify.photos import find_skipped, skipped_line

    skipped = find_skipped(images or [], dataset)
    if skipped:
        console.say(skipped_line(skipped))
    return skipped


def _say_skipped(error: "RuntimeMissingError") -> None:
    from dlconv.terminal import console

    console.say(f"skipped: {error}")


def _photo_progress(artifact: "Artifact", choice: "Choice") -> "AbstractContextManager[Progress]":
    from dlconv.terminal import console

    what = f"{artifact.manifest.source.model} {artifact.title}"
    return console.photo_progress(f"checking {what} in {choice.name}")


def _report(
    results: "list[ArtifactResult]",
    files: list[Path],
    json: bool,
    with_photos: bool,
) -> None:
    from dlconv.release.evidence import keep_evidence
    from dlconv.terminal import console
    from dlconv.verify import document
    from dlconv.verify.reports import text as report
    from dlconv.verify.reports.annotations import annotations
    from dlconv.verify.reports.files import write_reports

    write_reports(results, files)
    try:
        keep_evidence(results)
    except DlconvError as error:
        console.say(f"no evidence is kept for dlconv pack: {error}")
    if json:
        show(document.as_data(results))
    else:
        show(*report.tables(results, with_photos))
        for entry in dict.fromkeys(result.artifact.entry for result in results):
            tell(str(entry))
    for result in results:
        for failure in result.failures:
            where = f"{result.artifact.entry} in {result.place}"
            console.say(f"failed: {where}: {failure}")
    for annotation in annotations(results):
        console.command(annotation)
    if not all(result.passed for result in results):
        raise typer.Exit(1)
