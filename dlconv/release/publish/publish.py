"""Publishing a release: it is checked first, replaces no other, and is sent only once.

Each kind of target is a module of its own; what holds for all of them is here.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dlconv.addresses import shown
from dlconv.cache.one_at_a_time import one_at_a_time
from dlconv.errors import DlconvError
from dlconv.progress import Say, StepProgress, no_progress
from dlconv.release.publish.checked import CheckedRelease, check
from dlconv.release.publish.choice import choose_target
from dlconv.release.publish.secrets import hidden_secrets
from dlconv.release.publish.target import WAITING, Guarded, Target

State = Literal["published", "already published", "to be published"]


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


def publish(
    folder: Path, target: str, *, dry_run: bool = False, progress: StepProgress = no_progress
) -> Published:
    """Publish the release in a folder to a target, unless it is there already.

    ``target`` is what ``choose_target`` takes; with ``dry_run`` nothing is sent. Raises DlconvError
    for a release that is not as it was packed, another one of the same version at the target, and a
    target that cannot be reached or refuses; UsageError for an invalid target.
    """
    with hidden_secrets():
        chosen = choose_target(target)
        release = check(folder)
        place = chosen.place_of(release)
        lock = f"publish-{hashlib.sha256(os.fsencode(place)).hexdigest()}"

        def say(message: str) -> None:
            progress(message, 0, 1)

        with one_at_a_time(lock, WAITING, say):
            if _is_there(release, chosen, place):
                state: State = "already published"
            elif dry_run:
                state = "to be published"
            else:
                state = _send(release, chosen, place, progress, say)
    return Published(
        state=state,
        place=shown(place),
        name=release.name,
        version=release.version,
        content_sha256=release.digest,
        files=len(release.paths),
        bytes=release.bytes,
    )


def _send(
    release: CheckedRelease, target: Target, place: str, progress: StepProgress, say: Say
) -> State:
    if not isinstance(target, Guarded):
        target.send(release, progress)
        return "published"
    with target.guarded(release, say):
        # The lock in this machine's cache does not keep out publishes of other machines.
        if _is_there(release, target, place):
            return "already published"
        target.send(release, progress)
    return "published"


def _is_there(release: CheckedRelease, target: Target, place: str) -> bool:
    """Return whether the release is published. Raises DlconvError where another one is."""
    there = target.published(release)
    if there not in (None, release.digest):
        what = "another release" if there else "something else"
        raise DlconvError(
            f"{place} is {what} already", "pack this one with a new version", code="version-taken"
        )
    return there is not None
