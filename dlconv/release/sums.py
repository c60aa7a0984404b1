"""``SHA256SUMS``: the digest of every other file of a release, as ``sha256sum`` writes it.

File names are bytes and may be invalid UTF-8: they are escaped as Python does (surrogateescape).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from dlconv.release.document import SUMS_NAME
from dlconv.storage.files import digest_of

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def sums(folder: Path) -> bytes:
    """Return what ``sha256sum -c`` checks: the digest of every file but this list, by path."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    digests = {path.relative_to(folder).as_posix(): digest_of(path) for path in paths}
    return format_sums(digests)


def format_sums(digests: Mapping[str, str]) -> bytes:
    """Return the list for these digests by path."""
    lines = [f"{digests[path]}  {path}\n" for path in sorted(digests) if path != SUMS_NAME]
    return "".join(lines).encode(errors="surrogateescape")


def parse_sums(content: bytes) -> dict[str, str]:
    """Return the digests by path in a list; lines of another form are ignored."""
    lines = content.decode(errors="surrogateescape").split("\n")
    matches = [match for line in lines if (match := _LINE.fullmatch(line))]
    return {match[2]: match[1] for match in matches}
