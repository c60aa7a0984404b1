"""Opening pictures by their content, not their names, and only those of a few formats.

A file's first bytes say its format, and only that format's decoder gets it. Left to itself, Pillow
would try dozens of them, and start another program for some. Whatever a decoder raises over a
damaged file becomes a PhotoError; Pillow's warnings are ignored. Of an animated picture the first
frame is read.
"""

import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlconv.errors import DlconvError
from dlconv.tensorflow import quiet_standard_error

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
SAID = "JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"
OTHER_PICTURES = ("HEIC", "HEIF", "JPEG XL", "JPEG 2000", "Photoshop")
CONVERT = "convert it to JPEG or PNG"
# The most pixels that Pillow opens by default.
MOST_PIXELS = 178_956_970
HEAD_BYTES = 64
DEEP_GREYS = ("I;16", "I;16L", "I;16B", "I;16N")
CLASS_MODES = ("P", "L")

_FIRST_BYTES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs")
_STILL_BRANDS = (b"mif1", b"msf1", b"mif2")


class PhotoError(DlconvError):
    """A photo that was asked for cannot be read."""


def check_file(path: Path, what: str = "") -> None:
    """Raise PhotoError for a path that is not a file: nothing, a folder, a pipe or a device."""
    called = f"{what} {path}".lstrip()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise PhotoError(f"cannot read {called}: {error.strerror}") from error
    except ValueError as error:
        raise PhotoError(f"cannot read {called}: there is no such file") from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise PhotoError(f"cannot read {called}: it is {kind}, not a file")


def kind_of(path: Path) -> str | None:
    """Return what kind of picture or video a file is by its first bytes, None for others.

    Raises PhotoError when it cannot be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return kind_of_content(file.read(HEAD_BYTES))
    except OSError as error:
        raise PhotoError(f"cannot read {path}: {error.strerror}") from error


def kind_of_content(content: bytes) -> str | None:
    """Return what kind of picture or video begins with these bytes, None for others."""
    head = content[:HEAD_BYTES]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and head[15:18] == bytes(3):
        return "BMP"
    if head[4:8] == b"ftyp":
        return _kind_of_media(head)
    return next((kind for first, kind in _FIRST_BYTES if head.startswith(first)), None)


def _kind_of_media(head: bytes) -> str:
    """Return the kind of an ISO media file by the brands that it lists, the main one first."""
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, len(head), 4))]
    if any(brand in _HEIC_BRANDS for brand in brands):
        return "HEIC"
    if any(brand in _AVIF_BRANDS for brand in brands):
        return "AVIF"
    return "HEIF" if brands[0] in _STILL_BRANDS else "a video"


def read_rgb(path: Path, what: str = "the photo") -> "Image.Image":
    """Return a picture upright (EXIF) and as RGB.

    Of 16 bits the upper 8 are kept, and transparency is ignored. Raises PhotoError, naming the
    file, when it is not a picture or cannot be read completely.
    """
    from PIL import ImageOps

    with _opened(path, what) as image:
        upright = ImageOps.exif_transpose(image)
        return _shallow(upright).convert("RGB")


def read_classes(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Return a mask, a picture of class indices, as int32 [H, W], resized to a height and width.

    Raises PhotoError when it cannot be read completely, or has colours.
    """
    from PIL import Image

    with _opened(path, "the mask") as picture:
        if picture.mode not in CLASS_MODES:
            raise PhotoError(f"the mask {path} has colours ({picture.mode}), not classes")
        resized = picture.resize(size[::-1], Image.Resampling.NEAREST)
        return np.asarray(resized, np.int32)


def _shallow(image: "Image.Image") -> "Image.Image":
    """Return a picture whose greys have 8 bits. Raises ValueError if their range is unknown."""
    from PIL import Image

    if image.mode in DEEP_GREYS:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError("its greys have 32 bits")
    return image


@contextmanager
def _opened(path: Path, what: str) -> "Iterator[Image.Image]":
    """Yield a picture; whatever a decoder raises in the block becomes a PhotoError."""
    from PIL import Image

    check_file(path, what)
    kind = kind_of(path)
    if kind not in FORMATS:
        raise other_kind_error(path, what, kind)
    warnings.filterwarnings("ignore", module=r"PIL\b")
    failure: PhotoError | None = None
    # libtiff also writes its errors to standard error.
    with quiet_standard_error() if kind == "TIFF" else nullcontext():
        try:
            with Image.open(path, formats=[kind]) as image:
                _check_size(*image.size)
                yield image
        except PhotoError as error:
            failure = error
        except Exception as error:
            hint = "remove it or replace it"
            failure = PhotoError(f"cannot read {what} {path}: {_reason(error)}", hint)
            failure.__cause__ = error
    if failure is not None:
        raise failure


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels, more than {MOST_PIXELS:,}")
    if not width * height:
        raise ValueError("it has no pixels")


def _reason(error: Exception) -> str:
    """Return the reason of an error, in Pillow's words where they are meant for people."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {MOST_PIXELS:,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return "it is damaged"
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    return str(error) or "it is damaged"


def other_kind_error(path: Path, what: str, kind: str | None) -> PhotoError:
    """Return the error for a file of an unsupported or unknown kind."""
    if kind is None:
        reason, hint = f"it is not {SAID}", "remove it or replace it"
    else:
        reason, hint = f"it is {kind}, not {SAID}", CONVERT
    return PhotoError(f"cannot read {what} {path}: {reason}", hint)
