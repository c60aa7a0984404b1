"""Comparing an artifact's labels with the reference's.

Everything is derived from one confusion matrix: row = the reference's class, column = the
artifact's. Agreement is the share of pixels on the diagonal; the IoU of a class is the diagonal
entry over the row plus the column without it (Everingham et al. 2010, The Pascal VOC challenge);
mIoU is its mean over the classes that occur in either.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dlconv.errors import DlconvError

# Labels from here on are refused: the confusion matrix would be too large.
MOST_CLASSES = 1024


@dataclass(frozen=True)
class Scores:
    """The figures that are computed from a confusion matrix.

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
    """How many pixels have each pair of classes.

    ``entries`` are (reference's class, artifact's class, pixels) in order, pairs that do not occur
    left out: few, however many classes a network has.
    """

    entries: tuple[tuple[int, int, int], ...] = ()

    def scores(self) -> Scores:
        """Return agreement and IoU."""
        hits, either = Counter[int](), Counter[int]()
        for before, after, pixels in self.entries:
            if before == after:
                hits[before] += pixels
            for k in {before, after}:
                either[k] += pixels
        total = sum(pixels for _, _, pixels in self.entries)
        iou = {k: hits[k] / either[k] for k in sorted(either)}
        return Scores(total, total - hits.total(), iou)

    def mistaken(self) -> list[tuple[int, int, int]]:
        """Return (reference's class, artifact's class, pixels) where they differ, most first."""
        pairs = [entry for entry in self.entries if entry[0] != entry[1]]
        return sorted(pairs, key=lambda pair: -pair[2])

    @property
    def reference_classes(self) -> frozenset[int]:
        """The classes in the reference's labels."""
        return frozenset(before for before, _, _ in self.entries)

    def __add__(self, other: "Confusion") -> "Confusion":
        """Pool two confusions."""
        return pooled((self, other))


def pooled(confusions: Iterable[Confusion]) -> Confusion:
    """Pool confusions: pixels of equal pairs are summed."""
    sums = Counter[tuple[int, int]]()
    for confusion in confusions:
        for before, after, pixels in confusion.entries:
            sums[before, after] += pixels
    return Confusion(tuple((*pair, sums[pair]) for pair in sorted(sums)))


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
    counts = np.bincount(pairs, minlength=size * size)
    found = np.flatnonzero(counts).tolist()
    return Confusion(tuple((*divmod(pair, size), int(counts[pair])) for pair in found))
