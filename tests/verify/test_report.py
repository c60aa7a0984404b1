import json

import pytest
from rich.console import Console
from support.artifacts import PLAIN, tfjs_artifact

from dlconv.compare import Confusion
from dlconv.verify.floors import Floors
from dlconv.verify.report import as_json, percent, tables
from dlconv.verify.result import ArtifactResult, Check, PhotoResult


@pytest.fixture
def result(tiny, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    rows = (
        PhotoResult("good.jpg", "aa", Confusion(((0, 0, 90), (0, 1, 1), (1, 1, 9))), 12.0),
        PhotoResult("bad.jpg", "bb", Confusion(((0, 0, 60), (0, 7, 31), (7, 7, 9))), 16.0),
    )
    floors = Floors(agreement=0.95, worst=0.7, miou=None)
    checks = (
        Check("runs"),
        Check("mean agreement", "mean agreement 0.8400 is below the floor 0.95", 0.84, 0.95),
        Check("worst photo", "worst photo bad.jpg: agreement 0.6900 is below the floor 0.7"),
    )
    versions = {"tfjs": "4.22.0"}
    return ArtifactResult(artifact, "tfjs-node", "wasm", versions, floors, rows, checks)


def test_json_has_all_numbers(result):
    content = json.loads(as_json([result]))
    assert content["passed"] is False
    (row,) = content["results"]
    assert row["agreement"] == {
        "mean": pytest.approx(0.84),
        "worst": pytest.approx(0.69),
        "worst_photo": "bad.jpg",
        "pooled": pytest.approx(0.84),
    }
    assert row["runtime"] == {"name": "tfjs-node", "backend": "wasm", "tfjs": "4.22.0"}
    assert row["class_iou"] == {"background": 150 / 182, "red": 0.9, "7": 9 / 40}
    assert row["ms_median"] == 14
    assert [photo["differing_pixels"] for photo in row["photos"]] == [1, 31]
    assert row["floors"] == {"agreement": 0.95, "worst": 0.7, "miou": None}
    assert row["failures"] == list(result.failures)
    assert row["checks"][1] == {
        "name": "mean agreement",
        "passed": False,
        "value": 0.84,
        "floor": 0.95,
    }


def test_an_artifact_that_did_not_run_is_in_the_json_and_the_table(result):
    broken = ArtifactResult(
        result.artifact,
        "tfjs-node",
        "wasm",
        {},
        result.floors,
        checks=(Check("runs", "Node.js stopped"),),
    )
    (row,) = json.loads(as_json([broken]))["results"]
    assert row["failures"] == ["Node.js stopped"]
    assert "agreement" not in row
    assert "failed" in printed(broken)


def printed(result):
    console = Console(width=140, record=True)
    for table in tables([result], with_photos=True):
        console.print(table)
    return console.export_text()


def test_tables_show_photos_classes_and_the_sum(result):
    text = printed(result)
    for words in ("bad.jpg", "69.00 %", "background", "84.00 %", "tfjs uint8", "failed"):
        assert words in text


def test_a_share_below_one_is_never_shown_as_all():
    assert percent(1) == "100.00 %"
    assert percent(0.999999) == "99.99 %"


def test_what_changed_most_is_named(failed):
    (row,) = json.loads(as_json([failed]))["results"]
    first = row["mistaken"][0]
    assert first["reference"] != first["artifact"]
    assert sum(each["pixels"] for each in row["mistaken"]) == row["differing_pixels"]
    expected = f"{first['reference']} to {first['artifact']} {first['pixels']:,}"
    assert f"pixels that changed most: {expected}" in printed(failed)
