"""Any storage that fsspec knows: ``<url>/<name>/<version>/``, there when its release.json is.

``release.json`` is sent last. Files without it are those of an interrupted upload: nobody reads
them, and the next upload takes their place. S3 needs s3fs, others what fsspec names.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from dlconv.errors import DlconvError
from dlconv.release.document import RELEASE_NAME
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.target import Progress, digest_in, words_of


class Store:
    """A URL with releases by their names and versions below it."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._url = url.rstrip("/")
        with self._trouble():
            self._files, self._root = fsspec.core.url_to_fs(self._url, use_listings_cache=False)

    def place_of(self, release: CheckedRelease) -> str:
        """Return the release's URL."""
        return f"{self._url}/{release.name}/{release.version}"

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of what is there."""
        path = f"{self._place(release)}/{RELEASE_NAME}"
        with self._trouble():
            try:
                content: bytes = self._files.cat_file(path)
            except FileNotFoundError:
                return None
        return digest_in(content, f"{self.place_of(release)}/{RELEASE_NAME}")

    def send(self, release: CheckedRelease, progress: Progress) -> None:
        """Send the files, release.json last, after removing others that were left here."""
        place = self._place(release)
        paths = sorted(release.paths, key=lambda path: path == RELEASE_NAME)
        with self._trouble():
            wanted = {f"{place}/{path}" for path in paths}
            for left in {*self._found(place)} - wanted:
                self._files.rm_file(left)
            for done, path in enumerate(paths):
                progress(path, done, len(paths))
                self._files.put_file(str(release.folder / path), f"{place}/{path}")

    def _found(self, place: str) -> list[str]:
        try:
            return list(self._files.find(place))
        except FileNotFoundError:
            return []

    def _place(self, release: CheckedRelease) -> str:
        return f"{self._root.rstrip('/')}/{release.name}/{release.version}"

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Turn what a storage raises, which has no common type, into a DlconvError."""
        try:
            yield
        except ImportError as error:
            raise DlconvError(f"{self._url}: {error}") from error
        except Exception as error:
            raise DlconvError(f"{self._url}: {words_of(error)}", _hint(error)) from error


def _hint(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "make the bucket first"
    if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return "put credentials that may write there into the environment"
    return "check the URL and the network, then run the same command again"
