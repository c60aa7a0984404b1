import numpy as np
import pytest

from dlconv.convert.conformance.table import Status
from dlconv.verify.conformance.results import compared

F = np.float32


@pytest.mark.parametrize(
    ("expected", "found", "status"),
    [
        (np.array([1, 100], F), np.array([1.0005, 100], F), Status.EQUAL),
        (np.array([1, 100], F), np.array([1.05, 100], F), Status.CLOSE),
        (np.array([1, 100], F), np.array([2, 100], F), Status.WRONG),
        (np.array([1, 100], np.float16), np.array([1.05, 100], F), Status.EQUAL),
        (np.array([1, np.nan], F), np.array([1, np.nan], F), Status.EQUAL),
        (np.array([1, np.inf], F), np.array([1, -np.inf], F), Status.WRONG),
        (np.array([1, 2], F), np.array([1, np.nan], F), Status.WRONG),
        (np.array([[1, 2]], F), np.array([1, 2], F), Status.WRONG),
        (np.array([1, 2**31], np.int64), np.array([1, 2**31 - 1], np.int32), Status.WRONG),
        (np.array([True, False]), np.array([1, 0], np.int32), Status.EQUAL),
        (np.array([200], np.uint8), np.array([200], np.int32), Status.EQUAL),
        (np.array([1], np.int32), np.array([1], F), Status.WRONG),
        (np.array([], F), np.array([], F), Status.EQUAL),
    ],
)
def test_integers_are_compared_exactly_and_floats_by_their_largest(expected, found, status):
    assert compared(expected, found).status == status
