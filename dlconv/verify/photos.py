"""The photos that artifacts are checked on, and the masks of ground truth that go with them.

A photo is read upright (EXIF), as RGB, and shrunk or enlarged with Pillow so that it fits the
crop: its longest side becomes the crop's, as DeepLab's own demo does. Both the reference and the
artifact see exactly these pixels.

A folder may hold pictures that cannot be read, such as HEIC. They are no photos, and not passed
over in silence either: ``find_skipped`` names them.
"""

import codecs
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlconv.storage.files import digest_of, text_of
from dlconv.verify.raster import (
    CONVERT,
    FORMATS,
    OTHER_PICTURES,
    PhotoError,
    check_file,
    kind_of,
    kind_of_content,
    other_kind_error,
    read_rgb,
)

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}
)
# Files that end so are pictures for people, whatever their first bytes look like.
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
# Where a shell puts what it hands over: <(command), and standard input.
DESCRIPTORS = (Path("/dev/fd"), Path("/proc/self/fd"))


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


def find_photos(paths: list[Path]) -> list[Photo]:
    """Return the photos that files and directories name; directories in order of file names.

    Raises PhotoError for a path that is not there, or that is no photo by its first bytes, and when
    there is not one photo.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        searched = ", ".join(map(str, paths)) or "nowhere"
        raise _no_photos(f"(looked in {searched})", find_skipped(paths))
    return [_photo(file, text_of(Path(file.name))) for file in dict.fromkeys(files)]


def find_dataset(place: Path) -> list[Photo]:
    """Return the photos below a folder, or those that a list names, a path in each line.

    Paths in a list are relative to it; empty lines and those that start with # are left out.
    Raises PhotoError as ``find_photos`` does.
    """
    if not _is_there(place):
        raise PhotoError(f"there is no dataset at {place}")
    folder = place if place.is_dir() else place.parent
    files = _below(place) if place.is_dir() else _listed(place)
    if not files:
        raise _no_photos(f"in {place}", find_skipped([], place))
    return [_photo(file, _name(file, folder)) for file in dict.fromkeys(files)]


def find_skipped(paths: Sequence[Path], dataset: Path | None = None) -> tuple[Skipped, ...]:
    """Return the pictures that are in the folders given and no photos that can be checked."""
    places = [(path, path.iterdir()) for path in paths if path.is_dir()]
    if dataset is not None and dataset.is_dir():
        places.append((dataset, dataset.rglob("*")))
    found = {
        file: Skipped(_name(file, folder), kind)
        for folder, files in places
        for file in sorted(files)
        if (kind := _other_kind(file)) is not None
    }
    return tuple(found.values())


def say_skipped(skipped: Sequence[Skipped]) -> str:
    """Return what is not checked as a line: how many, and the first of them by name."""
    named = [f"{each.name} ({each.kind})" for each in skipped[:MOST_NAMED]]
    more = len(skipped) - len(named)
    return f"{len(skipped):,} skipped: {', '.join(named)}" + (f" and {more:,} more" if more else "")


def skipped_line(skipped: Sequence[Skipped]) -> str:
    """Return what to say of what is not checked before anything is: what, and what to do."""
    return f"{say_skipped(skipped)} (hint: {CONVERT})"


def _no_photos(where: str, skipped: Sequence[Skipped]) -> PhotoError:
    message = f"there are no photos {where}, so nothing can be checked"
    if skipped:
        return PhotoError(f"{message}; {say_skipped(skipped)}", CONVERT)
    return PhotoError(message, "give some with --images DIR or --images FILE")


def _is_there(path: Path) -> bool:
    """Tell whether something is called that; a name too long, or with a NUL, is nobody's."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _photo(file: Path, name: str) -> Photo:
    kind = kind_of(file)
    if kind is not None and kind not in FORMATS:
        raise other_kind_error(file, "the photo", kind)
    return Photo(file, read_digest(file), name)


def _below(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if _is_photo(file))


def _listed(place: Path) -> list[Path]:
    is_handed_over = place == Path("/dev/stdin") or place.parent in DESCRIPTORS
    if not is_handed_over:
        check_file(place)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot read {place}: {error.strerror}") from error
    kind = kind_of_content(content)
    if kind is not None:
        raise PhotoError(f"{place} is {kind}: no folder and no list of photos", "try --images")
    if b"\0" in content:
        raise PhotoError(
            f"{place} is no folder and no list of photos", "a list is UTF-8 text, a path a line"
        )
    text = content.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
    named = (line.strip(" \t\r") for line in text.split("\n"))
    folder = Path() if is_handed_over else place.parent
    return [folder / name for name in named if name and not name.startswith("#")]


def _name(file: Path, folder: Path) -> str:
    return text_of(file.relative_to(folder) if file.is_relative_to(folder) else file)


def with_masks(photos: Iterable[Photo], folder: Path) -> list[Photo]:
    """Give photos the masks that a folder has for them: PNG files of the same names.

    In a dataset with folders, masks may be in folders alike. The masks themselves are no photos, if
    they lie among them. Raises PhotoError when there is no such folder, no mask in it for any of
    the photos, one that could be of several, or one that is no file.
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


def _is_photo(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and file.is_file() and _other_kind(file) is None


def _other_kind(file: Path) -> str | None:
    """Say what a file of a folder is if it is a picture that cannot be checked, else None."""
    suffix = file.suffix.lower()
    if file.is_dir():
        return None
    if not file.is_file():
        return NO_FILE if suffix in SUFFIXES else None
    if suffix in OTHER_SUFFIXES:
        return OTHER_SUFFIXES[suffix]
    try:
        kind = kind_of(file)
    except PhotoError:
        return None
    if suffix in SUFFIXES:
        return None if kind in FORMATS else kind
    return f"{kind}, named otherwise" if kind in (*FORMATS, *OTHER_PICTURES) else None


def _mask_of(photo: Photo, masks: Mapping[str, Path]) -> Path | None:
    name = Path(photo.name).with_suffix("")
    found = masks.get(str(name)) or masks.get(name.name)
    if found is None:
        return None
    check_file(found, "the mask")
    return None if found.samefile(photo.path) else found


def _files(path: Path) -> list[Path]:
    try:
        is_there = path.exists()
    except OSError as error:
        raise PhotoError(f"cannot read {path}: {error.strerror}") from error
    except ValueError:  # a NUL in it
        is_there = False
    if not is_there:
        raise PhotoError(f"there is no photo at {path}")
    if not path.is_dir():
        return [path]
    try:
        return sorted(file for file in path.iterdir() if _is_photo(file))
    except OSError as error:
        raise PhotoError(f"cannot read {path}: {error.strerror}") from error


def read_digest(file: Path) -> str:
    """Return the SHA-256 of a file. Raises PhotoError when it cannot be read."""
    check_file(file)
    try:
        return digest_of(file)
    except OSError as error:
        raise PhotoError(f"cannot read {file}: {error.strerror}") from error


def load_photo(photo: Photo, crop: tuple[int, int] | None) -> np.ndarray:
    """Return the photo as uint8 [1, H, W, 3] RGB with the largest H, W that fit the crop.

    Without a crop it keeps its own size. Raises PhotoError, naming the file, when it is not
    an image that Pillow can read to its end.
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
