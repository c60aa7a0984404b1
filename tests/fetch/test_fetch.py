import hashlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.graphs import graph_of
from support.processes import hear_ctrl_c
from support.waiting import SECONDS

from dlconv.cache import store
from dlconv.cache.store import FetchedModel
from dlconv.cli.words import in_words
from dlconv.errors import DlconvError
from dlconv.fetch.fetch import Action, decide, fetch, find_fetched
from dlconv.registry.lock import default_lock_path, read_lock
from dlconv.registry.models import load_registry
from dlconv.storage.digests import Measured

OTHER = "0" * 64


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def pinned(model_of, server, tarball, graph):
    """A model whose tarball and graph are pinned by size and digest."""
    return model_of(
        server.url,
        tarball_bytes=len(tarball),
        tarball_digests={"sha384": hashlib.sha384(tarball).hexdigest()},
        graph_bytes=len(graph),
        graph_digests={"md5": hashlib.md5(graph).hexdigest(), "sha256": sha256(graph)},
    )


@pytest.fixture
def unpinned(model_of, server):
    """A model of which only the URL is known."""
    return model_of(server.url)


def downloads(cache: Path) -> list[str]:
    folder = cache / "downloads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# Deciding.

RECORD = FetchedModel(
    "net",
    "https://example.org/net.tar.gz",
    Measured(10, {"sha256": "a" * 64}),
    Measured(20, {"sha256": "b" * 64}),
)


@pytest.mark.parametrize(
    ("record", "intact", "offline", "force", "action"),
    [
        (None, False, False, False, Action.DOWNLOAD),
        (None, False, True, False, Action.REFUSE),
        (RECORD, True, False, False, Action.USE_CACHED),
        (RECORD, True, True, False, Action.USE_CACHED),
        (RECORD, True, False, True, Action.DOWNLOAD),
        (RECORD, True, True, True, Action.REFUSE),
        (RECORD, False, False, False, Action.DOWNLOAD),
        (RECORD, False, True, False, Action.REFUSE),
    ],
)
def test_what_to_do_is_decided_from_what_is_known(
    model_of, record, intact, offline, force, action
) -> None:
    model = model_of(RECORD.url)
    assert decide(model, model.url, record, intact, offline=offline, force=force) is action


@pytest.mark.parametrize(
    "known",
    [
        {"tarball_bytes": 11},
        {"tarball_digests": {"sha256": OTHER}},
        {"tarball_digests": {"sha384": "0" * 96}},
        {"graph_bytes": 21},
        {"graph_digests": {"sha256": OTHER}},
        {"url": "https://example.org/other.tar.gz"},
    ],
)
def test_a_record_of_another_file_than_the_entry_means_is_not_used(model_of, known) -> None:
    model = model_of(**{"url": RECORD.url, **known})
    assert decide(model, model.url, RECORD, True) is Action.DOWNLOAD


def test_local_sources_need_no_network_and_packaged_ones_are_read_anew(model_of) -> None:
    model = model_of(RECORD.url)
    assert decide(model, "file:///zoo/net.tar.gz", None, False, offline=True) is Action.DOWNLOAD
    assert decide(model, "package:net.tar.gz", RECORD, True, offline=True) is Action.DOWNLOAD


# Fetching.


def test_a_pinned_model_is_fetched_checked_and_kept(
    server, pinned, tarball, graph, cache, tmp_path
) -> None:
    server.answers(server.honest(tarball))
    fetched = fetch(pinned)
    assert fetched.graph_path == cache / "graphs" / f"{sha256(graph)}.pb"
    assert fetched.graph_path.read_bytes() == graph
    assert fetched.tarball.size == len(tarball)
    assert fetched.url == server.url
    assert store.last_fetched() == fetched
    assert downloads(cache) == []
    assert not (tmp_path / "dlconv.lock").exists()


def test_a_cached_model_needs_no_network_unless_forced(server, pinned, tarball) -> None:
    server.answers(server.honest(tarball))
    fetched = fetch(pinned)
    assert fetch(pinned) == fetch(pinned, offline=True) == fetched
    assert len(server.requests) == 1
    fetch(pinned, force=True)
    assert len(server.requests) == 2


def test_offline_without_a_copy_is_an_error_that_asks_nobody(server, pinned, tarball) -> None:
    server.answers(server.honest(tarball))
    with pytest.raises(DlconvError, match="may not be downloaded") as caught:
        fetch(pinned, offline=True)
    assert "and --offline forbids to download it (hint: " in in_words(caught.value)
    assert not server.requests


def test_a_damaged_cached_graph_is_fetched_again(server, pinned, tarball, graph) -> None:
    server.answers(server.honest(tarball))
    fetch(pinned).graph_path.write_bytes(b"damaged")
    assert fetch(pinned).graph_path.read_bytes() == graph
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"tarball_digests": {"sha256": OTHER}},
        {"graph_digests": {"sha256": OTHER}},
        {"graph_digests": {"md5": "0" * 32}},
        {"graph_bytes": 7},
    ],
)
def test_what_is_not_as_pinned_is_refused_and_the_old_copy_stays(
    server, model_of, unpinned, tarball, graph, cache, wrong
) -> None:
    server.answers(server.honest(tarball))
    before = fetch(unpinned)
    with pytest.raises(DlconvError) as caught:
        fetch(model_of(server.url, **wrong))
    assert "expected" in caught.value.message
    assert len(server.requests) == 2
    assert downloads(cache) == []
    assert store.graph_for("net") == before


def test_a_wrong_digest_shows_both(server, model_of, tarball) -> None:
    server.answers(server.honest(tarball))
    with pytest.raises(DlconvError, match=f"expected {OTHER}, got {sha256(tarball)}"):
        fetch(model_of(server.url, tarball_digests={"sha256": OTHER}))


@pytest.mark.parametrize("etag", ['"1"', None])
def test_a_damaged_part_is_found_out_and_the_download_begins_anew(
    server, pinned, tarball, graph, cache, patience, etag
) -> None:
    server.answers(server.stops_after(100_000, bytes(len(tarball)), etag))
    with pytest.raises(DlconvError, match="stopped half-way"):
        fetch(pinned, patience=patience)
    assert "net.tar.gz.part" in downloads(cache)

    said: list[str] = []
    server.answers(server.honest(tarball, etag))
    assert fetch(pinned, say=said.append).graph_path.read_bytes() == graph
    assert len(server.requests) == 2
    assert server.ranges()[1] is None
    assert "from the start" in said[0]
    assert downloads(cache) == []


def test_a_damaged_part_of_an_unpinned_model_is_found_out_too(
    server, unpinned, tarball, graph, patience
) -> None:
    server.answers(server.stops_after(100_000, bytes(len(tarball))))
    with pytest.raises(DlconvError, match="stopped half-way"):
        fetch(unpinned, patience=patience)
    server.answers(server.honest(tarball))
    assert fetch(unpinned).graph_path.read_bytes() == graph


def test_what_is_no_tarball_is_refused_and_leaves_nothing(server, unpinned, cache) -> None:
    server.answers(server.honest(b"<html>Sign in to this hotel's network</html>"))
    with pytest.raises(DlconvError, match="not a gzipped tarball"):
        fetch(unpinned)
    assert downloads(cache) == []
    assert store.last_fetched() is None


# Trust on first use.


def test_an_unpinned_model_is_locked_at_first_and_compared_later(
    server, unpinned, tarball, tarball_of, tmp_path
) -> None:
    lock = tmp_path / "my.lock"
    said: list[str] = []
    server.answers(server.honest(tarball))
    fetched = fetch(unpinned, lock=lock, say=said.append)
    assert read_lock(lock)["net"].tarball_sha256 == sha256(tarball)
    assert read_lock(lock)["net"].graph_sha256 == fetched.graph.sha256
    assert str(lock) in said[0]

    other = tarball_of(("net/frozen_inference_graph.pb", graph_of(b"another graph")))
    server.answers(server.honest(other))
    with pytest.raises(DlconvError, match="not the one first fetched") as caught:
        fetch(unpinned, lock=lock, force=True)
    assert sha256(tarball) in caught.value.message
    assert sha256(other) in caught.value.message
    assert store.graph_for("net") == fetched

    lock.unlink()
    assert fetch(unpinned, lock=lock, force=True).graph_path.read_bytes() == graph_of(
        b"another graph"
    )


def test_a_cached_model_is_held_against_the_lock_file_too(
    server, unpinned, tarball, tmp_path
) -> None:
    server.answers(server.honest(tarball))
    fetch(unpinned)
    lock = tmp_path / "new.lock"
    fetch(unpinned, lock=lock, offline=True)
    lock.write_text(lock.read_text().replace(sha256(tarball), OTHER))
    with pytest.raises(DlconvError, match="not the one first fetched"):
        fetch(unpinned, lock=lock, offline=True)


# Mirrors and local sources.


def test_a_mirror_stands_in_for_the_host_and_the_record_names_the_original(
    server, model_of, tarball, tmp_path
) -> None:
    server.answers(server.honest(tarball))
    model = model_of("https://zoo.invalid/models/net.tar.gz")
    assert fetch(model, mirror=f"http://{server.host}").url == model.url
    assert server.paths == ["/models/net.tar.gz"]

    (tmp_path / "zoo" / "models").mkdir(parents=True)
    (tmp_path / "zoo" / "models" / "net.tar.gz").write_bytes(tarball)
    mirror = (tmp_path / "zoo").as_uri()
    assert fetch(model, mirror=mirror, force=True, offline=True).url == model.url


def test_a_packaged_model_needs_no_network_and_no_lock_and_may_be_upgraded(
    model_of, tarball, tarball_of, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("dlconv.net.sources.PACKAGE_FOLDER", tmp_path)
    packaged = tmp_path / "net.tar.gz"
    packaged.write_bytes(tarball)
    model = model_of("package:net.tar.gz")
    fetch(model, offline=True, mirror="http://nowhere.invalid")
    packaged.write_bytes(tarball_of(("frozen_inference_graph.pb", graph_of(b"upgraded"))))
    assert fetch(model, offline=True).graph_path.read_bytes() == graph_of(b"upgraded")
    assert packaged.exists()
    assert not (tmp_path / "dlconv.lock").exists()


# Other processes.

FETCH = """
import sys
from pathlib import Path
from dlconv.fetch.fetch import fetch
from dlconv.registry.models import load_registry
model = load_registry(Path(sys.argv[1])).find(sys.argv[2])
fetched = fetch(model, say=lambda line: print(line, file=sys.stderr))
print(fetched.graph.sha256)
"""


@pytest.fixture
def start(server, tmp_path: Path):
    """Start a process that fetches a model by name from the server."""
    registry = tmp_path / "registry.toml"
    entry = '[models.{}]\nurl = "{}"\ndataset = "voc"\ncrop = [513, 513]\n'
    registry.write_text("".join(entry.format(name, server.url) for name in ("net", "net2")))

    def run(name: str) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-c", FETCH, str(registry), name]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True, preexec_fn=hear_ctrl_c)

    return run


def wait_until(happened) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_keeps_the_part_and_the_next_run_resumes(
    server, start, unpinned, tarball, graph, cache
) -> None:
    server.answers(server.stalls_after(100_000, tarball))
    process = start("net")
    part = cache / "downloads" / "net.tar.gz.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 60_000)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not (cache / "graphs").exists()
    assert store.last_fetched() is None
    kept = part.stat().st_size

    server.answers(server.honest(tarball))
    assert fetch(unpinned).graph_path.read_bytes() == graph
    assert server.ranges() == [f"bytes={kept}-"]


def test_two_processes_that_fetch_the_same_model_download_it_once(
    server, start, tarball, graph, cache
) -> None:
    second_waits = threading.Event()
    server.answers(server.pauses(tarball, until=second_waits))
    first = start("net")
    wait_until(lambda: server.requests)
    second = start("net")
    assert "waiting for another process that fetches net" in second.stderr.readline()
    second_waits.set()
    results = [process.communicate(timeout=SECONDS) for process in (first, second)]
    assert [out.strip() for out, _ in results] == [sha256(graph)] * 2
    assert len(server.requests) == 1
    assert downloads(cache) == []


def test_processes_that_fetch_different_models_do_not_wait(
    server, start, tarball, graph, tmp_path
) -> None:
    both_fetch = threading.Event()
    server.answers(server.pauses(tarball, until=both_fetch))
    processes = [start("net"), start("net2")]
    wait_until(lambda: len(server.requests) == 2)
    both_fetch.set()
    results = [process.communicate(timeout=SECONDS) for process in processes]
    assert [out.strip() for out, _ in results] == [sha256(graph)] * 2
    assert not any("waiting" in errors for _, errors in results)
    assert set(read_lock(tmp_path / "dlconv.lock")) == {"net", "net2"}


def test_a_process_that_died_holding_the_lock_stops_nobody(
    server, start, unpinned, tarball, graph, cache
) -> None:
    server.answers(server.stalls_after(100_000, tarball))
    process = start("net")
    wait_until(lambda: (cache / "downloads" / "net.tar.gz.part").exists())
    process.kill()
    process.communicate(timeout=SECONDS)
    server.answers(server.honest(tarball))
    assert fetch(unpinned).graph_path.read_bytes() == graph


# Finding.


def test_a_fetched_model_is_found_until_its_graph_or_its_entry_changes(
    server, pinned, tarball, model_of
):
    assert find_fetched(pinned) is None
    server.answers(server.honest(tarball))
    fetched = fetch(pinned)
    assert find_fetched(pinned) == fetched
    assert find_fetched(model_of(server.url, tarball_digests={"sha256": OTHER})) is None
    fetched.graph_path.write_bytes(b"rotten")
    assert find_fetched(pinned) is None
    assert len(server.paths) == 1


def test_a_model_without_digests_is_found_while_the_lock_file_has_it(server, unpinned, tarball):
    server.answers(server.honest(tarball))
    fetched = fetch(unpinned)
    assert find_fetched(unpinned) == fetched
    default_lock_path().unlink()
    assert find_fetched(unpinned) is None


def test_a_packaged_model_is_found_while_the_package_has_it(monkeypatch, tmp_path):
    sample = load_registry().models["sample"]
    fetched = fetch(sample)
    assert find_fetched(sample) == fetched
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / Path(sample.url).name).write_bytes(b"that of the next version")
    monkeypatch.setattr("dlconv.net.sources.PACKAGE_FOLDER", tmp_path)
    assert find_fetched(sample) is None
