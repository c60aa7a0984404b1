"""Comparing an artifact's labels with the reference's.

Everything is derived from one confusion matrix: row = the reference's class, column = the
artifact's. Agreement is the share of pixels on the diagonal; the IoU of a class is the diagonal
entry over the row plus the column without it (Everingham et al. 2010, The Pascal VOC challenge);
mIoU is its mean over the classes that occur in either.
"""

from dataclasses import dataclass

import numpy as np

from dlconv.errors import DlconvError


@dataclass(frozen=True)
class Comparison:
    """Confusion matrix of one photo or of several, int64 [classes, classes]."""

    confusion: np.ndarray

    @property
    def pixels(self) -> int:
        """Number of pixels compared."""
        return int(self.confusion.sum())

    @property
    def differing(self) -> int:
        """Number of pixels whose labels differ."""
        return self.pixels - int(np.trace(self.confusion))

    @property
    def agreement(self) -> float:
        """Share of pixels whose labels are equal, 0 to 1."""
        return 1 - self.differing / self.pixels

    @property
    def class_iou(self) -> dict[int, float]:
        """IoU of each class that occurs in the reference's labels or the artifact's."""
        hits = np.diag(self.confusion)
        union = self.confusion.sum(0) + self.confusion.sum(1) - hits
        return {int(k): float(hits[k] / union[k]) for k in np.flatnonzero(union)}

    @property
    def miou(self) -> float:
        """Mean IoU over the classes that occur, 0 to 1."""
        return float(np.mean(list(self.class_iou.values())))

    @property
    def reference_classes(self) -> frozenset[int]:
        """The classes in the reference's labels."""
        return frozenset(int(k) for k in np.flatnonzero(self.confusion.sum(1)))

    def __add__(self, other: "Comparison") -> "Comparison":
        """Pool two comparisons."""
        size = max(len(self.confusion), len(other.confusion))
        return Comparison(_enlarged(self.confusion, size) + _enlarged(other.confusion, size))


def compare(reference: np.ndarray, labels: np.ndarray) -> Comparison:
    """Compare two integer label maps of the same shape, [1, H, W].

    Raises DlconvError when the shapes differ, a label is negative or there is nothing to compare.
    """
    if labels.shape != reference.shape:
        raise DlconvError(
            f"the artifact's labels are {labels.shape}, the reference's {reference.shape}"
        )
    if reference.size == 0:
        raise DlconvError("there are no pixels to compare")
    if min(labels.min(), reference.min()) < 0 or max(labels.max(), reference.max()) > 2**16:
        raise DlconvError("the labels are not classes: some are negative or above 65536")
    size = int(max(labels.max(), reference.max())) + 1
    pairs = reference.astype(np.int64).ravel() * size + labels.ravel()
    return Comparison(np.bincount(pairs, minlength=size * size).reshape(size, size))


def _enlarged(matrix: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(matrix)
    return np.pad(matrix, ((0, missing), (0, missing)))
