"""Any storage that fsspec knows: a release is at ``<url>/<name>/<version>/``.

``release.json`` is sent last, after all other files were read back. Files without it are those of
an interrupted upload: they are ignored, and the next upload replaces them. Storages have no locks,
so each upload writes a claim file beside the place, and stops if it finds a later one: of several
uploads, the last to begin publishes. S3 needs s3fs, others what fsspec names.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from dlconv.errors import DlconvError
from dlconv.progress import Say, StepProgress
from dlconv.release.document import RELEASE_NAME
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.target import digest_in, words_of
from dlconv.storage.files import CHUNK_BYTES, digest_of


class Store:
    """A URL with releases by their names and versions below it."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._url = url.rstrip("/")
        self._claim = secrets.token_bytes(16)
        with self._trouble():
            self._files, self._root = fsspec.core.url_to_fs(self._url, use_listings_cache=False)

    def place_of(self, release: CheckedRelease) -> str:
        """Return the release's URL."""
        return f"{self._url}/{release.name}/{release.version}"

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of the release that is there."""
        path = f"{self._place(release)}/{RELEASE_NAME}"
        with self._trouble():
            try:
                content: bytes = self._files.cat_file(path)
            except FileNotFoundError:
                return None
        return digest_in(content, f"{self.place_of(release)}/{RELEASE_NAME}")

    @contextmanager
    def guarded(self, release: CheckedRelease, say: Say) -> Iterator[None]:
        """Claim the release's place; earlier uploads to it then stop."""
        with self._trouble():
            path = self._claim_path(release)
            try:
                self._files.pipe_file(path, self._claim)
            except FileNotFoundError:  # storages with real folders need them first
                self._files.mkdir(path.rpartition("/")[0], create_parents=False)
                self._files.pipe_file(path, self._claim)
        try:
            yield
        finally:
            # A claim that cannot be removed, as without permission to delete, does no harm.
            with suppress(Exception):
                if self._is_claimed(release):
                    self._files.rm_file(self._claim_path(release))

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Send the files, release.json last, after removing those of an interrupted upload."""
        place = self._place(release)
        paths = [path for path in release.paths if path != RELEASE_NAME]
        with self._trouble():
            for left in {*self._found(place)} - {f"{place}/{path}" for path in paths}:
                with suppress(FileNotFoundError):
                    self._files.rm_file(left)
            for done, path in enumerate([*paths, RELEASE_NAME]):
                progress(path, done, len(release.paths))
                if path == RELEASE_NAME:
                    self._check_sent(release, paths)
                self._check_claim(release)
                self._files.put_file(str(release.folder / path), f"{place}/{path}")
            self._check_claim(release)

    def _check_sent(self, release: CheckedRelease, paths: Sequence[str]) -> None:
        place = self._place(release)
        for path in paths:
            hasher = hashlib.sha256()
            with self._files.open(f"{place}/{path}", "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    hasher.update(chunk)
            if hasher.hexdigest() != digest_of(release.folder / path):
                raise DlconvError(f"{place}/{path} is not there as it was sent", "run it again")

    def _check_claim(self, release: CheckedRelease) -> None:
        if not self._is_claimed(release):
            raise DlconvError(
                f"{self.place_of(release)} is where another publish has begun since",
                "see what becomes of it: run this one again",
            )

    def _is_claimed(self, release: CheckedRelease) -> bool:
        try:
            found: bytes = self._files.cat_file(self._claim_path(release))
        except FileNotFoundError:
            return False
        return found == self._claim

    def _claim_path(self, release: CheckedRelease) -> str:
        above, _, version = self._place(release).rpartition("/")
        return f"{above}/.{version}.publishing"

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
        except DlconvError:
            raise
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
