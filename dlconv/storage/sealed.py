"""Files of the cache that contain a checksum, their seal.

The content is followed by the SHA-256 of its name and itself, in hex. A file that was damaged,
edited or renamed counts as missing: what is sealed can be computed again. Readers of images and of
arrays ignore what follows their data.
"""

import hashlib
from pathlib import Path

from dlconv.storage.files import write_atomically

SEAL_BYTES = 64


def sealed(name: str, content: bytes) -> bytes:
    """Return content followed by its seal."""
    return content + _seal(name, content)


def unsealed(name: str, kept: bytes) -> bytes | None:
    """Return the content of what was sealed under a name, None if the seal does not fit."""
    content, seal = kept[:-SEAL_BYTES], kept[-SEAL_BYTES:]
    return content if seal == _seal(name, content) else None


def write_sealed(path: Path, content: bytes) -> None:
    """Write content, sealed under the name of its file."""
    write_atomically(path, sealed(path.name, content))


def read_sealed(path: Path) -> bytes | None:
    """Return what ``write_sealed`` wrote to a file, None if it is missing or was changed."""
    try:
        return unsealed(path.name, path.read_bytes())
    except OSError:
        return None


def _seal(name: str, content: bytes) -> bytes:
    parts = b"%d %s" % (len(content), name.encode(errors="surrogateescape"))
    return hashlib.sha256(parts + b"\n" + content).hexdigest().encode()
