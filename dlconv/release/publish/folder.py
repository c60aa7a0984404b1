"""A local folder: a release appears at ``<folder>/<name>/<version>/`` once it is complete.

A copy is made beside its place, checked as a release, and renamed, which never replaces a release
that appeared meanwhile. A killed publish leaves a folder whose name starts with a dot; the next one
removes it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.progress import Say, StepProgress
from dlconv.release.check import check_release
from dlconv.release.document import RELEASE_NAME
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.target import WAITING, digest_in
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_directory
from dlconv.storage.locked import locked


class Folder:
    """A folder with releases by their names and versions."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def place_of(self, release: CheckedRelease) -> str:
        """Return the release's folder."""
        return str(self._place(release))

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of the release that is there."""
        place = self._place(release)
        with disk_trouble(place):
            if not place.exists():
                return None
            path = place / RELEASE_NAME
            return digest_in(path.read_bytes(), str(path)) if path.is_file() else ""

    @contextmanager
    def guarded(self, release: CheckedRelease, say: Say) -> Iterator[None]:
        """Hold the lock beside the release's place, which all machines share."""
        place = self._place(release)
        with disk_trouble(place), locked(place, WAITING, say):
            yield

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Copy the release."""
        place = self._place(release)
        with disk_trouble(place), new_directory(place, _refuse) as folder:
            for done, path in enumerate(release.paths):
                progress(path, done, len(release.paths))
                copy = folder / path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(release.folder / path, copy)
            if problems := check_release(folder):
                raise DlconvError(
                    f"{release.folder} changed while it was copied: {problems[0]}", "run it again"
                )

    def _place(self, release: CheckedRelease) -> Path:
        return self._root / release.name / release.version


def _refuse(place: Path) -> None:
    raise DlconvError(f"{place} was created by something else during the copy", "see what it is")
