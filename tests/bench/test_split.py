import dataclasses
from pathlib import Path

import pytest

from dlconv.bench.split import split, without
from dlconv.errors import UsageError
from dlconv.verify.photos import Photo

PHOTOS = [Photo(Path(f"{k}.png"), str(k), f"{k}.png") for k in range(40)]


def test_a_photo_is_in_one_part_and_a_seed_chooses_the_same_ones():
    calibration, judged = split(PHOTOS, 16, seed=1)
    assert (len(calibration), len(judged)) == (16, 24)
    assert sorted([*calibration, *judged], key=PHOTOS.index) == PHOTOS
    assert split(PHOTOS, 16, seed=1) == (calibration, judged)
    assert split(PHOTOS, 16, seed=2)[0] != calibration


def test_a_copy_of_a_photo_that_calibrates_is_not_judged():
    copy = dataclasses.replace(PHOTOS[3], path=Path("copy.png"))
    assert without(PHOTOS[:5], [copy]) == ([copy], [*PHOTOS[:3], PHOTOS[4]])


@pytest.mark.parametrize("count", [0, 40, 41])
def test_no_part_is_empty(count):
    with pytest.raises(UsageError, match=f"{count} of 40 photos"):
        split(PHOTOS, count, seed=0)
    with pytest.raises(UsageError, match="nothing can be judged"):
        without(PHOTOS[:2], PHOTOS[:3])


def test_no_more_photos_than_a_calibration_takes():
    with pytest.raises(UsageError, match="32 photos at most, not 33"):
        split(PHOTOS, 33, seed=0)
    with pytest.raises(UsageError, match="32 photos at most, not 39"):
        without(PHOTOS, PHOTOS[1:])
