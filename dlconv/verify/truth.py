"""Ground truth: masks that people drew, PNG files of class indices.

Both the frozen graph and the artifact are scored against them, at the size that the network sees
the photo at. Pixels of 255 are left out, as in PASCAL VOC.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.compare import Confusion, compare
from dlconv.verify.photos import PhotoError

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

    Raises PhotoError for a file that is no picture of class indices.
    """
    truth = _load(mask, reference.shape[1:])
    counted = truth != IGNORED
    if not counted.any():
        return None
    truth, reference, labels = (each[counted][None] for each in (truth, reference, labels))
    return TruthConfusion(compare(truth, reference), compare(truth, labels))


def _load(path: Path, size: tuple[int, ...]) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.mode not in ("P", "L"):
                raise PhotoError(f"the mask {path} has colours ({picture.mode}), not classes")
            height, width = size
            resized = picture.resize((width, height), Image.Resampling.NEAREST)
            return np.asarray(resized, np.int32)[None]
    except (OSError, ValueError, SyntaxError) as error:
        raise PhotoError(f"cannot read the mask {path}") from error
