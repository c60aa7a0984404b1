"""The photos that artifacts are checked on, and the masks of ground truth that go with them.

A photo is read upright (EXIF), as RGB, and shrunk or enlarged with Pillow so that it fits the
crop: its longest side becomes the crop's, as DeepLab's own demo does. Both the reference and the
artifact see exactly these pixels.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError, UsageError
from dlconv.files import digest_of

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})


class PhotoError(DlconvError):
    """A photo that was asked for cannot be read."""


@dataclass(frozen=True)
class Photo:
    """A photo on disk, the SHA-256 of its file, what reports call it, and its mask, if any."""

    path: Path
    sha256: str
    name: str
    mask: Path | None = None


def find_photos(paths: list[Path]) -> list[Photo]:
    """Return the photos that files and directories name; directories in order of file names.

    Raises UsageError when a path does not exist, DlconvError when there is not one photo.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        searched = ", ".join(map(str, paths)) or "nowhere"
        raise DlconvError(
            f"there are no photos, so nothing can be checked (looked in {searched})",
            "give some with --images DIR or --images FILE",
        )
    return [Photo(file, read_digest(file), file.name) for file in dict.fromkeys(files)]


def find_dataset(place: Path) -> list[Photo]:
    """Return the photos below a folder, or those that a list names, a path in each line.

    Paths in a list are relative to it; empty lines and those that start with # are left out.
    Raises UsageError when there is no such place, DlconvError when there is not one photo.
    """
    if not place.exists():
        raise UsageError(f"there is no dataset at {place}")
    folder = place if place.is_dir() else place.parent
    files = _below(place) if place.is_dir() else _listed(place)
    if not files:
        raise DlconvError(f"there are no photos in {place}, so nothing can be checked")
    return [Photo(file, read_digest(file), _name(file, folder)) for file in dict.fromkeys(files)]


def _below(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)


def _listed(place: Path) -> list[Path]:
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{place} is no folder and no list of photos") from error
    named = (line.strip() for line in lines)
    return [place.parent / name for name in named if name and not name.startswith("#")]


def _name(file: Path, folder: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def with_masks(photos: Iterable[Photo], folder: Path) -> list[Photo]:
    """Give photos the masks, PNG files of the same names, that a folder has for them.

    The masks themselves are no photos, if they lie among them. Raises UsageError when there is no
    such folder, or no mask in it for any of the photos.
    """
    masks = {path.stem: path for path in folder.glob("*.png")}
    drawn = {path.resolve() for path in masks.values()}
    found = [
        replace(photo, mask=masks.get(photo.path.stem))
        for photo in photos
        if photo.path.resolve() not in drawn
    ]
    if not any(photo.mask for photo in found):
        raise UsageError(f"there is no mask (*.png) of any of the photos in {folder}")
    return found


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not path.exists():
        raise UsageError(f"there is no photo at {path}")
    return [path]


def read_digest(file: Path) -> str:
    """Return the SHA-256 of a file. Raises PhotoError when it cannot be read."""
    try:
        return digest_of(file)
    except OSError as error:
        raise PhotoError(f"cannot read {file}: {error.strerror}") from error


def load_photo(photo: Photo, crop: tuple[int, int] | None) -> np.ndarray:
    """Return the photo as uint8 [1, H, W, 3] RGB with the largest H, W that fit the crop.

    Without a crop it keeps its own size. Raises PhotoError, naming the file, when it is not
    an image that Pillow can read to its end.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(photo.path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            if crop is not None:
                size = _fitting_size(upright.size, crop)
                upright = upright.resize(size, Image.Resampling.LANCZOS)
            return np.asarray(upright, np.uint8)[None]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoError(
            f"cannot read the photo {photo.path}: {error}", "remove it or replace it"
        ) from error


def _fitting_size(size: tuple[int, int], crop: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    ratio = min(crop[0] / height, crop[1] / width)
    return max(1, int(width * ratio)), max(1, int(height * ratio))
