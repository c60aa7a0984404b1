"""Photos to calibrate on, as the input of a graph takes them."""

from collections.abc import Sequence

from dlconv.convert.quantize.images import LoadImages
from dlconv.runtimes.framing import framed
from dlconv.verify.photos import Photo, load_photo


def photos_for(photos: Sequence[Photo]) -> LoadImages:
    """Return a function that loads photos as the input of a graph takes them."""
    return lambda contract: [
        framed(load_photo(photo, contract.crop), contract.input) for photo in photos
    ]
