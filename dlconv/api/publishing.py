"""Publishing releases."""

from pathlib import Path

from dlconv.plan.shipments import Shipment, planned
from dlconv.progress import StepProgress, no_progress
from dlconv.release.publish import publish as publishing
from dlconv.release.publish.publish import Published


def shipments(
    target: str | None = None, *, release: Path | None = None, config: Path | None = None
) -> list[Shipment]:
    """Return which release is published where, as given or as in ``dlconv.toml``; sends nothing.

    Without a ``target`` it is each of the configuration's, without a ``release`` each in the folder
    of releases: that of the configuration, or of the working folder. ``{model}`` in a target is the
    name of the release's model.

    Raises UsageError where there is no target, DlconvError where there is no release, or for
    several models to a target of one.

    >>> [each.release.name for each in api.shipments("to/a/folder", release=folder / "release")]
    ['release']
    """
    return planned(target, release, config)


def publish(
    release: Path, target: str, *, dry_run: bool = False, progress: StepProgress = no_progress
) -> Published:
    """Publish the release in a folder to a target, unless it is there already.

    ``target`` is a folder, a URL of fsspec, ``github:OWNER/REPO``, ``hf:OWNER/NAME``, ``npm:NAME``
    or ``oci:HOST/REPO``; secrets come from the environment. With ``dry_run`` nothing is sent.

    Raises DlconvError for a release that was changed, another one of the same version at the
    target, and a target that cannot be reached or refuses; UsageError for an invalid target.

    >>> api.publish(folder / "release", str(folder / "public")).state
    'published'
    """
    return publishing.publish(release, target, dry_run=dry_run, progress=progress)
