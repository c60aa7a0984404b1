"""Known digests, and the comparison of files with them.

``Measured`` has the actual size of a file and its digests by SHA-256 and every other algorithm
asked for, from one reading. ``check`` compares it with what is known. MD5 is compared when it is
known but proves little; only a strong digest pins a file. ``Size``, ``Sha256`` and ``Digests`` are
types for pydantic that check the form of these values in files.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from dlconv.errors import DlconvError
from dlconv.storage.files import CHUNK_BYTES

HEX_LENGTHS = {"md5": 32, "sha256": 64, "sha384": 96, "sha512": 128}
STRONG = frozenset({"sha256", "sha384", "sha512"})


class BadContent(DlconvError):  # noqa: N818
    """A file is not the expected one: a wrong size or digest, or a damaged tarball."""


@dataclass(frozen=True)
class Measured:
    """The size of a file in bytes and its hex digests by algorithm, SHA-256 among them."""

    size: int
    digests: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """The SHA-256 as 64 hex digits."""
        return self.digests["sha256"]


def is_hex_digest(algorithm: str, digest: str) -> bool:
    """Tell whether ``digest`` is lower-case hex of the length that ``algorithm`` yields."""
    return len(digest) == HEX_LENGTHS.get(algorithm) and set(digest) <= set("0123456789abcdef")


def check_form(digests: dict[str, str]) -> dict[str, str]:
    """Return digests by algorithm as they are.

    Raises ValueError for an unknown algorithm or a digest of the wrong form.
    """
    for algorithm, digest in digests.items():
        if algorithm not in HEX_LENGTHS:
            raise ValueError(f"unknown algorithm {algorithm!r}; known are {', '.join(HEX_LENGTHS)}")
        if not is_hex_digest(algorithm, digest):
            raise ValueError(f"{algorithm} must be {HEX_LENGTHS[algorithm]} hex digits")
    return digests


Size = Annotated[int, Field(strict=True, gt=0)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Digests = Annotated[dict[str, str], AfterValidator(check_form)]


def measure(path: Path, algorithms: Iterable[str] = ()) -> Measured:
    """Read a file once and return its size and digests."""
    hashers = {name: hashlib.new(name) for name in sorted({"sha256", *algorithms})}
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            for hasher in hashers.values():
                hasher.update(chunk)
    return Measured(size, {name: hasher.hexdigest() for name, hasher in hashers.items()})


def check(what: str, measured: Measured, size: int | None, digests: Mapping[str, str]) -> None:
    """Compare a file with its known size in bytes and known digests.

    ``size`` is None if unknown; ``measured`` must have every algorithm of ``digests``. Raises
    BadContent, whose message shows both values.
    """
    if size is not None and size != measured.size:
        raise BadContent(
            f"{what} has {measured.size:,} bytes, expected {size:,}", _HINT, code="bad-download"
        )
    for algorithm, expected in digests.items():
        got = measured.digests[algorithm]
        if got != expected:
            raise BadContent(
                f"{what} has the wrong {algorithm}: expected {expected}, got {got}",
                _HINT,
                code="bad-download",
            )


_HINT = "the file or its transfer is damaged, or the file was changed; try another mirror"
