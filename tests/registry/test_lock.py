import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlconv.errors import DlconvError
from dlconv.registry.lock import LockEntry, check_or_record, default_lock_path, read_lock
from dlconv.storage.digests import BadContent

A = LockEntry("https://example.org/a.tar.gz", 10, "a" * 64, 20, "b" * 64)
B = LockEntry("https://example.org/b.tar.gz", 30, "c" * 64, 40, "d" * 64)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "project" / "dlconv.lock"


def test_the_first_use_is_recorded_and_later_ones_compared(lock) -> None:
    assert check_or_record(lock, "a", A)
    assert not check_or_record(lock, "a", A)
    assert read_lock(lock) == {"a": A}


def test_the_file_is_sorted_and_the_same_whatever_the_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.lock", tmp_path / "two.lock"
    for path, order in ((one, (("b", B), ("a", A))), (two, (("a", A), ("b", B)))):
        for name, entry in order:
            check_or_record(path, name, entry)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_text().startswith("# What dlconv saw")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.lock", "two.lock"]


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("tarball_sha256", "0" * 64, "the tarball is not the one first fetched: sha256"),
        ("graph_sha256", "0" * 64, "the graph is not the one first fetched: sha256"),
        ("graph_bytes", 21, "the graph is not the one first fetched: bytes expected 20, got 21"),
    ],
)
def test_a_change_shows_both_values_and_the_file(lock, key: str, value, what: str) -> None:
    check_or_record(lock, "a", A)
    changed = LockEntry(**{**vars(A), key: value})
    with pytest.raises(DlconvError) as caught:
        check_or_record(lock, "a", changed)
    assert what in caught.value.message
    assert str(vars(A)[key]) in caught.value.message
    assert str(value) in caught.value.message
    assert str(lock) in caught.value.message
    assert f"remove [models.a] from {lock}" in caught.value.hint
    assert read_lock(lock) == {"a": A}


def test_a_url_may_change_if_the_content_does_not(lock) -> None:
    check_or_record(lock, "a", A)
    moved = LockEntry(**{**vars(A), "url": "https://elsewhere.org/a.tar.gz"})
    assert not check_or_record(lock, "a", moved)


@pytest.mark.parametrize(
    "content",
    [
        "[models",
        "x = 1",
        "models = 1",
        "[models]\na = 1",
        "[models.a]\nurl = 1",
        '[models.a]\nurl = "u"\ntarball_bytes = "1"\ntarball_sha256 = "x"\n'
        'graph_bytes = 1\ngraph_sha256 = "y"',
    ],
)
def test_a_malformed_lock_file_is_named_and_kept(lock, content: str) -> None:
    lock.parent.mkdir()
    lock.write_text(content)
    with pytest.raises(DlconvError, match=str(lock)):
        check_or_record(lock, "a", A)
    assert lock.read_text() == content


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("a" * 64, "A" * 64, "tarball_sha256: String should match"),
        ("tarball_bytes = 10", "tarball_bytes = -1", "tarball_bytes: Input should be"),
        ("url", "uri", "url: Field required"),
        ("url", "more = 1\nurl", "more: "),
    ],
)
def test_a_slip_in_an_entry_names_the_entry_and_the_key(lock, old, new, complaint: str) -> None:
    check_or_record(lock, "a", A)
    lock.write_text(lock.read_text().replace(old, new))
    with pytest.raises(DlconvError) as caught:
        read_lock(lock)
    assert caught.value.message.startswith(f"{lock}: [models.a]: {complaint}")


def test_the_default_is_where_the_environment_says(tmp_path: Path, monkeypatch) -> None:
    assert default_lock_path() == tmp_path / "dlconv.lock"
    monkeypatch.delenv("DLCONV_LOCK")
    assert default_lock_path().name == "dlconv.lock"


def test_a_link_to_a_lock_file_stays_a_link(tmp_path: Path, lock) -> None:
    link = tmp_path / "link.lock"
    link.symlink_to(lock)
    check_or_record(link, "a", A)
    assert link.is_symlink()
    assert read_lock(lock) == {"a": A}


def test_processes_that_record_at_once_lose_nothing(lock) -> None:
    code = (
        "import sys; from pathlib import Path; from dlconv.registry.lock import *\n"
        f"entry = {A!r}\n"
        "for i in range(10): check_or_record(Path(sys.argv[1]), sys.argv[2] + str(i), entry)"
    )
    argv = [sys.executable, "-c", code, str(lock)]
    processes = [subprocess.Popen([*argv, name]) for name in "pqr"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(read_lock(lock)) == 30


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    url=st.text().filter(str.isprintable),
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True),
)
def test_what_is_written_is_read_back(lock, url: str, name: str) -> None:
    lock.unlink(missing_ok=True)
    entry = LockEntry(**{**vars(A), "url": url})
    check_or_record(lock, name, entry)
    assert read_lock(lock) == {name: entry}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters()),
    url=st.text(st.characters()),
    size=st.integers() | st.just(0) | st.just(10**5000),
    digest=st.sampled_from(["a" * 64, "", "A" * 64, "a" * 64 + "\n"]),
)
def test_nothing_is_written_that_cannot_be_read(lock, name, url, size, digest) -> None:
    lock.unlink(missing_ok=True)
    check_or_record(lock, "a", A)
    entry = LockEntry(url, size, digest, size, digest)
    try:
        check_or_record(lock, name, entry)
    except BadContent:
        assert read_lock(lock) == {"a": A}
    else:
        assert read_lock(lock) == {"a": A, name: A if name == "a" else entry}


def test_what_earlier_versions_wrote_is_read_and_kept(lock) -> None:
    lock.parent.mkdir()
    facts = "\n".join(f"{key} = {json.dumps(value)}" for key, value in vars(A).items())
    lock.write_text(f'# What dlconv saw.\n\n[models."a"]\n{facts}\n')
    assert not check_or_record(lock, "a", A)
    check_or_record(lock, "b.c", B)
    assert read_lock(lock) == {"a": A, "b.c": B}


@pytest.mark.parametrize(
    ("name", "url"),
    [("net", '\x7f\t"\\'), ("n\u00e9t \U0001f600", "http://h/\x00"), ("", ""), ("a.b]", "\n")],
)
def test_odd_characters_are_written_as_toml_has_them(lock, name: str, url: str) -> None:
    entry = LockEntry(**{**vars(A), "url": url})
    check_or_record(lock, name, entry)
    assert read_lock(lock) == {name: entry}


def test_an_address_is_recorded_without_what_lets_somebody_in(lock) -> None:
    check_or_record(lock, "a", LockEntry(**{**vars(A), "url": "https://me:hunter2@h/x?t=hunter2"}))
    assert read_lock(lock)["a"].url == "https://***@h/x?***"
