import io
import os
import struct
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from dlconv.verify.raster import MOST_PIXELS, PhotoError, read_classes, read_rgb

RAMP = np.add.outer(np.arange(24), np.arange(40))
PIXELS = (RAMP[:, :, None] * np.array([1, 2, 3])).astype(np.uint8)
PICTURE = Image.fromarray(PIXELS)
AVIF = features.check("avif")


def encoded(kind, picture=PICTURE, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def exif():
    made = Image.Exif()
    made[0x0112] = 6
    return made


def seeds():
    coloured = PICTURE.convert("P")
    turned = PICTURE.rotate(9)
    yield encoded("JPEG", exif=exif())
    yield encoded("JPEG", progressive=True)
    yield encoded("PNG", exif=exif())
    yield encoded("PNG", coloured, transparency=b"\x00\x40\x80")
    yield encoded("WEBP", exif=exif())
    yield encoded("WEBP", lossless=True)
    yield encoded("GIF", coloured, save_all=True, append_images=[turned.convert("P")])
    yield encoded("BMP")
    yield encoded("TIFF")
    for compression in ("tiff_lzw", "tiff_deflate", "jpeg"):
        yield encoded("TIFF", compression=compression)
    yield encoded("TIFF", PICTURE.convert("1"), compression="group4")
    if AVIF:
        yield encoded("AVIF")
        yield encoded("AVIF", save_all=True, append_images=[turned])


SEEDS = list(seeds())


@st.composite
def damaged(draw):
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, draw(st.sampled_from([32, 200, 1 << 16]))))
        content[at % len(content)] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.one_of(st.none(), st.integers(0, len(content))))])


def test_whatever_is_damaged_is_read_or_told_of_in_one_line_and_nothing_is_printed(tmp_path, capfd):
    file = tmp_path / "photo.jpg"
    said = []

    @settings(max_examples=300)
    @given(damaged())
    def read(content):
        file.write_bytes(content)
        for how in (read_rgb, lambda path: read_classes(path, (6, 7))):
            try:
                how(file)
            except PhotoError as error:
                said.append(str(error))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        read()
    assert capfd.readouterr() == ("", "")
    assert [line for line in said if "\n" in line or str(file) not in line] == []


def test_each_format_is_read_whatever_it_is_called(tmp_path):
    for content in SEEDS:
        (tmp_path / "photo.jpg").write_bytes(content)
        read = read_rgb(tmp_path / "photo.jpg")
        assert read.mode == "RGB"
        assert sorted(read.size) == [24, 40]


def test_postscript_called_a_photo_starts_no_program(tmp_path, monkeypatch):
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    file = tmp_path / "photo.jpg"
    file.write_bytes(encoded("EPS"))
    with pytest.raises(
        PhotoError, match=r"photo\.jpg: it is PostScript, not JPEG, PNG.*convert it"
    ):
        read_rgb(file)
    assert not (tmp_path / "started").exists()


def media(brand, *others):
    names = b"".join((brand, bytes(4), *others))
    return struct.pack(">I", 8 + len(names)) + b"ftyp" + names


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (media(b"heic", b"mif1", b"heic"), "HEIC"),
        (media(b"mif1", b"mif1", b"heic"), "HEIC"),
        (media(b"msf1", b"msf1"), "HEIF"),
        (media(b"isom", b"mp42"), "a video"),
        (b"\xff\x0a" + bytes(9), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"8BPS\0\1", "Photoshop"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_another_kind_is_said_to_be(tmp_path, content, kind):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(PhotoError, match=f"it is {kind}, not JPEG.*convert it to JPEG or PNG"):
        read_rgb(tmp_path / "photo.jpg")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_modes_of_all_kinds_become_rgb_without_a_word(tmp_path, recwarn, mode):
    picture = PICTURE.convert(mode)
    kind = "PNG" if mode in ("PA", "LA") else "TIFF"
    (tmp_path / "photo").write_bytes(
        encoded(kind, picture.convert("RGBA") if mode == "PA" else picture)
    )
    assert read_rgb(tmp_path / "photo").mode == "RGB"
    assert not recwarn.list


def test_of_16_bits_the_upper_8_count(tmp_path):
    grey = RAMP.astype(np.uint8)
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "photo.png")
    read = np.asarray(read_rgb(tmp_path / "photo.png"))
    assert read.tolist() == np.repeat(grey[:, :, None], 3, axis=2).tolist()


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_mode_without_known_colours_is_refused(tmp_path, mode):
    PICTURE.convert("L").convert(mode).save(tmp_path / "photo.tif")
    with pytest.raises(PhotoError, match=r"cannot read the photo .*photo\.tif"):
        read_rgb(tmp_path / "photo.tif")


def test_a_phone_s_jpeg_of_several_pictures_is_the_first(tmp_path):
    content = encoded("MPO", save_all=True, append_images=[PICTURE.rotate(180)])
    (tmp_path / "photo.jpg").write_bytes(content)
    assert np.asarray(read_rgb(tmp_path / "photo.jpg")).mean() == pytest.approx(
        PIXELS.mean(), abs=2
    )


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (65_535, 65_535), (0, 5)])
def test_a_picture_too_large_or_of_nothing_is_refused_before_it_is_decoded(
    tmp_path, recwarn, width, height
):
    content = bytearray(encoded("BMP"))
    content[18:26] = struct.pack("<ii", width, height)
    (tmp_path / "photo.bmp").write_bytes(content)
    reason = f"more than {MOST_PIXELS:,}" if width else "no pixels|damaged|cannot"
    with pytest.raises(PhotoError, match=reason):
        read_rgb(tmp_path / "photo.bmp")
    assert not recwarn.list


def test_what_pillow_only_warns_of_is_read_without_a_word(tmp_path, recwarn, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 24 - 1)
    (tmp_path / "photo.png").write_bytes(encoded("PNG"))
    assert read_rgb(tmp_path / "photo.png").size == (40, 24)
    assert not recwarn.list
