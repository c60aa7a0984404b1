"""The content of a file of one format, which is read as a whole."""

from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import MAX_GRAPH_BYTES
from dlconv.formats.kinds import HEAD_BYTES, Kind, refuse_other_kinds


def content_of(path: Path, wanted: str, kind: Kind, largest: str) -> bytes:
    """Return the content of a file of a kind, which errors call ``wanted``.

    Raises DlconvError when it cannot be read, is of another kind, or is larger than 2 GiB, which is
    as large as ``largest``.
    """
    try:
        if path.stat().st_size > MAX_GRAPH_BYTES:
            raise DlconvError(f"{path} is larger than {largest} (2 GiB)")
        content = path.read_bytes()
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    refuse_other_kinds(content[:HEAD_BYTES], str(path), wanted, kind)
    return content
