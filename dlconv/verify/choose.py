"""Choosing the photos that artifacts are checked on, and the colours of their classes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.errors import DlconvError
from dlconv.net.sources import local_path
from dlconv.registry.classes import classes_for, dataset_of
from dlconv.registry.entries import Colour, Dataset, voc_colours
from dlconv.registry.models import Registry
from dlconv.verify.photos import Pictures, find_photos, find_pictures
from dlconv.verify.reports.pictures import MOST_COLOURS


def choose_photos(
    paths: Sequence[Path],
    artifacts: Iterable[Artifact],
    registry: Registry,
    dataset: Path | None = None,
) -> Pictures:
    """Return the photos at ``paths`` and of a dataset, or those of the artifacts' model.

    Raises DlconvError when there is none.
    """
    if paths or dataset:
        found = find_pictures(paths, dataset)
        photos = {photo.path.resolve(): photo for photo in found.photos}
        return Pictures(tuple(photos.values()), found.skipped)
    models = sorted({artifact.manifest.source.model for artifact in artifacts})
    known = [registry.models[name].photos for name in models if name in registry.models]
    if len(known) != len(models) or not all(known):
        raise DlconvError(
            f"there are no photos to check {', '.join(models)} on, so nothing can be checked",
            "give some",
            code="no-photos",
        )
    return Pictures(tuple(find_photos([local_path(photos) for photos in known])))


def with_classes(
    artifacts: Sequence[Artifact], classes: str | None, registry: Registry
) -> list[Artifact]:
    """Return artifacts whose classes have the names of a dataset or a file; None leaves theirs."""
    if classes is None:
        return [*artifacts]
    names = classes_for(classes, registry.datasets)
    return [replace(each, manifest=replace(each.manifest, classes=names)) for each in artifacts]


def colours_of(artifacts: Iterable[Artifact], registry: Registry) -> dict[str, tuple[Colour, ...]]:
    """Return the colours of each model's classes: their dataset's, or those of PASCAL VOC."""
    others = voc_colours(MOST_COLOURS)
    found = {}
    for artifact in artifacts:
        dataset = _dataset_of(artifact, registry)
        colours = dataset.colours if dataset else ()
        found[artifact.manifest.source.model] = (*colours, *others[len(colours) :])
    return found


def _dataset_of(artifact: Artifact, registry: Registry) -> Dataset | None:
    manifest = artifact.manifest
    known = registry.models.get(manifest.source.model)
    if known is not None and known.dataset.classes == manifest.classes:
        return known.dataset
    return dataset_of(manifest.classes, registry.datasets) or (known.dataset if known else None)
