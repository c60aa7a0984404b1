"""Publishing a release: checked first, never over another one, and only once.

Where it goes is a target's business, a module each; what must hold everywhere is here.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dlconv.addresses import shown
from dlconv.errors import DlconvError
from dlconv.models.one_at_a_time import one_at_a_time
from dlconv.release.publish.checked import CheckedRelease, check
from dlconv.release.publish.choice import choose_target
from dlconv.release.publish.secrets import hidden_secrets
from dlconv.release.publish.target import Progress, Target

State = Literal["published", "already published", "to be published"]

WAITING = "waiting for another publish to this place"


@dataclass(frozen=True)
class Published:
    """What became of a release: ``state``, and ``place``, where people find it."""

    state: State
    place: str
    name: str
    version: str
    content_sha256: str
    files: int
    bytes: int


def no_progress(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def publish(
    folder: Path, target: str, *, dry_run: bool = False, progress: Progress = no_progress
) -> Published:
    """Publish the release in a folder to a target, unless it is there already.

    ``target`` is what ``choose_target`` takes; with ``dry_run`` nothing is sent. Raises DlconvError
    for a release that is not as it was packed, another one of the same version at the target, and
    a target that cannot be reached or refuses; UsageError for a target that is none.
    """
    with hidden_secrets():
        chosen = choose_target(target)
        release = check(folder)
        place = chosen.place_of(release)
        lock = f"publish-{hashlib.sha256(place.encode()).hexdigest()}"
        with one_at_a_time(lock, WAITING, lambda message: progress(message, 0, 1)):
            state = _publish(release, chosen, place, dry_run, progress)
    return Published(
        state=state,
        place=shown(place),
        name=release.name,
        version=release.version,
        content_sha256=release.digest,
        files=len(release.paths),
        bytes=release.bytes,
    )


def _publish(
    release: CheckedRelease, target: Target, place: str, dry_run: bool, progress: Progress
) -> State:
    there = target.published(release)
    if there == release.digest:
        return "already published"
    if there is not None:
        what = "another release" if there else "something else"
        raise DlconvError(
            f"{place} is {what} already", "pack this one with a new version: dlconv pack --version"
        )
    if dry_run:
        return "to be published"
    target.send(release, progress)
    return "published"
