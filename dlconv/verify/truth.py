"""Ground truth: masks that people drew, PNG files of class indices, one for a photo by its name.

Both the frozen graph and the artifact are scored against them, at the size that the network sees
the photo at. Pixels of 255 are left out, as in PASCAL VOC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.compare import Confusion, compare
from dlconv.errors import UsageError
from dlconv.verify.photos import PhotoError

IGNORED = 255

Masks = Mapping[str, Path]


@dataclass(frozen=True)
class TruthConfusion:
    """Pixels by the truth's class (row) and the frozen graph's, and the artifact's."""

    reference: Confusion
    artifact: Confusion

    def __add__(self, other: "TruthConfusion") -> "TruthConfusion":
        """Pool two photos."""
        return TruthConfusion(self.reference + other.reference, self.artifact + other.artifact)


def find_masks(folder: Path) -> Masks:
    """Return the masks in a folder by the names of their photos, without endings.

    Raises UsageError when there is no such folder, or no mask in it.
    """
    masks = {path.stem: path for path in sorted(folder.glob("*.png"))}
    if not masks:
        raise UsageError(f"there are no masks (*.png) in {folder}")
    return masks


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
