"""The progress and the results of checks, for ``verify`` and ``run``."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dlconv.terminal import console
from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from dlconv.artifacts.manifest import Artifact
    from dlconv.progress import Progress
    from dlconv.runtimes import RuntimeMissingError
    from dlconv.runtimes.catalogue import Choice
    from dlconv.verify.result import ArtifactResult


def say_skipped(error: "RuntimeMissingError") -> None:
    """Print that a runtime is left out."""
    console.say(f"skipped: {error}")


def photo_progress(artifact: "Artifact", choice: "Choice") -> "AbstractContextManager[Progress]":
    """Show how many photos were checked."""
    what = f"{artifact.manifest.source.model} {artifact.title}"
    return console.photo_progress(f"checking {what} in {choice.name}")


def report_results(
    results: "list[ArtifactResult]", files: list[Path], json: bool, with_photos: bool
) -> None:
    """Write reports and print results. Exits with code 1 unless all passed."""
    from dlconv.verify import document
    from dlconv.verify.reports import text
    from dlconv.verify.reports.annotations import annotations
    from dlconv.verify.reports.files import write_reports

    write_reports(results, files)
    if json:
        show(document.as_data(results))
    else:
        show(*text.tables(results, with_photos))
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
