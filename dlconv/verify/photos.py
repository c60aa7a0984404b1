"""The photos that artifacts are checked on.

A photo is read upright (EXIF), as RGB, and shrunk or enlarged with Pillow so that it fits the
crop: its longest side becomes the crop's, as DeepLab's own demo does. Both the reference and the
artifact see exactly these pixels.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError, UsageError
from dlconv.files import digest_of

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})


class PhotoError(DlconvError):
    """A photo that was asked for cannot be read."""


@dataclass(frozen=True)
class Photo:
    """A photo on disk and the SHA-256 of its file."""

    path: Path
    sha256: str


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
    return [Photo(file, _digest(file)) for file in dict.fromkeys(files)]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not path.exists():
        raise UsageError(f"there is no photo at {path}")
    return [path]


def _digest(file: Path) -> str:
    try:
        return digest_of(file)
    except OSError as error:
        raise PhotoError(f"cannot read the photo {file}: {error.strerror}") from error


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
