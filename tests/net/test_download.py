import dataclasses
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlconv.cli.words import in_words
from dlconv.errors import DlconvError
from dlconv.net import transfer
from dlconv.net.download import download
from dlconv.net.part import Part
from dlconv.net.patience import Patience
from dlconv.terminal import progress as progress_module
from dlconv.terminal.progress import show_progress

SIZE = 200_000
FULL_DISK = Path("/dev/full")


@pytest.fixture
def target(cache: Path) -> Path:
    return cache / "downloads" / "net.tar.gz"


def put_part(target: Path, content: bytes, url: str = "", validator: str | None = None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_name("net.tar.gz.part").write_bytes(content)
    if url:
        notes = json.dumps({"url": url, "validator": validator})
        target.with_name("net.tar.gz.part.json").write_text(notes)


def part_of(target: Path) -> bytes:
    return target.with_name("net.tar.gz.part").read_bytes()


def test_a_file_arrives_whole_and_nothing_else_stays(server, body, target, patience) -> None:
    server.answers(server.honest(body))
    seen: list[tuple[int, int | None]] = []
    arrived = download(
        server.url, target, SIZE, patience=patience, progress=lambda *at: seen.append(at)
    )
    assert target.read_bytes() == body
    assert not arrived.resumed
    assert [path.name for path in target.parent.iterdir()] == ["net.tar.gz"]
    assert seen[0] == (0, SIZE)
    assert seen[-1] == (SIZE, SIZE)
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_a_server_that_stops_half_way_is_asked_for_the_rest(server, body, target, patience) -> None:
    server.answers(server.stops_after(100_000, body), server.honest(body))
    assert download(server.url, target, SIZE, patience=patience).resumed
    assert target.read_bytes() == body
    assert server.ranges()[0] is None
    assert server.ranges()[1].startswith("bytes=")
    assert server.requests[1]["If-Range"] == '"1"'


def test_a_server_that_always_stops_leaves_a_part_to_resume(server, body, target, patience) -> None:
    server.answers(server.stops_after(100_000, body))
    with pytest.raises(DlconvError) as caught:
        download(server.url, target, SIZE, patience=patience)
    assert "stopped half-way" in caught.value.message
    assert len(server.requests) == 4
    assert "run the same command again" in caught.value.hint
    assert not target.exists()
    kept = part_of(target)
    assert kept
    assert body.startswith(kept)

    server.answers(server.honest(body))
    assert download(server.url, target, SIZE, patience=patience).resumed
    assert target.read_bytes() == body
    assert server.ranges() == [f"bytes={len(kept)}-"]


def test_a_date_is_a_validator_too(server, body, target, patience) -> None:
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    put_part(target, body[:70_000], server.url, date)
    server.answers(server.honest(body, etag='W/"weak"', date=date))
    assert download(server.url, target, SIZE, patience=patience).resumed
    assert server.requests[0]["If-Range"] == date
    assert target.read_bytes() == body


def test_without_a_validator_a_part_is_resumed_only_if_the_caller_verifies(
    server, body, target, patience
) -> None:
    server.answers(server.honest(body, etag=None))
    put_part(target, body[:70_000])
    assert not download(server.url, target, SIZE, patience=patience).resumed
    assert server.ranges() == [None]

    put_part(target, body[:70_000])
    assert download(server.url, target, SIZE, verified=True, patience=patience).resumed
    assert server.ranges() == [None, "bytes=70000-"]
    assert target.read_bytes() == body


def test_a_part_from_another_url_is_not_resumed(server, body, target, patience) -> None:
    put_part(target, b"?" * 70_000, "http://elsewhere/models/net.tar.gz", '"1"')
    server.answers(server.honest(body))
    assert not download(server.url, target, patience=patience).resumed
    assert target.read_bytes() == body


def test_a_complete_part_needs_no_request(server, body, target, patience) -> None:
    put_part(target, body, server.url, '"1"')
    server.answers(server.status(500))
    download(server.url, target, SIZE, patience=patience)
    assert target.read_bytes() == body
    assert not server.requests


def test_what_a_killed_one_was_just_writing_is_removed(server, body, target, patience) -> None:
    target.parent.mkdir(parents=True)
    target.with_name(".net.tar.gz.part.json-0123456789abcdef").write_bytes(b"{")
    server.answers(server.honest(body))
    download(server.url, target, patience=patience)
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("kept", [70_000, SIZE, SIZE + 1, 3 * SIZE])
@pytest.mark.parametrize(
    "misbehaviour", ["ignores Range", "wrong Range", "416", "ETag changed", "ETag changed, 206"]
)
def test_a_part_that_cannot_be_continued_is_started_over(
    server, body, target, patience, misbehaviour: str, kept: int
) -> None:
    put_part(target, b"?" * kept, server.url, '"old"')
    replies = {
        "ignores Range": [server.ignores_range(body, '"old"')],
        "wrong Range": [server.wrong_range(body, 5, '"old"'), server.honest(body)],
        "416": [server.status(416), server.honest(body)],
        "ETag changed": [server.honest(body, '"new"')],
        "ETag changed, 206": [server.wrong_range(body, kept, '"new"'), server.honest(body)],
    }
    server.answers(*replies[misbehaviour])
    assert not download(server.url, target, patience=patience).resumed
    assert target.read_bytes() == body


def test_an_etag_that_changes_between_tries_starts_over(server, body, target, patience) -> None:
    old = bytes(reversed(body))
    server.answers(server.stops_after(100_000, old, '"old"'), server.honest(body, '"new"'))
    assert not download(server.url, target, SIZE, patience=patience).resumed
    assert target.read_bytes() == body


@pytest.mark.parametrize("code", [408, 429, 500, 503])
def test_a_status_that_may_pass_is_tried_again(server, body, target, patience, code: int) -> None:
    server.answers(server.status(code), server.status(code), server.honest(body))
    download(server.url, target, SIZE, patience=patience)
    assert len(server.requests) == 3


def test_a_server_error_that_stays_is_told_after_four_tries(server, target, patience) -> None:
    server.answers(server.status(500))
    with pytest.raises(DlconvError, match=r"500 Internal Server Error.*tried 4 times"):
        download(server.url, target, patience=patience)
    assert len(server.requests) == 4


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_refusal_is_final_and_shows_the_url(server, target, patience, code: int) -> None:
    server.answers(server.status(code))
    with pytest.raises(DlconvError) as caught:
        download(server.url, target, patience=patience)
    assert f"{server.url}: {code}" in caught.value.message
    assert "--mirror" in in_words(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("asked", "least", "most"), [("1", 1.0, 2.0), ("3600", 0.0, 0.9)])
def test_a_small_retry_after_is_honoured(
    server, body, target, monkeypatch, asked: str, least: float, most: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=waits.append))
    server.answers(server.status(503, Retry_After=asked), server.honest(body))
    download(server.url, target, patience=Patience(first_wait_seconds=0.01, longest_wait_seconds=2))
    (waited,) = waits
    assert least <= waited < most


def test_a_size_that_contradicts_the_registry_is_told_before_the_body(
    server, body, target, patience
) -> None:
    server.answers(server.stalls_after(0, body))
    waiting = dataclasses.replace(patience, read_seconds=60)
    with pytest.raises(DlconvError, match="200,000 bytes, expected 199,999"):
        download(server.url, target, SIZE - 1, patience=waiting)
    assert len(server.requests) == 1


def test_a_body_longer_than_expected_is_stopped(server, body, target, patience) -> None:
    server.answers(server.unsized(body * 20))
    with pytest.raises(DlconvError, match="more than 200,000 bytes"):
        download(server.url, target, SIZE, patience=patience)
    assert not list(target.parent.iterdir())


def test_a_body_of_unknown_size_has_a_cap(server, body, target, patience, monkeypatch) -> None:
    server.answers(server.unsized(body))
    download(server.url, target, patience=patience)
    assert target.read_bytes() == body
    monkeypatch.setattr(transfer, "MOST_BYTES", SIZE - 1)
    with pytest.raises(DlconvError, match="more than 199,999 bytes"):
        download(server.url, target, patience=patience)
    with pytest.raises(DlconvError, match="more than 100,000 bytes"):
        download(server.url, target, most_bytes=100_000, patience=patience)


def test_an_unsized_body_that_is_short_is_noticed_if_the_size_is_known(
    server, body, target, patience
) -> None:
    server.answers(server.unsized(body[:90_000]))
    with pytest.raises(DlconvError, match="stopped after 90,000 of 200,000 bytes"):
        download(server.url, target, SIZE, patience=patience)


def test_a_stalled_body_times_out_and_is_resumed(server, body, target, patience) -> None:
    patience = dataclasses.replace(patience, read_seconds=0.3)
    server.answers(server.stalls_after(100_000, body), server.honest(body))
    assert download(server.url, target, SIZE, patience=patience).resumed
    server.answers(server.stalls_after(0, body))
    with pytest.raises(DlconvError, match=r"sent nothing for 0\.3 s"):
        download(server.url, target, SIZE, patience=patience)


def test_a_redirect_is_followed_also_for_the_rest(server, body, target, patience) -> None:
    to = server.redirect("/elsewhere")
    server.answers(to, server.stops_after(100_000, body), to, server.honest(body))
    assert download(server.url, target, SIZE, patience=patience).resumed
    assert target.read_bytes() == body


@pytest.mark.parametrize("location", ["/models/net.tar.gz", "ftp://host/x", "file:///etc/passwd"])
def test_a_redirect_that_leads_nowhere_is_an_error(server, target, patience, location: str) -> None:
    server.answers(server.redirect(location))
    with pytest.raises(DlconvError, match="cannot fetch"):
        download(server.url, target, patience=patience)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/x.tar.gz", "Connection refused"),
        ("http://no-such-host.invalid/x.tar.gz", "no-such-host.invalid"),
    ],
)
def test_no_network_is_told_with_a_way_out(target, patience, url: str, reason: str) -> None:
    with pytest.raises(DlconvError, match=f"cannot reach.*{reason}|{reason}") as caught:
        download(url, target, patience=patience)
    assert "--mirror" in in_words(caught.value)
    assert "--offline" in in_words(caught.value)


def test_what_was_tried_in_vain_says_by_a_code_what_it_is(target, patience) -> None:
    with pytest.raises(DlconvError, match=r"\(tried 4 times\)") as caught:
        download("http://127.0.0.1:9/x.tar.gz", target, patience=patience)
    assert caught.value.code == "unreachable"


def test_a_connection_that_is_not_safe_is_not_used(server, target, patience) -> None:
    with pytest.raises(DlconvError, match="no safe connection"):
        download(f"https://{server.host}/x.tar.gz", target, patience=patience)


def test_a_full_disk_is_told_with_the_room_needed(
    server, body, target, patience, monkeypatch
) -> None:
    monkeypatch.setattr(Part, "open", lambda part: FULL_DISK.open("ab"))
    server.answers(server.honest(body))
    with pytest.raises(DlconvError, match=r"disk full: .* needs 200,000 bytes") as caught:
        download(server.url, target, SIZE, patience=patience)
    assert "DLCONV_CACHE" in caught.value.hint


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, where this user may mount one."""
    disk = tmp_path / "tiny"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_real_full_disk_keeps_what_fitted(server, body, tiny_disk, patience) -> None:
    server.answers(server.honest(body))
    with pytest.raises(DlconvError, match="disk full"):
        download(server.url, tiny_disk / "net.tar.gz", SIZE, patience=patience)
    assert body.startswith(part_of(tiny_disk / "net.tar.gz"))
    source = tiny_disk.with_name("source")
    source.write_bytes(body)
    with pytest.raises(DlconvError, match="disk full"):
        download(source.as_uri(), tiny_disk / "copy")
    assert not (tiny_disk / "copy").exists()


def test_a_folder_that_cannot_be_made_is_named(server, body, cache, patience) -> None:
    cache.write_text("a file where the cache should be")
    server.answers(server.honest(body))
    with pytest.raises(DlconvError, match="cache"):
        download(server.url, cache / "downloads" / "x", patience=patience)


def test_a_local_file_is_copied(tmp_path: Path, body, target) -> None:
    source = tmp_path / "a b.tar.gz"
    source.write_bytes(body)
    assert not download(source.as_uri(), target, SIZE).resumed
    assert target.read_bytes() == body
    with pytest.raises(DlconvError, match="has 200,000 bytes, expected 5"):
        download(source.as_uri(), target, 5)
    with pytest.raises(DlconvError, match="no such file"):
        download((tmp_path / "absent").as_uri(), target)


def test_a_file_of_the_package_is_copied(target) -> None:
    download("package:registry/registry.toml", target)
    assert b"[datasets.voc]" in target.read_bytes()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(split=st.integers(0, SIZE))
def test_a_download_split_anywhere_yields_the_same_bytes(
    server, body, target, patience, split: int
) -> None:
    put_part(target, body[:split], server.url, '"1"')
    server.answers(server.honest(body))
    download(server.url, target, SIZE, patience=patience)
    assert target.read_bytes() == body


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, SIZE - 1))
def test_a_download_broken_anywhere_yields_the_same_bytes(
    server, body, target, patience, first: int
) -> None:
    server.answers(server.stops_after(first, body), server.honest(body))
    download(server.url, target, SIZE, patience=patience)
    assert target.read_bytes() == body


def test_progress_in_a_log_is_a_few_plain_lines() -> None:
    stream = io.StringIO()
    with show_progress("net", stream) as report:
        for done in range(0, 1_000_001, 1_000):
            report(done, 1_000_000)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "net: 0.0 kB of 1.0 MB 0%"
    assert "net: 500.0 kB of 1.0 MB 50%" in lines
    assert lines[-1] == "net: 1.0 MB done"
    assert len(lines) == 11


def test_progress_in_a_log_tells_slow_downloads_by_time(monkeypatch) -> None:
    now = iter(range(0, 1000, 2))
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: next(now))
    stream = io.StringIO()
    with show_progress("net", stream) as report:
        for done in range(0, 20_000, 1_000):
            report(done, None)
    lines = stream.getvalue().splitlines()
    assert 3 <= len(lines) <= 12
    assert "%" not in stream.getvalue()


def test_progress_on_a_terminal_is_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        with show_progress("net", terminal) as report:
            report(500_000, 1_000_000)
            report(1_000_000, 1_000_000)
    assert "\x1b[" in terminal.getvalue()
    assert "1.0/1.0 MB" in terminal.getvalue()
