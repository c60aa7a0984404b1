"""The images that a calibration runs on, and warnings about them."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlconv.convert.quantize.synthetic import synthetic_images
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract
from dlconv.graph.scores import MOST_PIXELS

# Loads photos for a calibration, as the input of a graph with this contract takes them.
LoadImages = Callable[[Contract], Sequence[np.ndarray]]

ENOUGH_PHOTOS = 16
MOST_PHOTOS = 32
MOST_AT_A_TIME = 256
# Standard deviation of pixels, 0..255, below which an image shows nothing.
LEAST_CONTRAST = 2.0


@dataclass(frozen=True)
class Calibration:
    """Images as the graph's input takes them, where they come from, and warnings about them.

    For an input with a fixed batch size, each is a batch.
    """

    images: tuple[np.ndarray, ...]
    origin: str
    warnings: tuple[str, ...] = ()

    def with_warnings(self, more: Iterable[str]) -> "Calibration":
        """Return the same images with more warnings."""
        return replace(self, warnings=(*self.warnings, *more))

    def as_data(self) -> dict[str, Any]:
        """Return what a manifest says: origin, count, and the SHA-256 of all pixels."""
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(np.ascontiguousarray(image).tobytes())
        return {
            "images": self.origin,
            "count": sum(map(len, self.images)),
            "sha256": digest.hexdigest(),
        }


def load_calibration(contract: Contract, photos: LoadImages | None) -> Calibration:
    """Load photos, or generate images when there are none.

    More than ``MOST_PHOTOS`` are thinned out evenly. Raises DlconvError when the input is not an
    image of known size, or takes batches and the photos differ in size.
    """
    if photos is None:
        return Calibration(_as_taken(_synthetic(contract), contract), "synthetic")
    loaded = list(photos(contract))
    step = -(-len(loaded) // MOST_PHOTOS)
    images = loaded[::step]
    return Calibration(_as_taken(images, contract), "photos", tuple(warnings_about(images)))


def _refuse_other_inputs(contract: Contract) -> None:
    shape = contract.input.shape
    if shape is not None and (len(shape) != 4 or shape[3] not in (None, 1, 3)):
        raise DlconvError(
            f"{contract.input.node} takes {list(shape)}, which are not images in colour or grey, "
            "so there is nothing to calibrate on",
            "keep float32, or choose float16",
            code="no-images-to-calibrate-on",
        )
    batch = shape[0] if shape is not None else None
    if batch is not None and not 1 <= batch <= MOST_AT_A_TIME:
        raise DlconvError(
            f"{contract.input.node} takes {batch:,} images at a time, which cannot be calibrated",
            "keep float32, or choose float16",
            code="no-images-to-calibrate-on",
        )


def _synthetic(contract: Contract) -> list[np.ndarray]:
    shape = contract.input.shape
    _, height, width, _ = shape if shape is not None and len(shape) == 4 else (None,) * 4
    size = contract.crop if height is None or width is None else (height, width)
    is_possible = size is not None and all(0 < extent <= MOST_PIXELS for extent in size)
    if size is None or not is_possible or contract.input.dtype not in ("uint8", "float32"):
        raise DlconvError(
            "no images can be generated for this graph: the size or type of its input is not shown",
            "calibrate on photos",
            code="calibrate-on-photos",
        )
    return [image.astype(contract.input.dtype) for image in synthetic_images(size)]


def _as_taken(images: Sequence[np.ndarray], contract: Contract) -> tuple[np.ndarray, ...]:
    """Return images, each [1, height, width, 3], grey and in batches where the input is so.

    The last batch is filled up with the first images. Raises DlconvError for a batch of images of
    several sizes, and for an input that takes none in colour or grey.
    """
    _refuse_other_inputs(contract)
    batch, _, _, channels = contract.input.shape or (None,) * 4
    if channels == 1:
        images = [_grey(image) for image in images]
    if batch in (None, 1):
        return tuple(images)
    if len({image.shape for image in images}) > 1:
        raise DlconvError(
            f"{contract.input.node} takes {batch} images at a time, and these are not of one size",
            "calibrate on photos of one size",
        )
    starts = range(0, len(images), batch)
    return tuple(
        np.concatenate([images[(start + k) % len(images)] for k in range(batch)])
        for start in starts
    )


def _grey(image: np.ndarray) -> np.ndarray:
    """Return the luma of an image (ITU-R BT.601), as Pillow makes grey of colours."""
    luma = image @ np.array([[0.299], [0.587], [0.114]])
    is_whole = image.dtype.kind == "u"
    return np.asarray(np.rint(luma) if is_whole else luma).astype(image.dtype)


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
