"""Publishing into a folder."""

import json
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.publishing import files_below, kill_publish, kill_publish_after, run_publish

from dlconv.disk import DiskError
from dlconv.errors import DlconvError
from dlconv.release.publish.publish import publish

KILLS = 50


def test_a_release_lies_under_its_name_and_version(packed, later, tmp_path):
    first = publish(packed, str(tmp_path))
    publish(later, f"file://{tmp_path}")
    assert first.state == "published"
    assert first.place == str(tmp_path / "sample" / "1.2.0")
    assert files_below(tmp_path / "sample" / "1.2.0") == files_below(packed)
    assert files_below(tmp_path / "sample" / "1.3.0") == files_below(later)


def test_the_second_time_nothing_is_sent(packed, tmp_path):
    publish(packed, str(tmp_path))
    sent = []
    again = publish(packed, str(tmp_path), progress=lambda *piece: sent.append(piece))
    assert again.state == "already published"
    assert not sent


def test_another_release_of_this_version_is_refused(packed, other, tmp_path):
    publish(packed, str(tmp_path))
    with pytest.raises(DlconvError, match=r"1\.2\.0 is another release already \(hint: pack"):
        publish(other, str(tmp_path))
    assert files_below(tmp_path / "sample" / "1.2.0") == files_below(packed)


def test_what_is_no_release_is_left_alone(packed, tmp_path):
    thesis = tmp_path / "sample" / "1.2.0" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work")
    with pytest.raises(DlconvError, match="is something else already"):
        publish(packed, str(tmp_path))
    assert files_below(tmp_path) == {"sample/1.2.0/thesis.txt": b"years of work"}


def test_a_killed_one_leaves_the_last_release_and_the_next_one_cleans_up(packed, later, tmp_path):
    publish(packed, str(tmp_path))
    kill_publish(later, tmp_path, sent=3)
    assert not (tmp_path / "sample" / "1.3.0").exists()
    assert files_below(tmp_path / "sample" / "1.2.0") == files_below(packed)
    assert len(list((tmp_path / "sample").iterdir())) == 2
    assert publish(later, str(tmp_path)).state == "published"
    assert files_below(tmp_path / "sample" / "1.3.0") == files_below(later)
    assert len(list((tmp_path / "sample").iterdir())) == 2


@pytest.mark.long
def test_killed_at_any_moment_what_is_there_is_whole(packed, later, tmp_path):
    assert run_publish(packed, tmp_path).returncode == 0
    started = time.monotonic()
    assert run_publish(later, tmp_path).returncode == 0
    seconds = time.monotonic() - started
    random_ = random.Random(8)
    place = tmp_path / "sample" / "1.3.0"
    hits = 0
    for _ in range(KILLS):
        shutil.rmtree(place, ignore_errors=True)
        hits += kill_publish_after(random_.uniform(0, seconds), later, tmp_path)
        assert files_below(tmp_path / "sample" / "1.2.0") == files_below(packed)
        assert not place.exists() or files_below(place) == files_below(later)
    assert hits > KILLS / 2
    assert publish(later, str(tmp_path)).state in ("published", "already published")
    assert {path.name for path in place.parent.iterdir()} == {"1.2.0", "1.3.0"}


def test_of_several_at_once_one_publishes(packed, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: run_publish(packed, tmp_path, "--json"), range(4)))
    states = sorted(json.loads(answer.stdout)[0]["state"] for answer in answers)
    assert states == ["already published"] * 3 + ["published"]


def test_a_folder_that_cannot_be_made_is_said_in_one_line(packed, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="Not a directory"):
        publish(packed, str(tmp_path / "file"))


def test_the_command_says_what_it_did(packed, tmp_path):
    answer = run_publish(packed, tmp_path, "--dry-run")
    assert answer.returncode == 0, answer.stderr
    assert f"{tmp_path}/sample/1.2.0: sample 1.2.0 to be published (" in answer.stdout
    assert not files_below(tmp_path)
    said = [json.loads(run_publish(packed, tmp_path, "--json").stdout)[0] for _ in range(2)]
    assert [each["state"] for each in said] == ["published", "already published"]
    assert said[0]["files"] == len(files_below(packed))
    assert said[0]["bytes"] == sum(map(len, files_below(packed).values()))
