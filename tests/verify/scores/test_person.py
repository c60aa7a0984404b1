import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlconv.verify.scores.person import boundary_f, person_scores

MASKS = hnp.arrays(bool, (20, 30), elements=st.booleans())
CLASSES = ("background", "cat", "person")


def square(top, left, size=40, shape=(120, 160)):
    mask = np.zeros(shape, bool)
    mask[top : top + size, left : left + size] = True
    return mask


def test_a_contour_that_is_near_counts_as_the_same_and_one_further_off_does_not():
    reference = square(30, 40)
    assert boundary_f(reference, square(31, 41)) == 1, "within 0.8 % of 200 pixels"
    assert 0.3 < boundary_f(reference, square(30, 50)) < 0.8, "two sides of four still lie near"
    assert boundary_f(reference, square(75, 100)) < 0.1


def test_half_a_contour_by_hand():
    """All of the small square's contour but a corner is far from the large one's."""
    reference, mask = square(30, 40, 40), square(30, 40, 20)
    precision = 41 / 76
    recall = 41 / 156
    expected = 2 * precision * recall / (precision + recall)
    assert boundary_f(reference, mask) == pytest.approx(expected, abs=0.03)


@given(MASKS, MASKS)
def test_it_is_symmetric_and_between_0_and_1(one, other):
    value = boundary_f(one, other)
    assert 0 <= value <= 1
    assert value == pytest.approx(boundary_f(other, one))


@given(MASKS)
def test_a_mask_is_equal_to_itself(mask):
    assert boundary_f(mask, mask) == 1


def test_a_mask_that_is_all_or_nothing_has_no_contour():
    nothing = np.zeros((9, 9), bool)
    assert boundary_f(nothing, ~nothing) == 1
    assert boundary_f(nothing, square(2, 2, 3, (9, 9))) == 0


def test_only_the_person_counts():
    reference = np.where(square(30, 40), 2, 0)[None]
    labels = np.where(square(30, 40), 2, 1)[None]
    same = person_scores(reference, labels, CLASSES)
    assert (same.agreement, same.boundary_f) == (1, 1)
    half = person_scores(reference, np.zeros_like(labels), CLASSES)
    assert half.agreement == pytest.approx(1 - 1600 / 19200)
    assert half.boundary_f == 0


def test_without_a_person_there_is_nothing_to_score():
    labels = np.ones((1, 9, 9), int)
    assert person_scores(labels, labels, CLASSES) is None
    assert person_scores(labels, labels, ("road", "car")) is None
