import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.artifacts import PLAIN, tfjs_artifact

from dlconv.errors import DlconvError
from dlconv.verify.check import Checker, Job
from dlconv.verify.journal import open_journal
from dlconv.verify.photos import with_masks

VERSIONS = {"tfjs": "4.22.0"}


@pytest.fixture
def job(tiny, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact")
    return Job(artifact, "tfjs-node:wasm", tiny.path, tmp_path, ((0, 0, 0), (1, 1, 1), (2, 2, 2)))


@pytest.fixture
def row(job, three_photos, tmp_path):
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(tmp_path / "one.png")
    (photo,) = with_masks([photo for photo in three_photos if photo.name == "one.png"], tmp_path)
    with Checker(job) as checker:
        return photo, checker.check(photo)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "journal"


def known(path, job, photos, versions=VERSIONS, resume=True):
    with open_journal(path, resume) as journal:
        return journal.entry(job, versions).known(photos)


def keep(path, job, photo, row):
    with open_journal(path, resume=False) as journal:
        journal.entry(job, VERSIONS).keep(photo, row)


def test_a_photo_is_known_again_without_its_pictures(path, job, row, three_photos):
    photo, result = row
    assert result.truth is not None
    keep(path, job, photo, result)
    assert known(path, job, [photo, *three_photos]) == {photo: replace(result, pictures=None)}


def test_it_counts_only_when_a_run_is_to_go_on(path, job, row):
    keep(path, job, *row)
    assert known(path, job, [row[0]], resume=False) == {}


def test_it_counts_for_the_same_bytes_in_the_same_runtime_only(path, tiny, tmp_path, job, row):
    photo, result = row
    keep(path, job, photo, result)
    other = tfjs_artifact(tiny, tmp_path / "other", PLAIN)
    assert known(path, replace(job, artifact=other), [photo]) == {}
    assert known(path, replace(job, runtime="tfjs-node:cpu"), [photo]) == {}
    assert known(path, job, [photo], {"tfjs": "4.23.0"}) == {}
    assert known(path, job, [replace(photo, sha256="0" * 64)]) == {}
    assert known(path, job, [replace(photo, mask=None)]) == {}


def test_a_photo_may_move(path, job, row):
    photo, result = row
    keep(path, job, photo, result)
    moved = replace(photo, name="elsewhere.png")
    assert known(path, job, [moved])[moved].photo == "elsewhere.png"


def test_what_is_complete_is_forgotten(path, job, row):
    photo, result = row
    with open_journal(path, resume=True) as journal:
        entry = journal.entry(job, VERSIONS)
        entry.keep(photo, result)
        entry.complete()
        journal.close()
    assert known(path, job, [photo]) == {}


def test_what_is_not_complete_is_kept_when_the_rest_is_done(path, job, row):
    with open_journal(path, resume=False) as journal:
        journal.entry(job, VERSIONS).keep(*row)
        journal.close()
    assert list(known(path, job, [row[0]])) == [row[0]]


def test_two_runs_at_once_share_the_file(path, job, row):
    photo, result = row
    with open_journal(path, False) as one, open_journal(path, True) as other:
        one.entry(job, VERSIONS).keep(photo, result)
        other.entry(job, VERSIONS).keep(photo, result)
        assert list(other.entry(job, VERSIONS).known([photo])) == [photo]


def test_rows_of_another_schema_do_not_count(path, job, row):
    photo, result = row
    keep(path, job, photo, result)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE photos SET result = '{}'")
    connection.close()
    assert known(path, job, [photo]) == {}


def test_a_damaged_file_is_an_error_that_names_it(path, job, row):
    keep(path, job, *row)
    path.write_bytes(b"no journal " * 1000)
    for leftover in path.parent.glob("journal-*"):
        leftover.unlink()
    with pytest.raises(DlconvError, match="cannot keep what is done in .*journal.*remove it"):
        known(path, job, [row[0]])


def test_a_row_that_somebody_changed_does_not_count(path, job, row):
    photo, result = row
    keep(path, job, photo, result)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE photos SET result = CAST(replace(result, '\"ms\":', '\"ms\":9') AS BLOB)"
        )
    connection.close()
    assert known(path, job, [photo]) == {}
