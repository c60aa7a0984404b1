"""Quantized artifacts of two real networks, on photos that had no part in their calibration."""

import json
from dataclasses import dataclass

import brotli
import pytest
from support.real import TARBALLS, caller
from support.shared import PHOTOS, ZOO, needs_shared

from dlconv.verify.photos import find_photos

pytestmark = [needs_shared, pytest.mark.long, pytest.mark.timeout(1500)]

LARGER, SMALLER = TARBALLS


@dataclass(frozen=True)
class Row:
    """An artifact, the most bytes it may have, raw and as brotli, and what it has to reach."""

    model: str
    target: str
    quantize: str
    calibrated: bool
    most: int | None
    most_brotli: int | None
    agreement: float
    worst: float
    miou: float
    options: tuple[str, ...] = ()

    @property
    def name(self):
        words = [self.target, self.quantize, *self.options]
        return "-".join([self.model, *words, "photos" if self.calibrated else "synthetic"])


ROWS = [
    Row(LARGER, "tfjs", "1", False, 2_300_000, 1_900_000, 0.995, 0.96, 0.92),
    Row(LARGER, "tfjs", "1", True, 2_300_000, 1_900_000, 0.997, 0.98, 0.95),
    Row(LARGER, "tfjs", "1", True, 2_360_000, 2_200_000, 0.9985, 0.99, 0.975, ("--per-channel",)),
    Row(LARGER, "tfjs", "auto", True, None, 1_300_000, 0.99, 0.95, 0.87),
    Row(LARGER, "onnx", "1", True, 2_650_000, None, 0.998, 0.985, 0.96),
    Row(LARGER, "onnx", "static", True, 2_800_000, None, 0.994, 0.96, 0.90),
    Row(SMALLER, "tfjs", "1", False, 810_000, None, 0.99, 0.95, 0.85),
    Row(SMALLER, "tfjs", "1", True, 810_000, None, 0.995, 0.97, 0.85),
    Row(SMALLER, "tfjs", "auto", True, None, 520_000, 0.99, 0.9, 0.75),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("quantized")


@pytest.fixture(scope="module")
def call(work):
    call = caller(work)
    for model in TARBALLS:
        answer = call("fetch", model, "--mirror", ZOO.as_uri())
        assert answer.returncode == 0, answer.stderr
    return call


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_artifact_is_small_and_keeps_the_labels(row, call, work):
    photos = [photo.path for photo in find_photos([PHOTOS])]
    calibration, others = photos[:16], photos[16:]
    assert len(others) == 27
    place = work / (row.name + (".onnx" if row.target == "onnx" else ""))
    options = ["--quantize", row.quantize, *row.options]
    if row.calibrated:
        options += [word for photo in calibration for word in ("--calibrate", photo)]
    made = call(row.target, row.model, *options, "-o", place, "--json")
    assert made.returncode == 0, made.stderr
    assert "warning" not in made.stderr

    shards = sorted(place.glob("*.bin")) if place.is_dir() else [place]
    weights = b"".join(shard.read_bytes() for shard in shards)
    assert len(weights) <= (row.most or len(weights))
    assert row.most_brotli is None or len(brotli.compress(weights)) <= row.most_brotli

    floors = [("agreement", row.agreement), ("worst", row.worst), ("miou", row.miou)]
    answer = call(
        "verify",
        place,
        *(word for photo in others for word in ("--images", photo)),
        *(word for name, floor in floors for word in (f"--floor-{name}", floor)),
        "--json",
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    (result,) = json.loads(answer.stdout)["results"]
    assert result["floors"] == dict(floors)
    assert len(result["photos"]) == len(others)


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
