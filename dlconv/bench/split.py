"""Photos in two parts by chance: those to calibrate on, and the others, to judge on."""

from collections.abc import Sequence

import numpy as np

from dlconv.convert.quantize.images import MOST_PHOTOS
from dlconv.errors import UsageError
from dlconv.verify.photos import Photo

Parts = tuple[list[Photo], list[Photo]]


def split(photos: Sequence[Photo], count: int, seed: int) -> Parts:
    """Return ``count`` photos and the others, each part in order; a seed gives the same ones.

    Raises UsageError when one part would be empty, and for more than a calibration takes.
    """
    if not 0 < count < len(photos):
        raise UsageError(f"{count} of {len(photos)} photos to calibrate on leave none for one part")
    _refuse_too_many(count)
    chosen = np.random.default_rng(seed).permutation(len(photos))[:count].tolist()
    return (
        [photo for k, photo in enumerate(photos) if k in chosen],
        [photo for k, photo in enumerate(photos) if k not in chosen],
    )


def without(photos: Sequence[Photo], calibration: Sequence[Photo]) -> Parts:
    """Return the photos to calibrate on and those that are none of them, by their content.

    Raises UsageError when none are left, and for more than a calibration takes.
    """
    _refuse_too_many(len(calibration))
    known = {photo.sha256 for photo in calibration}
    others = [photo for photo in photos if photo.sha256 not in known]
    if not others:
        raise UsageError("all photos are among those to calibrate on, so nothing can be judged")
    return [*calibration], others


def _refuse_too_many(count: int) -> None:
    if count > MOST_PHOTOS:
        raise UsageError(f"a calibration takes {MOST_PHOTOS} photos at most, not {count}")
