"""Quantizing real networks on some photos, and judging the artifacts on others."""

import json
from dataclasses import dataclass
from pathlib import Path

import brotli
from support.shared import PHOTOS

from dlconv.verify.photos import find_photos


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


def quantize_and_judge(row: Row, call, work: Path) -> None:
    """An artifact is small, and keeps the labels of photos that had no part in making it."""
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
