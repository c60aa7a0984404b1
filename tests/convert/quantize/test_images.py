from dataclasses import replace

import numpy as np
import pytest
from support.graphs import graph_def, node, placeholder, tiny_segmenter

from dlconv.cli.words import in_words
from dlconv.convert.quantize.images import (
    ENOUGH_PHOTOS,
    MOST_PHOTOS,
    Calibration,
    load_calibration,
    warnings_about,
)
from dlconv.convert.quantize.synthetic import COUNT, synthetic_images
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

CONTRACT = find_contract(Graph(tiny_segmenter()))


def photos(count, size=(4, 6)):
    random = np.random.default_rng(count)
    return [random.integers(0, 256, (1, *size, 3), np.uint8) for _ in range(count)]


def contract_of(dtype, shape):
    graph = graph_def(placeholder("x", dtype, shape), node("y", "Relu", "x", T=dtype))
    return find_contract(Graph(graph))


@pytest.mark.parametrize("count", [ENOUGH_PHOTOS, MOST_PHOTOS])
def test_photos_are_loaded_for_the_contract_and_are_all_used(count):
    asked = []
    given = photos(count)
    calibration = load_calibration(CONTRACT, lambda contract: asked.append(contract) or given)
    assert asked == [CONTRACT]
    assert calibration.origin == "photos"
    assert calibration.warnings == ()
    assert all(one is other for one, other in zip(calibration.images, given, strict=True))


@pytest.mark.parametrize("count", [MOST_PHOTOS + 1, 64, 65, 1000])
def test_too_many_photos_are_thinned_out_evenly(count):
    given = photos(count, (1, 1))
    used = load_calibration(CONTRACT, lambda _: given).images
    assert ENOUGH_PHOTOS <= len(used) <= MOST_PHOTOS
    numbers = [next(k for k, photo in enumerate(given) if photo is image) for image in used]
    assert numbers[0] == 0
    (step,) = set(np.diff(numbers))
    assert count - numbers[-1] <= step


def test_few_photos_are_said_to_be_few():
    (warning,) = warnings_about(photos(ENOUGH_PHOTOS - 1))
    assert "15 photos" in warning
    assert "fewer than 16" in warning
    assert warnings_about(photos(ENOUGH_PHOTOS)) == []


def test_photos_that_are_all_the_same_count_as_one():
    (warning,) = warnings_about(photos(1) * ENOUGH_PHOTOS)
    assert "all photos to calibrate on are the same" in warning
    assert warnings_about(photos(1) * (ENOUGH_PHOTOS - 1) + photos(2)[:1]) == []


@pytest.mark.parametrize("grey", [0, 255, 100])
def test_photos_that_show_nothing_are_counted(grey):
    flat = np.full((1, 4, 6, 3), grey, np.uint8)
    (warning,) = warnings_about([*photos(14), flat, flat])
    assert warning.startswith("2 of 16 photos to calibrate on show nothing")


def test_black_photos_are_flat_and_all_the_same():
    warnings = warnings_about([np.zeros((1, 4, 6, 3), np.uint8)] * 3)
    assert [warning.split()[0] for warning in warnings] == ["calibrated", "all", "3"]
    assert not any("\n" in warning for warning in warnings)


def test_without_photos_images_are_generated_and_need_no_warning():
    crop = contract_of(np.float32, (1, 20, 30, 3))
    calibration = load_calibration(crop, None)
    assert calibration.origin == "synthetic"
    assert calibration.warnings == ()
    assert len(calibration.images) == COUNT
    for image, generated in zip(calibration.images, synthetic_images((20, 30)), strict=True):
        assert image.dtype == np.float32
        assert np.array_equal(image, generated)


def test_images_of_an_input_of_any_size_have_the_crops():
    calibration = load_calibration(replace(CONTRACT, crop=(9, 7)), None)
    assert {(image.shape, image.dtype.name) for image in calibration.images} == {
        ((1, 9, 7, 3), "uint8")
    }


@pytest.mark.parametrize(
    "contract",
    [
        CONTRACT,
        contract_of(np.int32, (1, 8, 8, 3)),
        contract_of(np.float32, (None, 4)),
        contract_of(np.uint8, (1, 5, 0, 3)),
        contract_of(np.uint8, (1, 5, 2**31, 3)),
    ],
)
def test_for_an_input_that_is_no_image_of_a_known_size_none_are_generated(contract):
    with pytest.raises(DlconvError, match="no images can be generated") as raised:
        load_calibration(contract, None)
    assert in_words(raised.value).endswith("(hint: calibrate on photos: --calibrate DIR)")


def test_the_manifest_tells_calibrations_apart_by_their_pixels():
    images = tuple(photos(3))
    data = Calibration(images, "photos", ("a warning",)).as_data()
    assert (data["images"], data["count"]) == ("photos", 3)
    assert data == Calibration(images, "photos").as_data()
    changed = images[2].copy()
    changed[0, 0, 0, 0] ^= 1
    others = Calibration((*images[:2], changed), "photos").as_data()
    assert len(data["sha256"]) == 64
    assert others["sha256"] != data["sha256"]


@pytest.mark.parametrize(("batch", "batches"), [(4, 2), (3, 3), (8, 1), (20, 1)])
def test_a_fixed_batch_gets_so_many_images_at_a_time(batch, batches):
    contract = contract_of(np.uint8, (batch, 5, 7, 3))
    calibration = load_calibration(contract, None)
    assert [image.shape for image in calibration.images] == [(batch, 5, 7, 3)] * batches
    one_by_one = synthetic_images((5, 7))
    flat = np.concatenate(calibration.images)
    assert all(np.array_equal(image, one_by_one[k % COUNT][0]) for k, image in enumerate(flat))
    assert calibration.as_data()["count"] == batch * batches


def test_photos_of_several_sizes_make_no_batch():
    contract = contract_of(np.uint8, (2, None, None, 3))
    given = [*photos(1, (4, 6)), *photos(1, (6, 4))]
    with pytest.raises(DlconvError, match="x takes 2 images at a time, and these are not of one"):
        load_calibration(contract, lambda _: given)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_an_input_in_grey_gets_grey_images(dtype):
    (image, *_) = load_calibration(contract_of(dtype, (1, 33, 17, 1)), None).images
    colour = synthetic_images((33, 17))[0]
    assert (image.shape, image.dtype) == ((1, 33, 17, 1), dtype)
    assert np.abs(image[..., 0] - colour @ [0.299, 0.587, 0.114]).max() <= 0.5


@pytest.mark.parametrize("shape", [(1, 5, 5, 4), (1, 5)])
def test_an_input_that_takes_no_images_is_refused(shape):
    with pytest.raises(
        DlconvError, match=r"x takes \[1, 5.*\], which are not images in colour or grey"
    ):
        load_calibration(contract_of(np.uint8, shape), lambda _: photos(1))


def test_an_image_of_one_pixel_has_a_colour():
    assert all(image.shape == (1, 1, 1, 3) for image in synthetic_images((1, 1)))


@pytest.mark.parametrize("batch", [0, 257, 2**31 - 1])
def test_a_batch_that_no_images_are_made_for_is_refused(batch):
    with pytest.raises(DlconvError, match="images at a time, which cannot be calibrated"):
        load_calibration(contract_of(np.uint8, (batch, 5, 7, 3)), None)
