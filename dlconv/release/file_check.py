"""Whether the files of a release are those in its two lists, byte for byte.

``release.json`` lists all files but itself and the signature, ``SHA256SUMS`` all but itself. A file
that differs from both lists was changed; where only one list disagrees, the list was.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dlconv.release.document import RELEASE_NAME, SIGNATURE_NAME, SUMS_NAME, Release, listed_files
from dlconv.release.problem import Problem
from dlconv.release.sums import format_sums, parse_sums
from dlconv.storage.files import digest_of

# Files that release.json does not list.
UNLISTED = (RELEASE_NAME, SIGNATURE_NAME)


@dataclass(frozen=True)
class Found:
    """What a folder contains: SHA-256 of files by path, and the paths of other things."""

    digests: Mapping[str, str]
    others: tuple[str, ...]


def find_files(folder: Path) -> Found:
    """Read all files below a folder; links are not followed. Raises OSError."""
    digests: dict[str, str] = {}
    others: list[str] = []
    for root, folders, files in os.walk(folder, onerror=_raise):
        for path in (Path(root, name) for name in (*folders, *files)):
            name, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode
            if stat.S_ISREG(mode):
                digests[name] = digest_of(path)
            elif not stat.S_ISDIR(mode):
                others.append(name)
    return Found(digests, tuple(others))


def wrong_files(folder: Path, found: Found, release: Release | None) -> Iterator[Problem]:
    """Yield the problems of a release's files; ``release`` is None if it is unreadable."""
    for path in found.others:
        yield Problem(path, "is neither a file nor a folder, which a release does not hold")
    digests = {path: digest for path, digest in found.digests.items() if path != SUMS_NAME}
    expected = format_sums(digests)
    content = expected
    if SUMS_NAME in found.digests:
        content = (folder / SUMS_NAME).read_bytes()
    else:
        yield Problem(SUMS_NAME, "is missing")
    problems = list(_differences(digests, release, parse_sums(content)))
    yield from problems
    if not problems and content != expected:
        yield Problem(SUMS_NAME, "is not written as sha256sum writes it")
    yield from _wrong_sizes(folder, digests, release)


def _differences(
    digests: Mapping[str, str], release: Release | None, summed: Mapping[str, str]
) -> Iterator[Problem]:
    listed = {file.path: file.sha256 for file in listed_files(release)} if release else {}
    for path in sorted({*digests, *listed, *summed}):
        found, sum_said = digests.get(path), summed.get(path)
        if path in UNLISTED or release is None:
            yield from _compare_with_sums(path, found, sum_said)
        else:
            yield from _compare_with_both(path, found, listed.get(path), sum_said)


def _compare_with_sums(path: str, found: str | None, summed: str | None) -> Iterator[Problem]:
    if found is None:
        yield Problem(path, f"is missing, {SUMS_NAME} lists it")
    elif summed is None:
        yield Problem(path, f"is not listed in {SUMS_NAME}")
    elif found != summed:
        yield Problem(path, f"is not the file that {SUMS_NAME} lists: one of the two was changed")


def _compare_with_both(
    path: str, found: str | None, listed: str | None, summed: str | None
) -> Iterator[Problem]:
    if found is None and listed is None:
        yield Problem(SUMS_NAME, f"lists {path}, which is not of the release")
    elif found is None:
        yield Problem(path, "is missing")
    elif listed is None:
        yield Problem(path, "is not of the release")
    elif found == listed and summed is None:
        yield Problem(SUMS_NAME, f"does not list {path}")
    elif found == listed and found != summed:
        yield Problem(SUMS_NAME, f"says another SHA-256 of {path}")
    elif found == summed and found != listed:
        yield Problem(RELEASE_NAME, f"says another SHA-256 of {path}")
    elif found != listed:
        yield Problem(path, f"was changed: its SHA-256 is {found}, {RELEASE_NAME} says {listed}")


def _wrong_sizes(
    folder: Path, digests: Mapping[str, str], release: Release | None
) -> Iterator[Problem]:
    for file in listed_files(release) if release else ():
        is_same = digests.get(file.path) == file.sha256
        if is_same and (folder / file.path).stat().st_size != file.bytes:
            yield Problem(RELEASE_NAME, f"says another size of {file.path}")


def _raise(error: OSError) -> None:
    raise error
