import gzip
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.graphs import graph_of
from support.shared import SHARED

from dlconv.errors import DlconvError
from dlconv.fetch import plausible, unpack
from dlconv.fetch.unpack import extract_frozen_graph

GRAPH = "net/frozen_inference_graph.pb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the graph goes; a failure must leave it empty."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def extract(folder: Path, tarball: bytes) -> str:
    path = folder.with_name("net.tar.gz")
    path.write_bytes(tarball)
    return extract_frozen_graph(path, folder / "net.pb")


def refused(folder: Path, tarball: bytes) -> str:
    with pytest.raises(DlconvError) as caught:
        extract(folder, tarball)
    assert not list(folder.iterdir())
    return caught.value.message


def special(name: str, kind: bytes, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def test_only_the_frozen_graph_is_taken(folder, tarball, graph) -> None:
    assert extract(folder, tarball) == GRAPH
    assert (folder / "net.pb").read_bytes() == graph
    assert [path.name for path in folder.iterdir()] == ["net.pb"]
    assert (folder / "net.pb").stat().st_mode & 0o444 == 0o444


def test_names_vary_and_the_best_one_wins(folder, tarball_of) -> None:
    exact = ("a/b/frozen_inference_graph.pb", graph_of(b"exact"))
    deeper = ("a/b/c/frozen_inference_graph.pb", graph_of(b"deeper and longer"))
    prefixed = ("my_frozen_inference_graph.pb", graph_of(b"prefixed"))
    apple = ("._frozen_inference_graph.pb", b"resource fork")
    for members in ([apple, exact, deeper, prefixed], [prefixed, deeper, exact, apple]):
        assert extract(folder, tarball_of(*members)) == exact[0]
        assert (folder / "net.pb").read_bytes() == exact[1]
    assert extract(folder, tarball_of(apple, prefixed)) == prefixed[0]


def test_several_equally_good_graphs_are_listed(folder, tarball_of) -> None:
    tarball = tarball_of(
        ("a/frozen_inference_graph.pb", b"a"), ("b/frozen_inference_graph.pb", b"b")
    )
    message = refused(folder, tarball)
    assert "a/frozen_inference_graph.pb, b/frozen_inference_graph.pb" in message


def test_a_tarball_without_a_graph_is_told_with_what_it_holds(folder, tarball_of) -> None:
    message = refused(folder, tarball_of(*((f"net/file{i}", b"x") for i in range(9))))
    assert "holds no frozen_inference_graph.pb, only net/file0, net/file1" in message
    assert message.endswith("...")
    assert "nothing" in refused(folder, tarball_of())


def test_an_empty_graph_is_refused(folder, tarball_of) -> None:
    assert "is empty" in refused(folder, tarball_of((GRAPH, b"")))


@pytest.mark.parametrize("size", [-1, -512, -(10**30)])
def test_a_size_that_cannot_be_is_refused(folder, size: int) -> None:
    info = tarfile.TarInfo(GRAPH)
    info.pax_headers = {"size": str(size)}
    header = info.tobuf(format=tarfile.PAX_FORMAT)
    assert "has an impossible size" in refused(folder, gzip.compress(header + bytes(1024)))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<html>404</html>", "is an HTML page"),
        (b"what else there may be", "is not a GraphDef, or it is truncated"),
        (graph_of(b"graph")[:-1], "is not a GraphDef, or it is truncated"),
        (b"\x0a" + b"\xff" * 9 + b"\x01", "is not a GraphDef, or it is truncated"),
        (b"\x0a" + b"\xff" * 99, "is not a GraphDef, or it is truncated"),
        (b"\x0a\x00", "holds no graph"),
        (b"\x18\x1b\x22\x00", "holds no graph"),
    ],
)
def test_what_cannot_be_a_graph_is_refused(folder, tarball_of, content: bytes, complaint) -> None:
    message = refused(folder, tarball_of((GRAPH, content)))
    assert message == f"net.tar.gz: {GRAPH} {complaint}"


@pytest.mark.parametrize("path", sorted(SHARED.glob("graphs/*.pb")), ids=lambda path: path.stem)
def test_every_graph_may_be_one(folder, tarball_of, path: Path) -> None:
    assert extract(folder, tarball_of((GRAPH, path.read_bytes()))) == GRAPH


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (special("net/link", tarfile.SYMTYPE, linkname="/etc/passwd"), "is a link"),
        (special(GRAPH, tarfile.SYMTYPE, linkname="../../etc/passwd"), "is a link"),
        (special("net/hard", tarfile.LNKTYPE, linkname=GRAPH), "is a link"),
        (special("/etc/x", tarfile.REGTYPE), "leads out"),
        (special("../frozen_inference_graph.pb", tarfile.REGTYPE), "leads out"),
        (special("net/../../x", tarfile.DIRTYPE), "leads out"),
        (special("net\\..\\..\\x", tarfile.REGTYPE), "leads out"),
        (special("C:\\x", tarfile.REGTYPE), "leads out"),
        (special("net/null", tarfile.CHRTYPE, devmajor=1, devminor=3), "neither a file"),
        (special("net/disk", tarfile.BLKTYPE, devmajor=8), "neither a file"),
        (special("net/pipe", tarfile.FIFOTYPE), "neither a file"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_harmful_members_are_refused_by_name(
    folder, tarball_of, graph, member: tarfile.TarInfo, reason: str, first: bool
) -> None:
    members = [member, (GRAPH, graph)] if first else [(GRAPH, graph), member]
    message = refused(folder, tarball_of(*members))
    assert reason in message
    assert repr(member.name) in message


def test_a_member_that_claims_to_be_huge_is_refused(folder) -> None:
    header = special("net/huge", tarfile.REGTYPE, size=(1 << 30) + 1).tobuf()
    assert "net/huge is too large" in refused(folder, gzip.compress(header))


def test_too_many_members_are_refused(folder, tarball_of, monkeypatch) -> None:
    monkeypatch.setattr(unpack, "MOST_MEMBERS", 20)
    tarball = tarball_of(*((f"net/{i}", b"x") for i in range(21)))
    assert "more than 20 members" in refused(folder, tarball)


BOMB = """
import gzip, resource, sys
from pathlib import Path
from dlconv.errors import DlconvError
from dlconv.fetch.unpack import extract_frozen_graph
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    extract_frozen_graph(Path(sys.argv[1]), Path(sys.argv[2]))
except DlconvError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error.message)
"""


def bomb(kind: str) -> bytes:
    """200 MiB of zeros, 200 kB when zipped, behind a header or in the place of one."""
    headers = {
        "content": special(GRAPH, tarfile.REGTYPE, size=200 << 20).tobuf(),
        "many files": special("net/file", tarfile.REGTYPE, size=40 << 20).tobuf(),
        "long name": special("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=200 << 20).tobuf(),
        "padding": b"",
    }
    content = bytes((40 << 20) if kind == "many files" else (200 << 20))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as file:
        for _ in range(5 if kind == "many files" else 1):
            file.write(headers[kind])
            file.write(content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("content", "is too large"),
        ("many files", "is too large"),
        ("long name", "header larger than 1,048,576 bytes"),
        ("padding", "swells to more than 67,108,864 bytes"),
    ],
)
def test_a_bomb_is_stopped_without_filling_memory(folder, kind: str, reason: str) -> None:
    path = folder.with_name("bomb.tar.gz")
    path.write_bytes(bomb(kind))
    assert path.stat().st_size < 2_000_000
    argv = [sys.executable, "-c", BOMB, str(path), str(folder / "net.pb")]
    run = subprocess.run(argv, capture_output=True, text=True, check=True)
    grown_kilobytes, message = run.stdout.split(" ", 1)
    assert reason in message
    assert int(grown_kilobytes) < 20_000
    assert not list(folder.iterdir())


def test_what_is_not_a_gzipped_tarball_is_told_apart(folder, graph, tarball) -> None:
    assert refused(folder, b"") == "net.tar.gz is empty"
    assert "is not a gzipped tarball" in refused(folder, b"<html>404</html>")
    assert "is not a gzipped tarball" in refused(folder, gzip.decompress(tarball))
    assert "is damaged" in refused(folder, gzip.compress(graph))
    assert "is cut short" in refused(folder, tarball[:-9])


def test_a_wrong_checksum_at_the_very_end_is_noticed(folder, tarball) -> None:
    flipped = bytearray(tarball)
    flipped[-6] ^= 1
    assert "CRC check failed" in refused(folder, bytes(flipped))


def test_an_absent_tarball_is_named(folder) -> None:
    with pytest.raises(DlconvError, match="absent"):
        extract_frozen_graph(folder / "absent", folder / "net.pb")


def test_a_failure_leaves_the_old_graph(folder, tarball) -> None:
    (folder / "net.pb").write_bytes(b"old")
    with pytest.raises(DlconvError):
        extract(folder, tarball[:-9])
    assert [path.name for path in folder.iterdir()] == ["net.pb"]
    assert (folder / "net.pb").read_bytes() == b"old"


many = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(data=st.data())
def test_any_truncation_is_an_error_that_leaves_nothing(folder, tarball, data) -> None:
    refused(folder, tarball[: data.draw(st.integers(0, len(tarball) - 1))])


@many
@given(data=st.data())
def test_any_damage_is_an_error_or_harmless(folder, tarball_of, data) -> None:
    raw = tarball_of((GRAPH, graph_of(b"graph" * 40)), ("net/other", b"other" * 9))
    content = bytearray(gzip.decompress(raw))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 2_600))] = data.draw(st.integers(0, 255))
    try:
        extract(folder, gzip.compress(bytes(content)))
        (folder / "net.pb").unlink()
    except DlconvError:
        pass
    assert not list(folder.iterdir())


def test_a_graph_of_endless_empty_parts_is_refused_soon(folder, tarball_of, monkeypatch) -> None:
    monkeypatch.setattr(plausible, "MOST_FIELDS", 1000)
    message = refused(folder, tarball_of((GRAPH, b"\x18\x00" * 1001)))
    assert "has more than 1,000 parts, which no graph has" in message
