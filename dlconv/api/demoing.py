"""The web page with artifacts in it."""

from collections.abc import Sequence
from pathlib import Path

from dlconv.artifacts.choose import choose_artifacts
from dlconv.artifacts.manifest import Artifact
from dlconv.demo import site as sites
from dlconv.demo.self_check import self_check
from dlconv.demo.site import RUNTIMES, Offer, Site, make_site
from dlconv.errors import DlconvError
from dlconv.net.sources import local_path
from dlconv.progress import Progress, no_progress
from dlconv.registry.models import load_registry
from dlconv.verify.choose import colours_of, with_classes
from dlconv.verify.photos import find_photos

# The photo that the page checks backends with.
CHECK_PHOTOS = "package:sample/photos"


def demo(
    artifacts: Sequence[Path] = (),
    *,
    works_offline: bool = False,
    classes: str | None = None,
    registry: Path | None = None,
    progress: Progress = no_progress,
) -> Site:
    """Make the web page that removes the background of photos, videos and the camera.

    It contains the ``artifacts``, by default all below ``artifacts/``, those for TensorFlow.js
    first. With ``works_offline`` it works without a network after the first visit. ``classes``
    is a dataset or a text file whose classes the page names, by default the artifacts' own. Each
    artifact is run once, for the labels that the page checks backends with; ``progress`` is called
    with how many were run, and the total.

    Raises DlconvError where there are no artifacts, and when a file of one was changed.

    >>> site = api.demo([made.artifact.directory])
    >>> "index.html" in site.files
    True
    """
    known = load_registry(registry)
    chosen = with_classes(_for_pages(choose_artifacts(artifacts)), classes, known)
    photo = find_photos([local_path(CHECK_PHOTOS)])[0]
    colours = colours_of(chosen, known)
    offers = []
    for done, artifact in enumerate(chosen):
        progress(done, len(chosen))
        check = self_check(artifact, photo)
        offers.append(Offer(artifact, colours[artifact.manifest.source.model], check))
    return make_site(offers, works_offline)


def _for_pages(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """Return the artifacts that the page runs, those for TensorFlow.js first."""
    chosen = [each for each in artifacts if each.manifest.target in RUNTIMES]
    if not chosen:
        raise DlconvError("the page runs TensorFlow.js, ONNX and LiteRT", "make one: dlconv tfjs")
    return sorted(chosen, key=lambda each: each.manifest.target != "tfjs")


def export(site: Site, folder: Path) -> None:
    """Write a page as a static site for any web host into ``folder``.

    Raises DlconvError for a folder that holds anything but such a site, and when it cannot be
    written.

    >>> api.export(site, folder / "site")
    >>> (folder / "site" / "index.html").is_file()
    True
    """
    sites.export(site, folder)
