"""Pictures of one photo for people: the photo, both label maps in the dataset's colours, and where
they differ.

Label maps are PNG files with a palette, which browsers lay over the photo. A background whose
colour is black is transparent, and so are pixels that do not differ in the picture of the
difference.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)
DIFFERENT: Colour = (255, 0, 80)
JPEG_QUALITY = 80
MOST_COLOURS = 256


@dataclass(frozen=True)
class Pictures:
    """A photo as JPEG; labels of the reference and of the artifact, and the difference, as PNG.

    ``classes`` are those that occur in either, ``colours`` theirs.
    """

    photo: bytes
    reference: bytes
    labels: bytes
    difference: bytes
    classes: tuple[int, ...]
    colours: tuple[Colour, ...]


def pictures_of(
    image: np.ndarray, reference: np.ndarray, labels: np.ndarray, colours: Sequence[Colour]
) -> Pictures:
    """Draw a photo, uint8 [1, H, W, 3], and its labels, [1, H, W]."""
    classes = tuple(int(k) for k in np.union1d(np.unique(reference), np.unique(labels)))
    background = 0 if tuple(colours[0]) == BLACK else None
    differs = (reference != labels)[0]
    return Pictures(
        _jpeg(image[0]),
        _png(reference[0], colours, background),
        _png(labels[0], colours, background),
        _png(differs, [BLACK, DIFFERENT], transparent=0),
        classes,
        tuple(colours[k] for k in classes),
    )


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _png(labels: np.ndarray, colours: Sequence[Colour], transparent: int | None) -> bytes:
    from PIL import Image

    picture = Image.fromarray((labels % MOST_COLOURS).astype(np.uint8), "P")
    picture.putpalette([part for colour in colours[:MOST_COLOURS] for part in colour])
    buffer = io.BytesIO()
    options = {} if transparent is None else {"transparency": transparent}
    picture.save(buffer, "PNG", optimize=True, **options)
    return buffer.getvalue()
