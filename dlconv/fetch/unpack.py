"""Taking the frozen graph out of a zoo tarball, and nothing else.

A tarball is read once, as a stream, to its end, so that its checksum is checked. Only the frozen
graph is written to disk, and only if it can be one. A tarball with members that no model needs
(links, devices, paths that leave it), or with too much content, is refused while it is read:
neither memory nor disk fills up, and a failure leaves nothing behind.
"""

import gzip
import shutil
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, cast

from dlconv.fetch.plausible import complaint_about_graph
from dlconv.storage.digests import BadContent
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_file

GRAPH_NAME = "frozen_inference_graph.pb"
MOST_MEMBER_BYTES = 1 << 30
MOST_MEMBERS = 10_000
LEAST_BOUND_BYTES = 64 << 20
MOST_RATIO = 20
HEADER_BYTES = 1 << 20
READ_BYTES = 1 << 20
DAMAGE = (
    tarfile.TarError,
    zlib.error,
    gzip.BadGzipFile,
    EOFError,
    ValueError,
    OverflowError,
    RecursionError,
)
HINT = "the download is damaged or not a model; fetch it again, or from another mirror"


def extract_frozen_graph(tarball: Path, destination: Path) -> str:
    """Write the frozen graph of a gzipped tarball to ``destination``; return its member's name.

    Raises BadContent for a tarball that is damaged, harmful, or without one frozen graph.
    """
    with disk_trouble(tarball):
        size = tarball.stat().st_size
    if size == 0:
        raise _damaged(f"{tarball.name} is empty")
    bound = max(LEAST_BOUND_BYTES, MOST_RATIO * size)
    with (
        disk_trouble(destination),
        new_file(destination) as graph,
        gzip.open(tarball, "rb") as unzipped,
    ):
        stream = _BoundedStream(unzipped, tarball.name, bound)
        try:
            search = _search(stream, graph, tarball.name)
        except DAMAGE as error:
            raise _unreadable(tarball.name, error) from error
        member = search.result(tarball.name)
        if complaint := complaint_about_graph(graph):
            raise _damaged(f"{tarball.name}: {member} {complaint}")
        return member


@dataclass
class _Search:
    """The frozen graphs seen so far: the best one's rank, and the members that have it."""

    rank: tuple[bool, int] | None = None
    best: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def sees(self, name: str) -> bool:
        """Take note of a member; return whether its content is wanted."""
        rank = _rank(name)
        if rank is None:
            self.others.append(name)
            return False
        if self.rank is not None and rank > self.rank:
            return False
        if rank == self.rank:
            self.best.append(name)
            return False
        self.rank, self.best = rank, [name]
        return True

    def result(self, tarball: str) -> str:
        if not self.best:
            found = ", ".join(self.others[:5]) or "nothing"
            more = ", ..." if len(self.others) > 5 else ""
            raise _damaged(f"{tarball} holds no {GRAPH_NAME}, only {found}{more}")
        if len(self.best) > 1:
            raise _damaged(f"{tarball} holds several frozen graphs: {', '.join(self.best)}")
        return self.best[0]


class _BoundedStream:
    """A stream that refuses to yield more than it should, in all and since the last ``allow``."""

    def __init__(self, stream: gzip.GzipFile, name: str, bound: int) -> None:
        self._stream, self._name, self._bound = stream, name, bound
        self._done, self._allowed = 0, HEADER_BYTES

    def allow(self, member_bytes: int) -> None:
        """Allow a member's content and the headers that follow it, and no more than that."""
        self._allowed = self._done + member_bytes + HEADER_BYTES

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._done += len(content)
        if self._done > self._bound:
            raise _damaged(f"{self._name} swells to more than {self._bound:,} bytes")
        if self._done > self._allowed:
            raise _damaged(f"{self._name} has a header larger than {HEADER_BYTES:,} bytes")
        return content

    def drain(self) -> None:
        """Read to the end, where the checksum stands."""
        self._allowed = self._bound
        while self.read(READ_BYTES):
            pass

    def fits(self, member_bytes: int) -> bool:
        return member_bytes <= MOST_MEMBER_BYTES and self._done + member_bytes <= self._bound


def _search(stream: _BoundedStream, graph: BinaryIO, tarball: str) -> _Search:
    search = _Search()
    with tarfile.open(fileobj=cast("BinaryIO", stream), mode="r|") as tar:
        for count, member in enumerate(tar, start=1):
            if count > MOST_MEMBERS:
                raise _damaged(f"{tarball} has more than {MOST_MEMBERS:,} members")
            _refuse_harmful(member, tarball)
            if not stream.fits(member.size):
                raise _damaged(f"{tarball}: {member.name} is too large ({member.size:,} B)")
            stream.allow(member.size)
            if member.isreg() and search.sees(member.name):
                _copy(tar, member, graph)
    stream.drain()
    return search


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, graph: BinaryIO) -> None:
    graph.seek(0)
    graph.truncate()
    content = tar.extractfile(member)
    if content is not None:
        shutil.copyfileobj(content, graph, READ_BYTES)


def _refuse_harmful(member: tarfile.TarInfo, tarball: str) -> None:
    path = PureWindowsPath(member.name)
    if path.drive or path.root or ".." in path.parts:
        raise _damaged(f"{tarball}: {member.name!r} leads out of the tarball")
    if member.islnk() or member.issym():
        raise _damaged(f"{tarball}: {member.name!r} is a link")
    if member.size < 0:
        raise _damaged(f"{tarball}: {member.name!r} has an impossible size")
    if member.issparse() or not (member.isreg() or member.isdir()):
        raise _damaged(f"{tarball}: {member.name!r} is neither a file nor a folder")


def _rank(name: str) -> tuple[bool, int] | None:
    """Return a rank, the lowest for the likeliest frozen graph; None for any other member."""
    path = PurePosixPath(name)
    if not path.name.endswith(GRAPH_NAME) or path.name.startswith("._"):
        return None
    return path.name != GRAPH_NAME, len(path.parts)


def _unreadable(name: str, error: Exception) -> BadContent:
    if isinstance(error, gzip.BadGzipFile) and "Not a gzipped" in str(error):
        return _damaged(f"{name} is not a gzipped tarball")
    if isinstance(error, EOFError):
        return _damaged(f"{name} is cut short")
    return _damaged(f"{name} is damaged: {error}")


def _damaged(message: str) -> BadContent:
    return BadContent(message, HINT, code="damaged-download")
