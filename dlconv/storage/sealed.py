"""Content of the cache that says of itself whether it is whole.

Behind the content comes the SHA-256 of its name and itself, in hex. What a disk, a crash or a hand
changed, and an entry that got another's name, is as good as absent: whoever keeps something sealed
can make it again. Readers of pictures and of arrays pass over what comes behind theirs.
"""

import hashlib
from pathlib import Path

from dlconv.storage.files import write_atomically

SEAL_BYTES = 64


def sealed(name: str, content: bytes) -> bytes:
    """Return content with its seal."""
    return content + _seal(name, content)


def unsealed(name: str, kept: bytes) -> bytes | None:
    """Return the content of what was sealed under a name, None if it is not what was."""
    content, seal = kept[:-SEAL_BYTES], kept[-SEAL_BYTES:]
    return content if seal == _seal(name, content) else None


def write_sealed(path: Path, content: bytes) -> None:
    """Write content, sealed under the name of its file."""
    write_atomically(path, sealed(path.name, content))


def read_sealed(path: Path) -> bytes | None:
    """Return what ``write_sealed`` wrote to a file, None if it is gone or is not what was."""
    try:
        return unsealed(path.name, path.read_bytes())
    except OSError:
        return None


def _seal(name: str, content: bytes) -> bytes:
    parts = b"%d %s" % (len(content), name.encode(errors="surrogateescape"))
    return hashlib.sha256(parts + b"\n" + content).hexdigest().encode()
