"""The class person as a mask, as pages that remove the background use it.

Agreement is the share of pixels that are in both masks or in neither. The boundary F-score is the
harmonic mean of two shares: of the artifact's contour that is near the reference's, and of the
reference's that is near the artifact's (Perazzi et al. 2016, A benchmark dataset and evaluation
methodology for video object segmentation, section 4; near is 0.8 % of the diagonal).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PERSON = "person"
NEAR = 0.008


@dataclass(frozen=True)
class MaskScores:
    """The person's mask; of several photos, the mean over those on which either sees one."""

    agreement: float
    """Share of the pixels that both or neither label as person."""
    boundary_f: float
    """Boundary F-score: contours within 0.8 % of the diagonal count as found."""


def person_scores(
    reference: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> MaskScores | None:
    """Score the person's mask in labels [1, H, W]; None where neither sees a person."""
    if PERSON not in classes:
        return None
    person = classes.index(PERSON)
    one, other = reference[0] == person, labels[0] == person
    if not one.any() and not other.any():
        return None
    return MaskScores(float(np.mean(one == other)), boundary_f(one, other))


def boundary_f(reference: np.ndarray, mask: np.ndarray) -> float:
    """Return the boundary F-score of two masks, bool [H, W]; 1 where neither has a contour."""
    contours = _contour(reference), _contour(mask)
    if not contours[0].any() and not contours[1].any():
        return 1.0
    if not contours[0].any() or not contours[1].any():
        return 0.0
    radius = max(1, round(NEAR * float(np.hypot(*mask.shape))))
    precision = float(np.mean(_widened(contours[0], radius)[contours[1]]))
    recall = float(np.mean(_widened(contours[1], radius)[contours[0]]))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _contour(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask with a neighbour outside it; the image's edge does not count."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inside)


def _widened(contour: np.ndarray, radius: int) -> np.ndarray:
    """Return the pixels within a radius of a contour."""
    height, width = contour.shape
    padded = np.pad(contour, radius)
    near = np.zeros_like(contour)
    for down in range(2 * radius + 1):
        for right in range(2 * radius + 1):
            if np.hypot(down - radius, right - radius) <= radius:
                near |= padded[down : down + height, right : right + width]
    return near
