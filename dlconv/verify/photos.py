"""The photos that artifacts are checked on, and the masks of ground truth that go with them.

A photo is read upright (EXIF), as RGB, and shrunk or enlarged with Pillow so that it fits the
crop: its longest side becomes the crop's, as DeepLab's own demo does. Both the reference and the
artifact see exactly these pixels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
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
    return sorted(file for file in folder.rglob("*") if _is_photo(file))


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
    """Give photos the masks that a folder has for them: PNG files of the same names.

    In a dataset with folders, masks may be in folders alike. The masks themselves are no photos, if
    they lie among them. Raises UsageError when there is no such folder, no mask in it for any of
    the photos, or one that could be of several.
    """
    masks = {path.relative_to(folder).with_suffix(""): path for path in folder.rglob("*.png")}
    paired = [replace(photo, mask=_mask_of(photo, masks)) for photo in photos]
    drawn = {photo.mask.resolve() for photo in paired if photo.mask}
    found = [photo for photo in paired if photo.path.resolve() not in drawn]
    owners = Counter(photo.mask for photo in found if photo.mask)
    for mask, count in owners.most_common(1):
        if count > 1:
            raise UsageError(f"{count} photos have the name of the mask {mask}")
    if not any(photo.mask for photo in found):
        raise UsageError(f"there is no mask (*.png) of any of the photos in {folder}")
    return found


def _is_photo(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and file.is_file()


def _mask_of(photo: Photo, masks: Mapping[Path, Path]) -> Path | None:
    name = Path(photo.name).with_suffix("")
    found = masks.get(name) or masks.get(Path(name.name))
    return None if found is None or found.samefile(photo.path) else found


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if _is_photo(file))
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
