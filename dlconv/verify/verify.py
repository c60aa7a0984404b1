"""Checking artifacts one after another, each in the runtimes that are chosen for it."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from dlconv.artifacts.manifest import Artifact
from dlconv.cache import store
from dlconv.errors import DlconvError
from dlconv.progress import Progress, no_progress
from dlconv.registry.models import Colour
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.catalogue import Choice, choices_for
from dlconv.verify.check_artifact import check_artifact
from dlconv.verify.floors import NO_FLOORS_GIVEN, GivenFloors, floors_for
from dlconv.verify.journal import Journal, open_journal
from dlconv.verify.loadable import loadable, reference_graph
from dlconv.verify.photos import Photo, Skipped
from dlconv.verify.result import ArtifactResult
from dlconv.verify.workers import Workers


def no_display(*_: object) -> AbstractContextManager[Progress]:
    """Show nothing."""
    return nullcontext(no_progress)


def verify_artifacts(
    artifacts: Iterable[Artifact],
    photos: list[Photo],
    given: GivenFloors = NO_FLOORS_GIVEN,
    runtimes: Sequence[Choice] = (),
    skip_missing: Callable[[RuntimeMissingError], None] | None = None,
    colours: Mapping[str, Sequence[Colour]] | None = None,
    workers: Workers | None = None,
    journal: Journal | None = None,
    progress: Callable[[Artifact, Choice], AbstractContextManager[Progress]] = no_display,
    skipped: tuple[Skipped, ...] = (),
) -> list[ArtifactResult]:
    """Check artifacts one after another, each in its runtimes among those chosen, or its default.

    ``given`` floors replace the artifacts' own; ``progress`` opens a display for each check.
    ``colours`` are those of each model's classes; with them, pictures of the worst photos are kept.
    ``workers`` check photos side by side; a ``journal`` stores checked photos until all are done.
    ``skip_missing`` is called with the error of a runtime that this machine lacks; without it, the
    error is raised. ``skipped`` are pictures of unsupported formats, which are added to the
    results. Raises DlconvError when a frozen graph is missing, a photo cannot be read or an
    artifact of precision auto has no floors, UsageError when none of the runtimes can run an
    artifact.
    """
    checks = [
        (artifact, choice, reference_graph(artifact), floors_for(artifact, given))
        for artifact in artifacts
        for choice in choices_for(artifact.manifest.target, runtimes)
    ]
    cache = store.cache_root() / "labels"
    results = []
    for artifact, choice, graph_path, floors in checks:
        try:
            with progress(artifact, choice) as report, loadable(artifact) as loaded:
                model = artifact.manifest.source.model
                palette = colours[model] if colours is not None else None
                result = check_artifact(
                    loaded,
                    graph_path,
                    photos,
                    cache,
                    floors,
                    choice,
                    palette,
                    workers,
                    journal,
                    report,
                )
        except RuntimeMissingError as error:
            if skip_missing is None:
                raise
            skip_missing(error)
        else:
            results.append(dataclasses.replace(result, skipped=skipped))
    if not results:
        raise DlconvError("no runtime could start, so nothing was checked")
    if journal is not None:
        journal.close()
    return results


def verify_journal(resume: bool) -> AbstractContextManager[Journal]:
    """Open the journal of verifications in the cache."""
    return open_journal(store.cache_root() / "verify.sqlite", resume)
