from dataclasses import replace

import numpy as np
import pytest
from support.graphs import graph_def, node, placeholder, tiny_segmenter

from dlconv.convert.quantize.images import (
    ENOUGH_PHOTOS,
    MOST_PHOTOS,
    Calibration,
    load_calibration,
    warnings_about,
)
from dlconv.convert.quantize.synthetic import COUNT, synthetic_images
from dlconv.errors import DlconvError
from dlconv.inspect.contract import find_contract
from dlconv.inspect.graph import Graph

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
    "contract", [CONTRACT, contract_of(np.int32, (1, 8, 8, 3)), contract_of(np.float32, (None, 4))]
)
def test_for_an_input_that_is_no_image_of_a_known_size_none_are_generated(contract):
    with pytest.raises(DlconvError, match="no images can be generated") as raised:
        load_calibration(contract, None)
    assert raised.value.hint == "calibrate on photos: --calibrate DIR"


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
