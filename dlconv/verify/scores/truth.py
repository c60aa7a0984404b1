"""Ground truth: masks drawn by people, PNG files of class indices.

Both the frozen graph and the artifact are scored against them, at the size that the network sees
the photo at. Pixels of 255 are left out, as in PASCAL VOC.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.compare import Confusion, compare
from dlconv.verify.raster import read_classes

IGNORED = 255


@dataclass(frozen=True)
class TruthConfusion:
    """Pixels by the truth's class (row) and the frozen graph's, and the artifact's."""

    reference: Confusion
    artifact: Confusion

    def __add__(self, other: "TruthConfusion") -> "TruthConfusion":
        """Pool two photos."""
        return TruthConfusion(self.reference + other.reference, self.artifact + other.artifact)


def against_truth(mask: Path, reference: np.ndarray, labels: np.ndarray) -> TruthConfusion | None:
    """Compare labels, [1, H, W], with a mask; None when all of it is ignored.

    Raises PhotoError for a file that is not a picture of class indices.
    """
    _, height, width = reference.shape
    truth = read_classes(mask, (height, width))[None]
    counted = truth != IGNORED
    if not counted.any():
        return None
    truth, reference, labels = (each[counted][None] for each in (truth, reference, labels))
    return TruthConfusion(compare(truth, reference), compare(truth, labels))
