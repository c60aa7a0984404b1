"""Publishing into a folder."""

import json
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from support.publishing import files_below, kill_publish, kill_publish_after, run_publish

from dlconv.errors import DlconvError
from dlconv.release.publish.publish import publish
from dlconv.storage.disk import DiskError

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
    left = {path.name for path in (tmp_path / "sample").iterdir()} - {"1.2.0"}
    assert len(left) == 2
    assert ".1.3.0.dlconv-lock" in left
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
    for _ in range(KILLS):
        moment = random_.uniform(0, seconds)
        shutil.rmtree(place, ignore_errors=True)
        while not kill_publish_after(moment, later, tmp_path):
            shutil.rmtree(place, ignore_errors=True)
            moment /= 2
        assert files_below(tmp_path / "sample" / "1.2.0") == files_below(packed)
        assert not place.exists() or files_below(place) == files_below(later)
    assert publish(later, str(tmp_path)).state in ("published", "already published")
    assert {path.name for path in place.parent.iterdir()} == {"1.2.0", "1.3.0"}


def test_of_several_at_once_one_publishes(packed, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: run_publish(packed, tmp_path, "--json"), range(4)))
    states = sorted(json.loads(answer.stdout)[0]["state"] for answer in answers)
    assert states == ["already published"] * 3 + ["published"]


@pytest.mark.parametrize("mine", ["packed", "other"])
def test_from_two_machines_at_once_one_publishes(packed, mine, request, tmp_path, monkeypatch):
    begun, may_end = Event(), Event()

    def stop_on_the_way(what, done, total):
        if done == 3:
            begun.set()
            may_end.wait(20)

    def go_on(what, done, total):
        may_end.set()

    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "one machine"))
        first = pool.submit(publish, packed, str(tmp_path / "to"), progress=stop_on_the_way)
        assert begun.wait(20)
        monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "another"))
        again = request.getfixturevalue(mine)
        if mine == "packed":
            assert publish(again, str(tmp_path / "to"), progress=go_on).state == "already published"
        else:
            with pytest.raises(DlconvError, match="is another release already"):
                publish(again, str(tmp_path / "to"), progress=go_on)
        assert first.result().state == "published"
    assert files_below(tmp_path / "to") == {
        f"sample/1.2.0/{path}": content for path, content in files_below(packed).items()
    }


def test_what_comes_there_meanwhile_is_left_alone(packed, tmp_path):
    thesis = tmp_path / "sample" / "1.2.0" / "thesis.txt"

    def come(what, done, total):
        thesis.parent.mkdir(exist_ok=True)
        thesis.write_text("years of work")

    with pytest.raises(DlconvError, match=r"1\.2\.0 was created by something else"):
        publish(packed, str(tmp_path), progress=come)
    assert files_below(tmp_path) == {"sample/1.2.0/thesis.txt": b"years of work"}


def test_a_release_that_changes_on_the_way_is_not_published(release, tmp_path):
    def change(what, done, total):
        (release / "tfjs-float32" / "model.json").write_text("{}")

    with pytest.raises(DlconvError, match=r"changed while it was copied: tfjs-float32/model\.json"):
        publish(release, str(tmp_path / "to"), progress=change)
    assert not files_below(tmp_path / "to")


def test_a_folder_whose_name_is_no_text(packed, tmp_path):
    folder = tmp_path / "caf\udce9"
    assert publish(packed, str(folder)).state == "published"
    assert publish(packed, f"file://{tmp_path}/caf%E9").state == "already published"
    answer = run_publish(packed, folder, "--json")
    assert json.loads(answer.stdout)[0]["place"] == f"{folder}/sample/1.2.0"
    assert files_below(folder / "sample" / "1.2.0") == files_below(packed)


@pytest.mark.parametrize("target", ["file:///x%00y", "x\0y"])
def test_a_character_of_no_path_is_said(packed, target):
    with pytest.raises(DlconvError, match="contains a NUL"):
        publish(packed, target)


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
