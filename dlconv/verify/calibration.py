"""Photos to calibrate on, as the input of a graph takes them."""

from pathlib import Path

from dlconv.convert.quantize.scheme import LoadImages
from dlconv.runtimes.framing import framed
from dlconv.verify.photos import find_photos, load_photo


def photos_for(paths: list[Path]) -> LoadImages:
    """Return what loads photos as the input of a graph takes them. Raises what find_photos does."""
    photos = find_photos(paths)
    return lambda contract: [
        framed(load_photo(photo, contract.crop), contract.input) for photo in photos
    ]
