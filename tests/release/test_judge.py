"""Evidence is judged by its numbers, not by what it says of itself."""

import dataclasses
import math

import pytest

from dlconv.floors import Floors
from dlconv.release.document import read_release
from dlconv.release.judge import complaints_about
from dlconv.verify.document import Agreement, Check, Pair

# 10 of 200 pixels that were sky became ground.
CONFUSION = [Pair("sky", "sky", 120), Pair("ground", "ground", 70), Pair("sky", "ground", 10)]
MIOU = (120 / 130 + 70 / 80) / 2


@pytest.fixture
def result(packed):
    """Evidence on two photos of 100 pixels, of which 4 and 6 differ."""
    found = read_release(packed).artifacts[0].evidence[0]
    photos = [
        dataclasses.replace(photo, pixels=100, differing_pixels=differing, agreement=share)
        for photo, differing, share in zip(found.photos, (4, 6), (0.96, 0.94), strict=True)
    ]
    return dataclasses.replace(
        found,
        photos=photos,
        pixels=200,
        differing_pixels=10,
        agreement=Agreement(0.95, 0.94, photos[1].photo, 0.95),
        miou=MIOU,
        confusion=CONFUSION,
        floors=Floors(0.95, 0.94, 0.8),
    )


def said(result, **changes):
    return list(complaints_about(dataclasses.replace(result, **changes)))


def test_numbers_that_reach_the_floors_are_good(result):
    assert said(result) == []


@pytest.mark.parametrize(
    ("floors", "complaint"),
    [
        (Floors(0.96, None, None), "mean agreement 0.9500 is below the floor 0.96"),
        (Floors(0.9, 0.95, None), "worst photo's agreement 0.9400 is below the floor 0.95"),
        (Floors(0.9, None, 0.9), "mIoU 0.8990 is below the floor 0.9"),
        (Floors(math.nan, None, None), "mean agreement 0.9500 is below the floor nan"),
    ],
)
def test_passed_is_not_believed(result, floors, complaint):
    assert result.passed
    assert said(result, floors=floors) == [complaint]


def test_what_failed_failed(result):
    assert said(result, passed=False) == ["did not pass: it says so"]
    assert said(result, checks=[Check("runs", False, None, None)]) == ["did not pass: runs"]


def test_sums_are_counted_again(result):
    better = dataclasses.replace(result.agreement, mean=0.999)
    assert said(result, agreement=better) == ["says mean agreement 0.9990, its numbers give 0.9500"]
    assert said(result, miou=0.99) == ["says mIoU 0.9900, its numbers give 0.8990"]
    fewer = [dataclasses.replace(result.photos[0], differing_pixels=0, agreement=1.0)]
    assert said(result, photos=[*fewer, result.photos[1]]) == [
        "counts other pixels in its photos than in all"
    ]
    assert said(result, photos=result.photos[:1]) == [
        "counts other pixels in its photos than in all"
    ]
    assert said(result, confusion=CONFUSION[:2]) == [
        "counts other pixels in its photos than in all"
    ]


@pytest.mark.parametrize(
    "numbers",
    [
        {"agreement": 1.0},
        {"agreement": math.nan},
        {"differing_pixels": -4, "agreement": 1.04},
        {"pixels": 0, "differing_pixels": 0},
    ],
)
def test_photos_have_to_be_possible(result, numbers):
    first = dataclasses.replace(result.photos[0], **numbers)
    assert said(result, photos=[first, result.photos[1]]) == [
        "counts photos with no pixels, or with agreements that their pixels do not give"
    ]


def test_evidence_of_nothing_is_none(result):
    assert said(result, photos=[]) == ["measured nothing"]
    assert said(result, agreement=None) == ["measured nothing"]
    one_class = [Pair("sky", "sky", 190), Pair("sky", "ground", 10)]
    assert "shows one class only, so nothing is checked" in said(result, confusion=one_class)
