"""The images that a calibration runs on, and what is to be said about them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlconv.convert.quantize.scheme import LoadImages
from dlconv.convert.quantize.synthetic import synthetic_images
from dlconv.errors import DlconvError
from dlconv.inspect.contract import Contract

ENOUGH_PHOTOS = 16
MOST_PHOTOS = 32
# Standard deviation of pixels, 0..255, below which an image shows nothing.
LEAST_CONTRAST = 2.0


@dataclass(frozen=True)
class Calibration:
    """Images as the graph's input takes them, where they come from, and warnings about them."""

    images: tuple[np.ndarray, ...]
    origin: str
    warnings: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return what a manifest says: origin, count, and the SHA-256 of all pixels."""
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(np.ascontiguousarray(image).tobytes())
        return {
            "images": self.origin,
            "count": len(self.images),
            "sha256": digest.hexdigest(),
        }


def load_calibration(contract: Contract, photos: LoadImages | None) -> Calibration:
    """Load photos, or generate images when there are none.

    More than ``MOST_PHOTOS`` are thinned out evenly. Raises DlconvError when the input is no image
    whose size is known.
    """
    if photos is None:
        return Calibration(tuple(_synthetic(contract)), "synthetic")
    loaded = list(photos(contract))
    step = -(-len(loaded) // MOST_PHOTOS)
    images = tuple(loaded[::step])
    return Calibration(images, "photos", tuple(warnings_about(images)))


def _synthetic(contract: Contract) -> list[np.ndarray]:
    shape = contract.input.shape
    _, height, width, _ = shape if shape is not None and len(shape) == 4 else (None,) * 4
    size = contract.crop if height is None or width is None else (height, width)
    if size is None or contract.input.dtype not in ("uint8", "float32"):
        raise DlconvError(
            "no images can be generated for this graph: the size or type of its input is not shown",
            "calibrate on photos: --calibrate DIR",
        )
    return [image.astype(contract.input.dtype) for image in synthetic_images(size)]


def warnings_about(images: Sequence[np.ndarray]) -> list[str]:
    """Return what is wrong with photos to calibrate on, each in a line."""
    warnings = []
    if len(images) < ENOUGH_PHOTOS:
        warnings.append(
            f"calibrated on {len(images)} photos: with fewer than {ENOUGH_PHOTOS}, labels of other"
            " photos may change more than theirs"
        )
    if len(images) > 1 and all(np.array_equal(images[0], image) for image in images[1:]):
        warnings.append("all photos to calibrate on are the same: they count as one")
    flat = sum(float(np.std(image)) < LEAST_CONTRAST for image in images)
    if flat:
        warnings.append(
            f"{flat} of {len(images)} photos to calibrate on show nothing (one colour throughout),"
            " so the ranges they give are not those of photos"
        )
    return warnings
