"""The photos that artifacts are checked on, and the masks of ground truth that go with them.

A photo is read upright (EXIF), as RGB, and shrunk or enlarged with Pillow so that it fits the
crop: its longest side becomes the crop's, as DeepLab's own demo does. Both the reference and the
artifact see exactly these pixels.

A folder may hold pictures of unsupported formats, such as HEIC. They are not checked, but listed as
skipped. Each file is opened once for all of this.
"""

import codecs
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlconv.storage.files import digest_of, digest_of_rest, is_handed_over, text_of
from dlconv.verify.raster import (
    CONVERT,
    FORMATS,
    HEAD_BYTES,
    OTHER_PICTURES,
    PhotoError,
    check_file,
    kind_of_content,
    other_kind_error,
    read_rgb,
)

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}
)
# Files with these endings count as pictures, whatever their first bytes look like.
OTHER_SUFFIXES = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), "raw"),
    **dict.fromkeys((".jp2", ".j2k"), "JPEG 2000"),
    ".jxl": "JPEG XL",
    ".psd": "Photoshop",
    ".svg": "SVG",
    ".eps": "PostScript",
}
NO_FILE = "no file"
MOST_NAMED = 5


@dataclass(frozen=True)
class Photo:
    """A photo on disk, the SHA-256 of its file, what reports call it, and its mask, if any."""

    path: Path
    sha256: str
    name: str
    mask: Path | None = None


@dataclass(frozen=True)
class Skipped:
    """A picture among the photos that was not checked."""

    name: str
    """The file's name, or its path in the dataset."""
    kind: str
    """What it is, such as ``HEIC``."""


@dataclass(frozen=True)
class Pictures:
    """What was found at paths: photos that can be checked, and pictures that cannot."""

    photos: tuple[Photo, ...]
    skipped: tuple[Skipped, ...] = ()


Found = dict[Path, Photo | Skipped]


def find_pictures(paths: Sequence[Path], dataset: Path | None = None) -> Pictures:
    """Return the pictures at paths, in folders by file name, and those of a dataset.

    A dataset is a folder with all its subfolders, or a text file with a path on each line. Paths in
    a list are relative to it; empty lines and those that start with # are ignored.

    Raises PhotoError for a path that does not exist or whose first bytes are not those of a photo,
    and when there are no photos at the paths or in the dataset.
    """
    found: Found = {}
    if paths or dataset is None:
        found |= _at(paths)
    if dataset is not None:
        found |= _in_dataset(dataset)
    return _sorted_out(found)


def find_photos(paths: Sequence[Path]) -> list[Photo]:
    """Return only the photos at paths. Raises what ``find_pictures`` raises."""
    return list(find_pictures(paths).photos)


def _at(paths: Sequence[Path]) -> Found:
    for path in paths:
        if not _is_there(path):
            raise PhotoError(f"there is no photo at {path}")
    found: Found = {}
    for path in paths:
        if path.is_dir():
            found |= _in_folder(path)
        else:
            found[path] = _named_photo(path, text_of(Path(path.name)))
    searched = ", ".join(map(str, paths)) or "nowhere"
    _refuse_without_photos(f"(looked in {searched})", found)
    return found


def _in_dataset(place: Path) -> Found:
    if not _is_there(place):
        raise PhotoError(f"there is no dataset at {place}")
    if place.is_dir():
        found = _in_folder(place, is_deep=True)
    else:
        found = {file: _named_photo(file, _name(file, place.parent)) for file in _listed(place)}
    _refuse_without_photos(f"in {place}", found)
    return found


def _in_folder(folder: Path, is_deep: bool = False) -> Found:
    try:
        listed = sorted(folder.rglob("*") if is_deep else folder.iterdir())
    except OSError as error:
        raise PhotoError(f"cannot read {folder}: {error.strerror}") from error
    looked_at = {file: _photo_or_other(file, _name(file, folder)) for file in listed}
    return {file: each for file, each in looked_at.items() if each is not None}


def _sorted_out(found: Found) -> Pictures:
    return Pictures(
        photos=tuple(each for each in found.values() if isinstance(each, Photo)),
        skipped=tuple(each for each in found.values() if isinstance(each, Skipped)),
    )


def say_skipped(skipped: Sequence[Skipped]) -> str:
    """Return a line about skipped pictures: how many, and the names of the first."""
    named = [f"{each.name} ({each.kind})" for each in skipped[:MOST_NAMED]]
    more = len(skipped) - len(named)
    return f"{len(skipped):,} skipped: {', '.join(named)}" + (f" and {more:,} more" if more else "")


def skipped_line(skipped: Sequence[Skipped]) -> str:
    """Return the line to print about skipped pictures before the check starts, with a hint."""
    return f"{say_skipped(skipped)} (hint: {CONVERT})"


def _refuse_without_photos(where: str, found: Found) -> None:
    pictures = _sorted_out(found)
    if pictures.photos:
        return
    message = f"there are no photos {where}, so nothing can be checked"
    if pictures.skipped:
        raise PhotoError(f"{message}; {say_skipped(pictures.skipped)}", CONVERT)
    raise PhotoError(message, "give some", code="no-photos")


def _is_there(path: Path) -> bool:
    """Return whether a path exists; a path with a NUL never does.

    Raises PhotoError where that cannot be determined, as for a name that is too long.
    """
    try:
        return path.exists()
    except ValueError:
        return False
    except OSError as error:
        raise PhotoError(f"cannot read {path}: {error.strerror}") from error


def _listed(place: Path) -> list[Path]:
    if not is_handed_over(place):
        check_file(place)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot read {place}: {error.strerror}") from error
    kind = kind_of_content(content)
    if kind is not None:
        raise PhotoError(
            f"{place} is {kind}: no folder and no list of photos",
            "give it as an image",
            code="no-list",
        )
    if b"\0" in content:
        raise PhotoError(
            f"{place} is no folder and no list of photos", "a list is UTF-8 text, a path a line"
        )
    text = content.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
    named = (line.strip(" \t\r") for line in text.split("\n"))
    folder = Path() if is_handed_over(place) else place.parent
    return [folder / name for name in named if name and not name.startswith("#")]


def _name(file: Path, folder: Path) -> str:
    return text_of(file.relative_to(folder) if file.is_relative_to(folder) else file)


def with_masks(photos: Iterable[Photo], folder: Path) -> list[Photo]:
    """Give photos the masks that a folder has for them: PNG files of the same names.

    For a dataset with subfolders, masks may lie in subfolders of the same names. Masks that lie
    among the photos are not photos themselves. Raises PhotoError when the folder does not exist,
    has no mask for any of the photos, or has one that several photos match or that is not a file.
    """
    if not _is_there(folder):
        raise PhotoError(f"there is no folder of masks at {folder}")
    masks = {_name(path.with_suffix(""), folder): path for path in folder.rglob("*.png")}
    paired = [replace(photo, mask=_mask_of(photo, masks)) for photo in photos]
    drawn = {photo.mask.resolve() for photo in paired if photo.mask}
    found = [photo for photo in paired if photo.path.resolve() not in drawn]
    owners = Counter(photo.mask for photo in found if photo.mask)
    for mask, count in owners.most_common(1):
        if count > 1:
            raise PhotoError(f"{count} photos have the name of the mask {mask}")
    if not any(photo.mask for photo in found):
        raise PhotoError(f"there is no mask (*.png) of any of the photos in {folder}")
    return found


def _named_photo(file: Path, name: str) -> Photo:
    kind, sha256 = _kind_and_digest(file)
    if kind is not None and kind not in FORMATS:
        raise other_kind_error(file, "the photo", kind)
    return Photo(file, sha256, name)


def _photo_or_other(file: Path, name: str) -> Photo | Skipped | None:
    """Tell what a file of a folder is: a photo, a picture that cannot be checked, or neither."""
    suffix = file.suffix.lower()
    may_be_photo = suffix in SUFFIXES
    if file.is_dir():
        return None
    if not file.is_file():
        return Skipped(name, NO_FILE) if may_be_photo else None
    if suffix in OTHER_SUFFIXES:
        return Skipped(name, OTHER_SUFFIXES[suffix])
    try:
        kind, sha256 = _kind_and_digest(file, may_be_photo)
    except PhotoError:
        if may_be_photo:
            raise
        return None
    if may_be_photo and (kind is None or kind in FORMATS):
        return Photo(file, sha256, name)
    if may_be_photo:
        return Skipped(name, str(kind))
    is_picture = kind in (*FORMATS, *OTHER_PICTURES)
    return Skipped(name, f"{kind}, named otherwise") if is_picture else None


def _kind_and_digest(file: Path, may_be_photo: bool = True) -> tuple[str | None, str]:
    """Return the kind of a file by its first bytes, and its SHA-256, "" if it is not a photo.

    Raises PhotoError when it cannot be read.
    """
    check_file(file)
    try:
        with file.open("rb") as opened:
            kind = kind_of_content(opened.read(HEAD_BYTES))
            if not may_be_photo or kind not in (None, *FORMATS):
                return kind, ""
            opened.seek(0)
            return kind, digest_of_rest(opened)
    except OSError as error:
        raise PhotoError(f"cannot read {file}: {error.strerror}") from error


def _mask_of(photo: Photo, masks: Mapping[str, Path]) -> Path | None:
    name = Path(photo.name).with_suffix("")
    found = masks.get(str(name)) or masks.get(name.name)
    if found is None:
        return None
    check_file(found, "the mask")
    return None if found.samefile(photo.path) else found


def read_digest(file: Path) -> str:
    """Return the SHA-256 of a file. Raises PhotoError when it cannot be read."""
    check_file(file)
    try:
        return digest_of(file)
    except OSError as error:
        raise PhotoError(f"cannot read {file}: {error.strerror}") from error


def load_photo(photo: Photo, crop: tuple[int, int] | None) -> np.ndarray:
    """Return the photo as uint8 [1, H, W, 3], RGB, with the largest H and W that fit the crop.

    Without a crop it keeps its own size. Raises PhotoError, naming the file, when Pillow cannot
    read it completely.
    """
    from PIL import Image

    upright = read_rgb(photo.path)
    if crop is not None:
        upright = upright.resize(_fitting_size(upright.size, crop), Image.Resampling.LANCZOS)
    return np.asarray(upright, np.uint8)[None]


def _fitting_size(size: tuple[int, int], crop: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    ratio = min(crop[0] / height, crop[1] / width)
    return max(1, int(width * ratio)), max(1, int(height * ratio))
