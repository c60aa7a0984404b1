"""Comparing artifacts with the frozen graph, in the real runtimes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.choose import choose_artifacts
from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact
from dlconv.cache import store
from dlconv.errors import DlconvError, UsageError
from dlconv.fetch.find import find_frozen_graph
from dlconv.progress import Progress, Say, no_progress
from dlconv.registry.models import Registry, load_registry
from dlconv.release.evidence import keep_evidence
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.catalogue import Choice, parse_choices
from dlconv.verify.bisect import NodeError
from dlconv.verify.bisect import bisect as compare_nodes
from dlconv.verify.choose import choose_photos, colours_of, with_classes
from dlconv.verify.floors import NO_FLOORS_GIVEN, GivenFloors
from dlconv.verify.loadable import loadable, reference_graph
from dlconv.verify.photos import Photo, find_photos, skipped_line, with_masks
from dlconv.verify.result import ArtifactResult
from dlconv.verify.verify import no_display, verify_artifacts, verify_journal
from dlconv.verify.workers import Workers, dask_cluster, processes


@dataclass(frozen=True)
class Bisected:
    """An artifact, the photo that it was run on, and the error of each node, in graph order."""

    artifact: Artifact
    photo: Photo
    errors: tuple[NodeError, ...]


def verify(
    artifacts: Sequence[Path] = (),
    *,
    images: Sequence[Path] = (),
    dataset: Path | None = None,
    masks: Path | None = None,
    floors: GivenFloors = NO_FLOORS_GIVEN,
    reference: str | Path | None = None,
    runtimes: Sequence[str] = (),
    skip_missing: Callable[[RuntimeMissingError], None] | None = None,
    pictures: bool = False,
    workers: int | None = None,
    dask: str | None = None,
    resume: bool = False,
    classes: str | None = None,
    registry: Path | None = None,
    progress: Callable[[Artifact, Choice], AbstractContextManager[Progress]] = no_display,
    say: Say = no_progress,
) -> list[ArtifactResult]:
    """Compare the labels of artifacts with the frozen graph's, in the real runtimes.

    ``artifacts`` are folders or files, by default all below ``artifacts/``; ``images`` photos or
    folders of them, by default the registry's photos for the model; ``dataset`` a folder or a list
    of photos, for thousands; ``masks`` a folder of ground truth, PNG files of class indices, uint8
    [H, W]. ``floors`` replace those of the artifacts; ``reference`` is the frozen graph that
    artifacts without a manifest are compared with. ``runtimes`` are such as ``tfjs-node`` or
    ``tfjs-chromium:webgl``; ``skip_missing`` is called with the error of a runtime that this
    machine lacks; without it, the error is raised. ``pictures`` keeps pictures of the worst photos
    for reports. ``workers`` is a number of processes, ``dask`` the address of a cluster; ``resume``
    continues an interrupted run. ``classes`` is a dataset or a text file whose classes are named in
    the results, by default the artifact's own. ``progress`` opens a display for each check, ``say``
    gets lines for a person.

    What was measured is kept beside the artifacts, for ``pack``. An artifact below its floors has a
    result that is not ``passed``; that is not an error. Raises DlconvError where there is nothing
    to check or a check is not possible, UsageError for an unknown runtime.

    >>> results = api.verify([made.artifact.directory])
    >>> [(result.place, result.passed) for result in results]
    [('tfjs-node wasm', True)]
    """
    choices = parse_choices(list(runtimes))
    crew = _workers(workers, dask)
    known = load_registry(registry)
    frozen = None if reference is None else _reference(str(reference), known)
    chosen = with_classes(choose_artifacts(artifacts, reference=frozen), classes, known)
    if dataset is not None:
        say(f"reading {dataset}")
    found = choose_photos(images, chosen, known, dataset)
    if found.skipped:
        say(skipped_line(found.skipped))
    photos = list(found.photos) if masks is None else with_masks(found.photos, masks)
    with crew as hired, verify_journal(resume) as journal:
        results = verify_artifacts(
            chosen,
            photos,
            floors,
            choices,
            skip_missing,
            colours_of(chosen, known) if pictures else None,
            hired,
            journal,
            progress,
            found.skipped,
        )
    try:
        keep_evidence(results)
    except DlconvError as error:
        say(f"the evidence for dlconv pack could not be stored: {error}")
    return results


def photos(paths: Sequence[Path]) -> list[Photo]:
    """Return the photos at paths of files and folders.

    Raises DlconvError for a path without photos, and a file that is not a photo.

    >>> {photo.path.suffix for photo in api.photos([TARBALL.parent / "photos"])}
    {'.png'}
    """
    return find_photos(paths)


def bisect(
    artifact: Path,
    image: Path | None = None,
    *,
    reference: str | Path | None = None,
    registry: Path | None = None,
    progress: Callable[[Artifact], AbstractContextManager[Progress]] = no_display,
) -> Bisected:
    """Compare the values of an artifact's nodes with the frozen graph's on a photo.

    The error of a node is |a - b| / |b| over all its values. ``image`` is by default a photo of the
    registry; ``reference`` is as for ``verify``. ``progress`` opens a display of the nodes done.
    Raises DlconvError when the artifact cannot be run node by node.

    >>> found = api.bisect(made.artifact.directory)
    >>> max(each.error for each in found.errors) < 1e-3
    True
    """
    known = load_registry(registry)
    frozen = None if reference is None else _reference(str(reference), known)
    (chosen,) = choose_artifacts([artifact], reference=frozen)
    photo = choose_photos([image] if image else [], [chosen], known).photos[0]
    with progress(chosen) as report, loadable(chosen) as loaded:
        errors = compare_nodes(loaded, reference_graph(chosen), photo, report)
    return Bisected(chosen, photo, tuple(errors))


def _reference(spec: str, registry: Registry) -> FrozenGraph:
    """Find a frozen graph to compare with, and store it in the cache."""
    frozen = find_frozen_graph(spec, registry)
    store.add_graph(frozen.path)
    return frozen


def _workers(count: int | None, dask: str | None) -> AbstractContextManager[Workers | None]:
    if count and dask:
        raise UsageError(
            "workers of this machine and a Dask cluster exclude each other", code="two-crews"
        )
    if dask:
        return dask_cluster(dask)
    return processes(count) if count and count > 1 else nullcontext()
