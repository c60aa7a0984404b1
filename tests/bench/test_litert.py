"""``python -m dlconv.bench.litert`` on the sample network."""

import json
from pathlib import Path

import pytest
from support.sample import PHOTOS, sample_graph

from dlconv.bench import litert_rows
from dlconv.bench.conversion import Cost, Costs
from dlconv.bench.labelling import Labelled
from dlconv.bench.litert import as_data, main, tables
from dlconv.bench.litert_converters import (
    DYNAMIC,
    FLOAT16,
    FLOAT32,
    ONNX2TF,
    ONNXRUNTIME,
    OURS,
    REWRITTEN,
    STATIC,
    TENSORFLOW,
    Way,
    everyone,
)
from dlconv.bench.litert_rows import Asked, Failed, Found, Row, Seed, cost_ratios
from dlconv.bench.split import split
from dlconv.compare import Confusion
from dlconv.terminal.output import show
from dlconv.verify.photos import find_photos


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return sample_graph(tmp_path_factory.mktemp("sample"))


@pytest.mark.long(seconds=18)
def test_files_of_all_converters_are_labelled_and_what_fails_is_said(
    sample, tmp_path, monkeypatch, capsys
):
    onnx2tf = tmp_path / "onnx2tf"
    onnx2tf.write_text("#!/bin/sh\necho 'no such op'; exit 1\n")
    onnx2tf.chmod(0o755)
    kept = [(OURS, FLOAT32), (OURS, STATIC), (TENSORFLOW, FLOAT32), (TENSORFLOW, STATIC)]
    kept += [(ONNX2TF, FLOAT32), (ONNXRUNTIME, FLOAT32)]

    def some(*given):
        ways = {(way.converter, way.form): way for way in everyone(*given)}
        assert len(ways) == 10
        assert set(ways) >= {(OURS, FLOAT16), (TENSORFLOW, DYNAMIC), (REWRITTEN, STATIC)}
        return [ways[each] for each in kept]

    monkeypatch.setattr(litert_rows, "everyone", some)
    options = ["--images", PHOTOS, "--calibrate", 3, "--seeds", 2, "--input-size", "65x65"]
    more = ["--conversions", 1, "--onnx2tf", onnx2tf, "--json"]
    assert main([*map(str, [sample.path, *options, *more])]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["input_size"], said["photos"], said["calibrated"]) == (
        1,
        [65, 65],
        3,
        3,
    )
    ours, integers, peer, peer_integers, onnx = said["rows"]
    for each in (ours, peer, onnx):
        assert each["labels"]["worst"] > 0.9999
    for each in (integers, peer_integers):
        assert 0.9 < each["labels"]["worst"] <= each["labels"]["mean"] < 1
    assert max(integers["bytes"], peer_integers["bytes"]) < ours["bytes"]
    assert peer["seconds_ratio"] == peer["peak_ratio"] == ours["ratio"] == 1
    assert ours["peak_ratio"] < 0.5
    assert (onnx["converter"], onnx["seconds"]) == (ONNXRUNTIME, None)
    assert [each["seed"] for each in said["seeds"]] == [0, 1]
    assert said["seeds"][0]["labels"] == integers["labels"]
    (failed,) = said["failed"]
    assert failed["name"] == "onnx2tf, float32"
    assert failed["message"].endswith("no such op")


def labelled(equal, ms=1.0):
    """One photo of 100 pixels, so many of which have the label of the reference."""
    entries = ((0, 0, equal), (0, 1, 100 - equal))
    return Labelled((Confusion(tuple(each for each in entries if each[2])),), (ms,))


def row(converter, form, seconds, peak, ms, equal):
    cost = Costs(None, (Cost(seconds, peak),))
    return Row(Way(converter, form, None, Path("x")), 1000, cost, labelled(equal, ms))


@pytest.fixture(scope="module")
def found():
    rows = (
        row(OURS, FLOAT32, 1.0, 100e6, 20.0, 100),
        row(OURS, FLOAT16, 1.0, 100e6, 20.0, 99),
        row(OURS, STATIC, 3.0, 300e6, 8.0, 90),
        row(TENSORFLOW, FLOAT32, 4.0, 800e6, 22.0, 100),
        row(TENSORFLOW, STATIC, 6.0, 900e6, 10.0, 70),
    )
    seeds = tuple(Seed(k, 900, labelled(equal)) for k, equal in enumerate((96, 98, 91)))
    return Found(rows, seeds, (Failed("onnx2tf, float32", "no such op"),))


def test_a_conversion_is_compared_with_tensorflows_of_the_same_form(found):
    ratios = [cost_ratios(each, found) for each in found.rows]
    assert ratios == [(0.25, 0.125), (0.25, 0.125), (0.5, 1 / 3), (1, 1), (1, 1)]
    alone = Found(found.rows[:3], (), ())
    assert cost_ratios(alone.rows[0], alone) == (None, None)


def test_tables_have_a_row_for_each_file_and_the_median_and_least_of_seeds(
    found, sample, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "160")
    asked = Asked(sample, (65, 65), (split(find_photos([PHOTOS]), 2, 0),), 1, 1)
    show(*tables(asked, found))
    shown = capsys.readouterr().out
    assert "65x65: 4 photos, calibrated on 2 others" in shown
    lines = [line.split() for line in shown.splitlines()]
    integers = "dlconv static 0.900000 0.900000 0.450 0.900 8.0 0.40 1,000 3.0 300 MB 0.50 0.33"
    assert integers.split() in lines
    assert ["median", "0.960000", "0.960000"] in [line[:3] for line in lines]
    assert ["least", "0.910000", "0.910000"] in [line[:3] for line in lines]
    assert as_data(asked, found)["failed"] == [
        {"name": "onnx2tf, float32", "message": "no such op"}
    ]


def test_photos_that_leave_nothing_to_judge_are_refused_in_a_line(sample, capsys):
    images = ["--images", str(PHOTOS)]
    for options, message in (
        (["--calibrate", "6"], "6 of 6 photos to calibrate on leave none for one part"),
        (["--calibrate", str(PHOTOS)], "all photos are among those to calibrate on"),
        (["--calibrate", str(PHOTOS), "--seeds", "2"], "seeds choose among --images"),
    ):
        assert main([str(sample.path), *images, *options]) == 2
        assert f"error: {message}" in capsys.readouterr().err
