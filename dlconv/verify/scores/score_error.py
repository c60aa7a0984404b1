"""How far an artifact's scores are from the frozen graph's, for artifacts that give scores.

Scores are what the labels come from, before the ArgMax; probabilities are their softmax, recognized
by their sums of 1.
"""

import numpy as np

from dlconv.errors import DlconvError

SUM_TOLERANCE = 1e-3


def score_error(
    expected: np.ndarray | None, found: np.ndarray, size: tuple[int, int]
) -> float | None:
    """Return the largest absolute difference of scores [1, H, W, K] within the photo's size.

    None when the frozen graph's scores for the whole photo are not available, or it has another
    number of classes. Raises DlconvError when the artifact's scores are not all finite, but the
    frozen graph's are.
    """
    height, width = size
    if expected is None or expected.shape[3] != found.shape[3]:
        return None
    expected, found = expected[:, :height, :width], found[:, :height, :width]
    if expected.shape != found.shape:
        return None
    if not np.isfinite(expected).all():
        return None
    if not np.isfinite(found).all():
        raise DlconvError("the scores are not finite: there is NaN or infinity among them")
    if _are_probabilities(found):
        expected = _softmax(expected)
    return float(np.abs(expected - found).max())


def _are_probabilities(scores: np.ndarray) -> bool:
    sums = scores.sum(axis=3)
    return bool(scores.min() >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=3, keepdims=True))
    return np.asarray(powers / powers.sum(axis=3, keepdims=True))
