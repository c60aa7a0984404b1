import json
from dataclasses import replace

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from support.artifacts import tfjs_artifact

from dlconv.floors import Floors
from dlconv.recipe import Interface
from dlconv.verify.check_artifact import check_artifact
from dlconv.verify.document import SCHEMA, as_data, json_schema
from dlconv.verify.photos import with_masks
from dlconv.verify.result import Check

NO_FLOORS = Floors(agreement=0, worst=None, miou=None)


@pytest.fixture(scope="module")
def schema():
    Draft202012Validator.check_schema(json_schema())
    return Draft202012Validator(json_schema())


def as_read(results):
    return json.loads(json.dumps(as_data(results)))


def test_it_has_all_numbers(checked, schema):
    content = as_read([checked])
    schema.validate(content)
    assert (content["schema"], content["passed"]) == (SCHEMA, False)
    (row,) = content["results"]
    assert row["agreement"] == {
        "mean": pytest.approx(0.84),
        "worst": pytest.approx(0.69),
        "worst_photo": "bad.jpg",
        "pooled": pytest.approx(0.84),
    }
    assert row["runtime"] == {
        "name": "tfjs-node",
        "backend": "wasm",
        "versions": {"tfjs": "4.22.0"},
    }
    assert row["class_iou"] == {"background": 150 / 182, "red": 0.9, "7": 9 / 40}
    assert row["confusion"][:2] == [
        {"reference": "background", "artifact": "background", "pixels": 150},
        {"reference": "background", "artifact": "7", "pixels": 31},
    ]
    assert sum(pair["pixels"] for pair in row["confusion"]) == row["pixels"] == 200
    assert row["ms_median"] == 14
    assert [photo["differing_pixels"] for photo in row["photos"]] == [1, 31]
    assert row["floors"] == {"agreement": 0.95, "worst": 0.7, "miou": None}
    assert row["failures"] == list(checked.failures)
    assert row["checks"][1] == {
        "name": "mean agreement",
        "passed": False,
        "value": 0.84,
        "floor": 0.95,
    }


def test_an_artifact_that_did_not_run_has_no_numbers(checked, schema):
    broken = replace(checked, photos=(), checks=(Check("runs", "Node.js stopped"),))
    content = as_read([broken])
    schema.validate(content)
    (row,) = content["results"]
    assert row["failures"] == ["Node.js stopped"]
    assert (row["agreement"], row["miou"], row["photos"]) == (None, None, [])


def test_what_is_only_sometimes_measured_is_in_the_schema(tiny, tmp_path, three_photos, schema):
    frozen = replace(tiny, classes=("background", "person", "green"))
    artifact = tfjs_artifact(frozen, tmp_path / "scores", interface=Interface(output="scores"))
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(tmp_path / "one.png")
    photos = with_masks(three_photos, tmp_path)
    content = as_read([check_artifact(artifact, tiny.path, photos, tmp_path, NO_FLOORS)])
    schema.validate(content)
    (row,) = content["results"]
    assert row["person"]["agreement"] == 1
    assert row["truth"]["photos"] == 1
    assert 0 < row["score_error"] < 1e-3
    assert [photo["truth"] is not None for photo in row["photos"]] == [False, True, False]


def test_a_field_that_nobody_described_is_no_report(checked, schema):
    content = as_read([checked])
    content["results"][0]["mood"] = "good"
    assert not schema.is_valid(content)


def test_every_field_is_described():
    for record in json_schema()["$defs"].values():
        for name, field in record["properties"].items():
            assert field.get("description"), f"{record['title']}.{name}"


def test_the_command_prints_the_schema(call):
    titles = {
        "manifest": "Manifest",
        "verify": "Document",
        "inspect": "Document",
        "diff": "Comparison",
        "release": "Release",
    }
    for kind, title in titles.items():
        printed = json.loads(call("schema", kind).stdout)
        Draft202012Validator.check_schema(printed)
        assert printed["title"] == title
    called = call("schema", "nonsense")
    assert called.exit_code == 2
    assert called.stderr == (
        f"error: there is no schema 'nonsense'; there are {', '.join(titles)}\n"
    )
