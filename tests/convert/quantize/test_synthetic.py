import numpy as np
import pytest

from dlconv.convert.quantize.images import LEAST_CONTRAST
from dlconv.convert.quantize.synthetic import COUNT, synthetic_images


@pytest.fixture(scope="module")
def images():
    return synthetic_images((97, 129))


def test_images_are_what_a_network_takes(images):
    assert len(images) == COUNT
    assert {(image.shape, image.dtype.name) for image in images} == {((1, 97, 129, 3), "uint8")}


def test_images_are_the_same_every_time(images):
    for image, again in zip(images, synthetic_images((97, 129)), strict=True):
        assert np.array_equal(image, again)
    assert np.array_equal(images[:2], synthetic_images((97, 129), count=2))


def test_no_two_images_are_the_same_and_all_show_something(images):
    assert len({image.tobytes() for image in images}) == COUNT
    for image in images:
        assert image.std() > 10 * LEAST_CONTRAST
        assert np.ptp(image) > 200


def test_images_have_edges_and_regions_as_photos_do(images):
    """Neighbouring pixels are alike, and now and then they are not; of noise, most differ."""
    tails = []
    for image in images:
        steps = np.abs(np.diff(image[0].astype(float), axis=1))
        assert np.median(steps) < 0.25 * image.std()
        tails.append(np.quantile(steps, 0.99) / np.median(steps))
    assert np.median(tails) > 5 > 3.8, "which is what a normal distribution has"


@pytest.mark.parametrize("size", [(1, 9), (2, 9), (33, 17)])
def test_any_size_can_be_had(size):
    (image,) = synthetic_images(size, count=1)
    assert image.shape == (1, *size, 3)
