import numpy as np
import pytest

from dlconv.errors import DlconvError
from dlconv.verify.scores.score_error import score_error

SCORES = np.random.default_rng(4).normal(size=(1, 5, 6, 3)).astype(np.float32)


def softmax(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def test_the_largest_difference_counts():
    found = SCORES.copy()
    found[0, 2, 3, 1] += 0.5
    found[0, 1, 1, 1] -= 0.75
    assert score_error(SCORES, found, (5, 6)) == pytest.approx(0.75)


def test_padding_does_not_count():
    found = np.pad(SCORES, ((0, 0), (0, 2), (0, 2), (0, 0)), constant_values=99)
    assert score_error(SCORES, found, (5, 6)) == 0


def test_probabilities_are_held_against_the_softmax():
    assert score_error(SCORES, softmax(SCORES), (5, 6)) < 1e-6
    assert score_error(SCORES + 50, softmax(SCORES), (5, 6)) < 1e-6
    assert score_error(SCORES, softmax(2 * SCORES), (5, 6)) > 0.01


def test_other_classes_or_sizes_do_not_compare():
    assert score_error(None, SCORES, (5, 6)) is None
    assert score_error(SCORES, SCORES[..., :2], (5, 6)) is None
    assert score_error(SCORES, SCORES[:, :4], (5, 6)) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_an_error_of_the_artifact(value, recwarn):
    found = SCORES.copy()
    found[0, 2, 3, 1] = value
    with pytest.raises(DlconvError, match="the scores are not finite"):
        score_error(SCORES, found, (5, 6))
    assert score_error(found, SCORES, (5, 6)) is None
    assert not recwarn.list
