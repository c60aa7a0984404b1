"""``SHA256SUMS``: the digest of every other file of a release, as ``sha256sum`` writes it.

Names of files are bytes, which may be no UTF-8: they are kept as Python keeps them, escaped.
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
    """Return the digests by path that a list holds; what is no line of one is left out."""
    lines = content.decode(errors="surrogateescape").split("\n")
    matches = [match for line in lines if (match := _LINE.fullmatch(line))]
    return {match[2]: match[1] for match in matches}
