"""Errors of the disk, in the user's words.

Whatever writes to the cache or makes artifacts does so inside ``disk_trouble``: a full disk or a
folder that may not be written becomes a ``DiskError`` that says what to do.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dlconv.errors import DlconvError

FULL = (errno.ENOSPC, errno.EDQUOT)
HINT = "make room, or choose another place: DLCONV_CACHE for the cache, -o for artifacts"


class DiskError(DlconvError):
    """A file could not be read or written because of the disk or its permissions."""


@contextmanager
def disk_trouble(path: Path, needed_bytes: int | None = None) -> Iterator[None]:
    """Turn any OSError of the block into a DiskError about ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            needs = f" needs {needed_bytes:,} bytes" if needed_bytes else " needs more room"
            raise DiskError(f"disk full: {path}{needs}", HINT) from error
        reason = error.strerror or str(error)
        raise DiskError(f"{error.filename or path}: {reason}", HINT) from error


@contextmanager
def removing_new_folders(path: Path) -> Iterator[None]:
    """Remove the folders above ``path`` that the block made if it fails, unless they hold files."""
    made = [folder for folder in path.absolute().parents if not folder.exists()]
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise
