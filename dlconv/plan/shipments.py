"""Which releases are published where: as the caller says, or as ``dlconv.toml`` does."""

from dataclasses import dataclass
from pathlib import Path

from dlconv.addresses import shown
from dlconv.errors import DlconvError, UsageError
from dlconv.plan.config import find_config, read_config
from dlconv.plan.steps import RELEASE
from dlconv.release.document import RELEASE_NAME, has_any, no_release, read_release, releases_in
from dlconv.release.publish.choice import is_folder, takes_one_model
from dlconv.release.publish.target import OWN_PLACE

MODEL = "{model}"


@dataclass(frozen=True)
class Shipment:
    """A release's folder, and the target that it is published to."""

    release: Path
    target: str

    def __str__(self) -> str:
        """Return both as text, without secrets."""
        return f"{self.release} to {shown(self.target)}"


def planned(target: str | None, release: Path | None, config: Path | None) -> list[Shipment]:
    """Return what is to be published.

    Without a ``target`` it is each of the configuration's, without a ``release`` each that is in
    the folder of releases: that of the configuration, or of the working folder. ``{model}`` in a
    target is the name of the release's model. Raises UsageError where there is no target,
    DlconvError where there is no release, or for several models to a target of one.
    """
    found = _plan(target, release, config)
    for place in {each.target for each in found if takes_one_model(each.target)}:
        models = sorted({_model(each.release) for each in found if each.target == place} - {""})
        if len(models) > 1:
            what = f"{shown(place)} is for one model, not for {', '.join(models)}"
            raise DlconvError(what, OWN_PLACE)
    return found


def _plan(target: str | None, release: Path | None, config: Path | None) -> list[Shipment]:
    if target is not None and config is not None:
        raise UsageError(
            "a configuration does nothing where a target is named", code="config-and-target"
        )
    if target is not None:
        return [_shipment(each, target) for each in find_releases(release or Path(RELEASE))]
    project = read_config(config or find_config(Path.cwd()))
    if not project.publish.targets:
        raise UsageError(f"{project.path} names no target: [publish] has no targets")
    targets = [_from(project.folder, each) for each in project.publish.targets]
    releases = find_releases(release or project.folder / RELEASE)
    return [_shipment(each, target) for each in releases for target in targets]


def _shipment(release: Path, target: str) -> Shipment:
    return Shipment(release, target.replace(MODEL, _model(release) or MODEL))


def find_releases(folder: Path) -> list[Path]:
    """Return a folder that is a release, or the releases in it. Raises DlconvError for none."""
    if has_any(folder, (RELEASE_NAME,)):
        return [folder]
    found = releases_in(folder)
    if not found:
        raise no_release(folder)
    return found


def _model(release: Path) -> str:
    """Return the name of a release's model; "" if it cannot be read, which publishing reports."""
    try:
        return read_release(release).name
    except DlconvError:
        return ""


def _from(folder: Path, target: str) -> str:
    """Return a target of a configuration, whose folders are relative to it."""
    return str(folder / target) if is_folder(target) else target
