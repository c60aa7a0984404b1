"""Choosing the photos that artifacts are checked on, and the colours of their classes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dlconv.artifacts.manifest import Artifact
from dlconv.errors import DlconvError
from dlconv.net.sources import local_path
from dlconv.registry.models import Colour, Registry, voc_colours
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


def colours_of(artifacts: Iterable[Artifact], registry: Registry) -> dict[str, tuple[Colour, ...]]:
    """Return the colours of each model's classes: its dataset's, or those of PASCAL VOC."""
    names = {artifact.manifest.source.model for artifact in artifacts}
    known = {name: registry.models[name].dataset.colours for name in names & {*registry.models}}
    others = voc_colours(MOST_COLOURS)
    return {name: (*known.get(name, ()), *others[len(known.get(name, ())) :]) for name in names}
