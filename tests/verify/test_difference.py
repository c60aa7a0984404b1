import numpy as np
import pytest

from dlconv.verify.difference import share_of_largest

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("expected", "found", "share"),
    [
        ([1, -4], [1, -4], 0),
        ([1, -4], [1, -3], 0.25),
        ([1, NAN, INF, -INF], [1, NAN, INF, -INF], 0),
        ([4, NAN, INF], [5, NAN, INF], 0.25),
        ([4, NAN], [4, 0], INF),
        ([4, 0], [4, NAN], INF),
        ([4, INF], [4, -INF], INF),
        ([4, 0], [4, INF], INF),
        ([NAN], [NAN], 0),
        ([], [], 0),
    ],
)
def test_it_is_a_share_of_the_largest_that_is_finite(expected, found, share):
    assert share_of_largest(np.array(expected, float), np.array(found, np.float32)) == share


def test_of_zeros_alone_any_difference_is_much():
    assert share_of_largest(np.zeros(2), np.array([0, 1e-30])) > 1e6
