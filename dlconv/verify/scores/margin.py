"""How sure the frozen graph was where an artifact disagrees.

The margin of a pixel is the difference of its two best scores before the ArgMax. At ties, along
borders mostly, it is near 0, and labels that change there say nothing about the artifact; where it
is ``SURE`` or more, the class had e times the odds of the next, and a change is a real mismatch.
"""

from dataclasses import dataclass

import numpy as np

SURE = 1.0


@dataclass(frozen=True)
class Margins:
    """How sure the frozen graph was where labels differ: by how much its best score leads."""

    median: float | None
    """Median over the pixels that differ, if any does."""
    differing: int
    """Pixels that differ."""
    sure: int
    """Those whose margin is 1 or more: real mismatches, not ties and borders."""


def margins_of(margins: np.ndarray, reference: np.ndarray, labels: np.ndarray) -> Margins:
    """Count the pixels that differ, by margin; margins and labels are arrays [1, H, W]."""
    found = margins[reference != labels]
    median = float(np.median(found)) if found.size else None
    return Margins(median, int(found.size), int((found >= SURE).sum()))


def best_minus_next(scores: np.ndarray) -> np.ndarray:
    """Return the best score minus the second best, float32 [1, H, W], of [1, H, W, classes]."""
    two = np.partition(scores, scores.shape[-1] - 2, axis=-1)[..., -2:]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(two[..., 1] - two[..., 0], np.float32)
