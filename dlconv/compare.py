"""Comparing an artifact's labels with the reference's.

Everything is derived from one confusion matrix: row = the reference's class, column = the
artifact's. Agreement is the share of pixels on the diagonal; the IoU of a class is the diagonal
entry over the row plus the column without it (Everingham et al. 2010, The Pascal VOC challenge);
mIoU is its mean over the classes that occur in either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dlconv.errors import DlconvError

# Labels from here on are taken for garbage, before they make a matrix of their square.
MOST_CLASSES = 1024


@dataclass(frozen=True)
class Scores:
    """What a confusion matrix comes down to.

    ``class_iou`` has the IoU, 0 to 1, of each class that occurs in the reference's labels or in
    the artifact's.
    """

    pixels: int
    differing: int
    class_iou: Mapping[int, float]

    @property
    def agreement(self) -> float:
        """Share of pixels whose labels are equal, 0 to 1."""
        return 1 - self.differing / self.pixels

    @property
    def miou(self) -> float:
        """Mean IoU over the classes that occur, 0 to 1."""
        return sum(self.class_iou.values()) / len(self.class_iou)


@dataclass(frozen=True)
class Confusion:
    """Pixels by the reference's class (row) and the artifact's (column), int64 [K, K]."""

    counts: np.ndarray

    def scores(self) -> Scores:
        """Return agreement and IoU."""
        hits = np.diag(self.counts)
        union = self.counts.sum(0) + self.counts.sum(1) - hits
        pixels = int(self.counts.sum())
        iou = {int(k): float(hits[k] / union[k]) for k in np.flatnonzero(union)}
        return Scores(pixels, pixels - int(hits.sum()), iou)

    def mistaken(self) -> list[tuple[int, int, int]]:
        """Return (reference's class, artifact's class, pixels) where they differ, most first."""
        pairs = [
            (int(row), int(column), int(self.counts[row, column]))
            for row, column in np.argwhere(self.counts)
            if row != column
        ]
        return sorted(pairs, key=lambda pair: -pair[2])

    @property
    def reference_classes(self) -> frozenset[int]:
        """The classes in the reference's labels."""
        return frozenset(int(k) for k in np.flatnonzero(self.counts.sum(1)))

    def __add__(self, other: "Confusion") -> "Confusion":
        """Pool two confusions."""
        size = max(len(self.counts), len(other.counts))
        return Confusion(_enlarged(self.counts, size) + _enlarged(other.counts, size))


def compare(reference: np.ndarray, labels: np.ndarray) -> Confusion:
    """Compare two integer label maps of the same shape, [1, H, W].

    Raises DlconvError when the shapes differ, a label is negative or there is nothing to compare.
    """
    if labels.shape != reference.shape:
        raise DlconvError(
            f"the artifact's labels are {labels.shape}, the reference's {reference.shape}"
        )
    if reference.size == 0:
        raise DlconvError("there are no pixels to compare")
    lowest = int(min(labels.min(), reference.min()))
    highest = int(max(labels.max(), reference.max()))
    if lowest < 0 or highest >= MOST_CLASSES:
        raise DlconvError(f"the labels are not classes: they go from {lowest} to {highest}")
    size = highest + 1
    pairs = reference.astype(np.int64).ravel() * size + labels.ravel()
    return Confusion(np.bincount(pairs, minlength=size * size).reshape(size, size))


def _enlarged(matrix: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(matrix)
    return np.pad(matrix, ((0, missing), (0, missing)))
