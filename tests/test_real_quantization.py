"""Quantized artifacts of two real networks, on photos that had no part in their calibration."""

import json

import pytest
from support.quantized import Row, quantize_and_judge
from support.real import TARBALLS, fetched
from support.shared import PHOTOS, needs_shared

from dlconv.verify.photos import find_photos

pytestmark = [needs_shared, pytest.mark.long(seconds=60), pytest.mark.timeout(1500)]

LARGER, SMALLER = TARBALLS


def weekly(row):
    return pytest.param(row, marks=pytest.mark.weekly)


ROWS = [
    weekly(Row(LARGER, "tfjs", "1", False, 2_300_000, 1_900_000, 0.995, 0.96, 0.92)),
    weekly(Row(LARGER, "tfjs", "1", True, 2_300_000, 1_900_000, 0.997, 0.98, 0.95)),
    weekly(
        Row(
            LARGER, "tfjs", "1", True, 2_360_000, 2_200_000, 0.9985, 0.99, 0.975, ("--per-channel",)
        )
    ),
    weekly(Row(LARGER, "onnx", "1", True, 2_650_000, None, 0.998, 0.985, 0.96)),
    Row(LARGER, "onnx", "static", True, 2_800_000, None, 0.994, 0.96, 0.90),
    Row(SMALLER, "tfjs", "1", False, 810_000, None, 0.99, 0.95, 0.85),
    Row(SMALLER, "tfjs", "1", True, 810_000, None, 0.995, 0.97, 0.85),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("quantized")


@pytest.fixture(scope="module")
def call(work):
    return fetched(work)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_artifact_is_small_and_keeps_the_labels(row, call, work):
    quantize_and_judge(row, call, work)


def test_two_bytes_lose_no_more_than_in_the_graph_that_is_not_folded(call, work):
    """The range of a folded kernel may be far wider than most of its channels."""
    photos = [photo.path for photo in find_photos([PHOTOS])][::10]
    places = [work / "folded", work / "as-it-was"]
    for place, options in zip(places, ([], ["--no-rewrite"]), strict=True):
        made = call("tfjs", LARGER, "--quantize", "2", *options, "-o", place)
        assert made.returncode == 0, made.stderr
    images = [word for photo in photos for word in ("--images", photo)]
    answer = call("verify", *places, *images, "--json")
    assert answer.returncode == 0, answer.stderr
    folded, as_it_was = (each["agreement"] for each in json.loads(answer.stdout)["results"])
    assert folded["mean"] >= as_it_was["mean"] > 0.999
    assert folded["worst"] >= as_it_was["worst"]
