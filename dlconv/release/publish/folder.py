"""A folder of this machine: ``<folder>/<name>/<version>/``, there at once when all is copied.

A copy is made beside its place and takes it by a rename. What one left that was killed starts with
a dot, and the next one removes it.
"""

import shutil
from pathlib import Path

from dlconv.disk import disk_trouble
from dlconv.files import new_directory, remove_leftovers
from dlconv.release.document import RELEASE_NAME
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.target import Progress, digest_in


class Folder:
    """A folder with releases by their names and versions."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def place_of(self, release: CheckedRelease) -> str:
        """Return the release's folder."""
        return str(self._place(release))

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of what is there."""
        place = self._place(release)
        with disk_trouble(place):
            if not place.exists():
                return None
            path = place / RELEASE_NAME
            return digest_in(path.read_bytes(), str(path)) if path.is_file() else ""

    def send(self, release: CheckedRelease, progress: Progress) -> None:
        """Copy the release."""
        place = self._place(release)
        with disk_trouble(place):
            remove_leftovers(place)
            with new_directory(place) as folder:
                for done, path in enumerate(release.paths):
                    progress(path, done, len(release.paths))
                    copy = folder / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(release.folder / path, copy)

    def _place(self, release: CheckedRelease) -> Path:
        return self._root / release.name / release.version
