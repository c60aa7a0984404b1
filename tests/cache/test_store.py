import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlconv.cache import store
from dlconv.cache.store import FetchedModel
from dlconv.errors import DlconvError
from dlconv.storage.digests import BadContent, Measured, check, measure

CONTENT = b"a frozen graph"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def pb(tmp_path: Path) -> Path:
    path = tmp_path / "mine.pb"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def fetched(pb: Path) -> FetchedModel:
    store.add_graph(pb)
    measured = Measured(len(CONTENT), {"sha256": SHA256})
    fetched = FetchedModel("net", "https://example.org/net.tar.gz", measured, measured)
    store.write_record(fetched)
    store.set_last("net")
    return fetched


def test_the_cache_is_where_the_environment_says(cache, monkeypatch) -> None:
    assert store.cache_root() == cache
    monkeypatch.delenv("DLCONV_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert store.cache_root().name == "dlconv"


def test_a_graph_that_no_file_holds_is_stored_alike(cache) -> None:
    assert store.keep_graph(CONTENT) == SHA256
    path = store.find_graph(SHA256)
    assert path is not None
    assert path.read_bytes() == CONTENT


def test_a_graph_is_stored_under_its_digest(cache, pb) -> None:
    assert store.add_graph(pb) == SHA256
    assert store.add_graph(pb) == SHA256
    assert store.find_graph(SHA256) == cache / "graphs" / f"{SHA256}.pb"
    assert [path.name for path in (cache / "graphs").iterdir()] == [f"{SHA256}.pb"]
    assert pb.exists()


def test_a_damaged_graph_is_not_found_and_is_replaced_by_the_next_import(pb) -> None:
    store.add_graph(pb)
    stored = store.find_graph(SHA256)
    stored.write_bytes(CONTENT[:-1] + b"!")
    assert store.find_graph(SHA256) is None
    store.add_graph(pb)
    assert stored.read_bytes() == CONTENT


@pytest.mark.parametrize("digest", ["", "abc", "../../etc/passwd", "0" * 64])
def test_what_is_no_stored_digest_is_not_found(digest: str) -> None:
    assert store.find_graph(digest) is None


def test_a_graph_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pb", tmp_path):
        with pytest.raises(DlconvError, match=f"cannot read {path}"):
            store.add_graph(path)


def test_a_record_gives_back_what_was_recorded(fetched) -> None:
    assert store.graph_for("net") == fetched
    assert store.last_fetched() == fetched
    assert fetched.graph_path.read_bytes() == CONTENT


def test_a_model_whose_graph_is_damaged_or_gone_was_never_fetched(fetched) -> None:
    fetched.graph_path.write_bytes(b"damaged")
    assert store.graph_for("net") is None
    assert store.last_fetched() is None
    fetched.graph_path.unlink()
    assert store.graph_for("net") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'"text"',
        b'{"format": 1}',
        b'{"format": 1, "name": "net", "url": "u", "tarball": [], "graph": {}}',
        b'{"format": 1, "name": "net", "url": "u", "tarball": null, "graph": null}',
        b'{"format": 1, "name": "net", "url": "u", "tarball": {"bytes": 1, "digests": {}}}',
        b'{"format": 1, "name": "net", "url": "u", "tarball": {"bytes": 1, "digests": {"a": 1}}}',
    ],
)
def test_a_damaged_record_counts_as_not_fetched(fetched, cache, content: bytes) -> None:
    (cache / "models" / "net.json").write_bytes(content)
    assert store.graph_for("net") is None
    assert store.last_fetched() is None


def test_a_record_cut_anywhere_counts_as_not_fetched(fetched, cache) -> None:
    path = cache / "models" / "net.json"
    whole = path.read_bytes()
    for size in random.Random(0).sample(range(len(whole) - 2), 60):
        path.write_bytes(whole[:size])
        assert store.graph_for("net") is None


def test_nothing_was_fetched_last_in_an_empty_cache(cache) -> None:
    assert store.last_fetched() is None
    cache.mkdir()
    (cache / "last").write_bytes(b"\xff\xfe")
    assert store.last_fetched() is None


def test_a_file_is_measured_in_one_reading_and_both_digests_are_shown(pb) -> None:
    measured = measure(pb, ["md5", "sha384"])
    assert measured.size == len(CONTENT)
    assert measured.digests["md5"] == hashlib.md5(CONTENT).hexdigest()
    assert measured.sha256 == SHA256
    check("it", measured, len(CONTENT), {"sha384": hashlib.sha384(CONTENT).hexdigest()})
    wrong = "0" * 32
    with pytest.raises(BadContent, match=f"expected {wrong}, got {measured.digests['md5']}"):
        check("it", measured, None, {"md5": wrong})
    with pytest.raises(BadContent, match="has 14 bytes, expected 15"):
        check("it", measured, 15, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    url=st.text(st.characters()),
    size=st.integers() | st.just(0),
    digests=st.dictionaries(
        st.sampled_from(["sha256", "md5", "sha1"]), st.sampled_from([SHA256, SHA256[:32], ""])
    ),
)
def test_nothing_is_recorded_that_cannot_be_read(fetched, url, size, digests) -> None:
    other = FetchedModel("net", url, Measured(size, digests), fetched.graph)
    try:
        store.write_record(other)
    except DlconvError:
        assert store.read_record("net") == fetched
    else:
        assert store.read_record("net") == other
        store.write_record(fetched)


def test_a_record_holds_nothing_that_lets_somebody_in(fetched) -> None:
    url = "https://me:hunter2@host/x?token=hunter2"
    store.write_record(FetchedModel("net", url, fetched.tarball, fetched.graph))
    assert store.read_record("net").url == "https://***@host/x?***"
