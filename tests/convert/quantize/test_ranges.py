import numpy as np
import pytest

from dlconv.convert.quantize.ranges import SHARES, Ranges, least_error

RANDOM = np.random.default_rng(3)


def loss(ends, values):
    """The mean squared error of values in 255 steps between two ends."""
    step = (ends[1] - ends[0]) / 255
    return np.mean((np.clip(np.rint(values / step) * step, *ends) - values) ** 2)


def test_one_value_far_away_does_not_make_the_steps_of_all_others_wide():
    values = np.append(RANDOM.normal(size=200_000), 12.0).astype(np.float32)
    whole = (float(values.min()), float(values.max()))
    low, high = least_error(whole, values)
    assert (low, high) == pytest.approx((whole[0] * high / 12, high))
    assert 4 < high < 10
    assert loss((low, high), values) < 0.8 * loss(whole, values)


def test_values_all_alike_often_keep_their_whole_range():
    values = RANDOM.uniform(-2, 6, 4000).astype(np.float32)
    ends = float(values.min()), float(values.max())
    assert least_error(ends, values) == ends


@pytest.mark.parametrize("values", [np.zeros(5), np.arange(256) / 32 - 2])
def test_values_that_lose_nothing_keep_their_whole_range(values):
    assert least_error((values.min(), values.max()), values) == (values.min(), values.max())


def test_ranges_hold_zero_and_the_values_of_all_images():
    ranges = Ranges()
    for image in (np.full((1, 2, 2, 1), 3, np.float32), np.full((1, 4, 4, 1), 5, np.float32)):
        ranges.add({"features": image, "scores": -image})
    found = ranges.found()
    assert found == {"features": (0, 5), "scores": (-5, 0)}


def test_the_same_images_give_the_same_ranges_though_only_some_values_are_looked_at():
    images = [RANDOM.normal(size=(1, 99, 99, 3)).astype(np.float32) for _ in range(2)]
    once, again = Ranges(), Ranges()
    for image in images:
        once.add({"features": image})
        again.add({"features": image})
    assert once.found() == again.found()
    whole = min(map(np.min, images))
    assert once.found()["features"][0] in [pytest.approx(whole * share) for share in SHARES]
