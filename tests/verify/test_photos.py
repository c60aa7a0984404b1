import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlconv.cli.words import in_words
from dlconv.errors import DlconvError
from dlconv.verify.photos import (
    PhotoError,
    find_photos,
    find_pictures,
    load_photo,
    with_masks,
)

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def dataset_at(place):
    return list(find_pictures([], place).photos)


def saved(path, size=(40, 20), mode="RGB", **options):
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **options)
    return path


def test_a_folder_stands_for_its_pictures_in_order_of_names(tmp_path):
    for name in ("b.png", "a.JPG", "c.webp"):
        saved(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a photo")
    photos = find_photos([tmp_path])
    assert [photo.path.name for photo in photos] == ["a.JPG", "b.png", "c.webp"]
    expected = hashlib.sha256((tmp_path / "b.png").read_bytes()).hexdigest()
    assert photos[1].sha256 == expected


def test_a_photo_given_twice_counts_once(tmp_path):
    photo = saved(tmp_path / "a.png")
    assert len(find_photos([photo, tmp_path])) == 1


def test_an_empty_folder_gives_nothing_to_check(tmp_path):
    with pytest.raises(DlconvError, match="no photos") as caught:
        find_photos([tmp_path])
    assert "--images" in in_words(caught.value)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(PhotoError, match="no photo at"):
        find_photos([tmp_path / "gone.jpg"])


def test_a_dataset_is_all_that_is_below_a_folder(tmp_path):
    for name in ("b.jpg", "a.png", "deep/er/c.JPG"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        saved(tmp_path / name)
    names = [photo.name for photo in dataset_at(tmp_path)]
    assert names == ["a.png", "b.jpg", "deep/er/c.JPG"]


def test_a_dataset_is_what_a_list_names(tmp_path):
    (tmp_path / "far").mkdir()
    for name in ("far/b.jpg", "a.png"):
        saved(tmp_path / name)
    elsewhere = tmp_path / "far" / "b.jpg"
    listed = tmp_path / "val.txt"
    listed.write_text(f"# the validation set\n\n a.png\n{elsewhere}\nfar/b.jpg\n")
    assert [photo.name for photo in dataset_at(listed)] == ["a.png", "far/b.jpg"]


def test_what_is_no_dataset_is_said(tmp_path):
    with pytest.raises(PhotoError, match="no dataset at"):
        dataset_at(tmp_path / "gone")
    with pytest.raises(DlconvError, match="no photos in"):
        dataset_at(tmp_path)
    with pytest.raises(PhotoError, match="no folder and no list"):
        dataset_at(saved(tmp_path / "a.png"))
    (tmp_path / "list.txt").write_text("gone.jpg\n")
    with pytest.raises(PhotoError, match=r"cannot read .*gone\.jpg"):
        dataset_at(tmp_path / "list.txt")


def test_photos_get_the_masks_of_their_names(tmp_path):
    photos = find_photos([saved(tmp_path / "a.jpg"), saved(tmp_path / "b.jpg")])
    (tmp_path / "masks").mkdir()
    mask = saved(tmp_path / "masks" / "b.png", mode="L")
    assert [photo.mask for photo in with_masks(photos, mask.parent)] == [None, mask]
    among = [*photos, *find_photos([mask.parent])]
    assert [photo.name for photo in with_masks(among, mask.parent)] == ["a.jpg", "b.jpg"]
    for folder, said in ((tmp_path / "gone", "there is no folder"), (tmp_path, "there is no mask")):
        with pytest.raises(PhotoError, match=said):
            with_masks(photos, folder)


def test_masks_may_be_in_folders_as_the_photos_are(tmp_path):
    for name in ("photos/a/1.jpg", "photos/b/1.jpg", "masks/a/1.png", "masks/b/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        saved(tmp_path / name, mode="L")
    photos = dataset_at(tmp_path / "photos")
    masks = [photo.mask for photo in with_masks(photos, tmp_path / "masks")]
    assert masks == [tmp_path / "masks/a/1.png", tmp_path / "masks/b/1.png"]
    (tmp_path / "masks/a/1.png").rename(tmp_path / "masks/1.png")
    (tmp_path / "masks/b/1.png").unlink()
    with pytest.raises(PhotoError, match="2 photos have the name of the mask"):
        with_masks(photos, tmp_path / "masks")


def test_a_folder_that_is_named_like_a_photo_is_none(tmp_path):
    (tmp_path / "holiday.jpg").mkdir()
    saved(tmp_path / "a.jpg")
    assert [photo.name for photo in dataset_at(tmp_path)] == ["a.jpg"]
    assert [photo.name for photo in find_photos([tmp_path])] == ["a.jpg"]


@pytest.mark.parametrize(
    ("size", "crop", "shape"),
    [
        ((40, 20), (80, 80), (40, 80)),
        ((20, 40), (80, 80), (80, 40)),
        ((500, 375), (513, 513), (384, 513)),
        ((2048, 1024), (1025, 2049), (1024, 2049)),
        ((1000, 1), (100, 100), (1, 100)),
    ],
)
def test_the_longest_side_becomes_the_crop(tmp_path, size, crop, shape):
    (photo,) = find_photos([saved(tmp_path / "a.png", size)])
    image = load_photo(photo, crop)
    assert image.shape == (1, *shape, 3)
    assert image.dtype == np.uint8


def test_without_a_crop_the_size_stays(tmp_path):
    (photo,) = find_photos([saved(tmp_path / "a.png", (31, 17))])
    assert load_photo(photo, None).shape == (1, 17, 31, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    (photo,) = find_photos([saved(tmp_path / "a.tif", mode=mode)])
    assert load_photo(photo, (16, 16)).shape == (1, 8, 16, 3)


def test_a_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    (photo,) = find_photos([saved(tmp_path / "a.jpg", (40, 20), exif=exif)])
    assert load_photo(photo, None).shape == (1, 40, 20, 3)


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    whole = saved(tmp_path / "whole.jpg").read_bytes()
    for name, content in (("text.jpg", b"hello"), ("half.jpg", whole[: len(whole) // 2])):
        (tmp_path / name).write_bytes(content)
        (photo,) = find_photos([tmp_path / name])
        with pytest.raises(PhotoError, match=name):
            load_photo(photo, (16, 16))


def test_pictures_of_a_folder_that_cannot_be_read_are_named(tmp_path):
    saved(tmp_path / "a.jpg")
    (tmp_path / "b.heic").write_bytes(b"")
    (tmp_path / "c.jpg").write_bytes(HEIC)
    saved(tmp_path / "d.jpg").rename(tmp_path / "d")
    (tmp_path / "e.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "f.png")
    (tmp_path / "notes.txt").write_text("not a photo")
    assert [photo.name for photo in find_photos([tmp_path])] == ["a.jpg"]
    skipped = find_pictures([tmp_path]).skipped
    assert [(each.name, each.kind) for each in skipped] == [
        ("b.heic", "HEIC"),
        ("c.jpg", "HEIC"),
        ("d", "JPEG, named otherwise"),
        ("e.png", "no file"),
        ("f.png", "no file"),
    ]
    assert find_pictures([], tmp_path).skipped == skipped
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(DlconvError, match=r"5 skipped: b\.heic \(HEIC\), .*convert it to JPEG"):
        find_photos([tmp_path])


@pytest.mark.parametrize("is_dataset", [False, True])
def test_each_file_is_opened_once(tmp_path, monkeypatch, is_dataset):
    for name in ("a.jpg", "b.png"):
        saved(tmp_path / name)
    (tmp_path / "c.jpg").write_bytes(HEIC)
    (tmp_path / "notes.txt").write_text("not a photo")
    opened = []
    real = Path.open

    def noted(path, *arguments, **options):
        opened.append(path.name)
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", noted)
    found = find_pictures([], tmp_path) if is_dataset else find_pictures([tmp_path])
    assert [photo.name for photo in found.photos] == ["a.jpg", "b.png"]
    assert [each.name for each in found.skipped] == ["c.jpg"]
    assert opened == ["a.jpg", "b.png", "c.jpg", "notes.txt"]


@pytest.mark.parametrize(
    ("name", "said"), [("x" * 300, "cannot read .*: File name too long"), ("a\0b", "there is no ")]
)
def test_nothing_is_called_by_a_name_that_cannot_be(tmp_path, name, said):
    photo = saved(tmp_path / "a.png")
    for find in (
        lambda: find_photos([tmp_path / name]),
        lambda: dataset_at(tmp_path / name),
        lambda: with_masks(find_photos([photo]), tmp_path / name),
    ):
        with pytest.raises(PhotoError, match=said):
            find()


def test_a_photo_of_another_kind_that_is_named_is_refused_at_once(tmp_path):
    (tmp_path / "c.jpg").write_bytes(HEIC)
    (tmp_path / "list.txt").write_text("c.jpg\n")
    with pytest.raises(PhotoError, match=r"c\.jpg: it is HEIC.*convert it"):
        find_photos([tmp_path / "c.jpg"])
    with pytest.raises(PhotoError, match=r"c\.jpg: it is HEIC.*convert it"):
        dataset_at(tmp_path / "list.txt")


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "loop"])
def test_what_is_no_file_is_never_waited_for(tmp_path, monkeypatch, kind):
    photo = saved(tmp_path / "photo.png")
    place = tmp_path / "masks" / "photo.png"
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "socket":
            monkeypatch.chdir(place.parent)
            listening.bind(place.name)
        else:
            place.symlink_to("/dev/zero" if kind == "device" else place.name)
    (tmp_path / "list.txt").write_text("masks/photo.png\n")
    for read in (
        lambda: find_photos([place]),
        lambda: dataset_at(place),
        lambda: dataset_at(tmp_path / "list.txt"),
        lambda: with_masks(find_photos([photo]), place.parent),
    ):
        with pytest.raises(PhotoError, match=r"cannot read|there is no"):
            read()
    saved(place.parent / "b.png")
    assert [each.kind for each in find_pictures([place.parent]).skipped] == ["no file"]


def test_names_that_are_no_utf_8_are_texts_and_find_their_masks(tmp_path):
    name = os.fsdecode(b"ph\xffoto.png")
    saved(tmp_path / name)
    (tmp_path / "masks").mkdir()
    mask = saved(tmp_path / "masks" / name, mode="L")
    (tmp_path / "list.txt").write_bytes(b"ph\xffoto.png\n")
    for photos in (find_photos([tmp_path]), dataset_at(tmp_path / "list.txt")):
        assert [photo.name for photo in photos] == [r"ph\xffoto.png"]
        assert [photo.mask for photo in with_masks(photos, mask.parent)] == [mask]


def test_a_list_of_any_editor_is_read(tmp_path):
    for name in ("a.png", "b c.png", "d\u2028e.png"):
        saved(tmp_path / name)
    listed = tmp_path / "list.txt"
    listed.write_bytes("\ufeff# ours\r\na.png\r\n\r\n\t b c.png \r\na.png\nd\u2028e.png".encode())
    assert [photo.name for photo in dataset_at(listed)] == ["a.png", "b c.png", "d\u2028e.png"]


@pytest.mark.parametrize("content", [b"a\0b.png", "a.png".encode("utf-16"), bytes(99)])
def test_what_is_no_text_is_no_list(tmp_path, content):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(PhotoError, match="no folder and no list of photos"):
        dataset_at(tmp_path / "list.txt")


@pytest.mark.parametrize("entry", ["", "x" * 300, "photos"])
def test_what_a_list_names_has_to_be_a_file(tmp_path, entry):
    (tmp_path / "photos").mkdir()
    (tmp_path / "list.txt").write_text(f"./{entry}\n")
    with pytest.raises(PhotoError, match="cannot read"):
        dataset_at(tmp_path / "list.txt")


def test_a_list_may_come_out_of_a_pipe(tmp_path):
    saved(tmp_path / "a.png")
    command = "import sys; from pathlib import Path; from dlconv.verify.photos import find_pictures"
    command += "; print([each.path.name for each in find_pictures([], Path(sys.argv[1])).photos])"
    listing = f"{sys.executable} -c '{command}' <(echo {tmp_path / 'a.png'})"
    answer = subprocess.run(["bash", "-c", listing], capture_output=True, text=True)
    assert answer.stdout == "['a.png']\n", answer.stderr
