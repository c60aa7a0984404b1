import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlconv.errors import DlconvError
from dlconv.graph.contract import TensorSpec
from dlconv.runtimes.framing import as_photo, enlarged, framed, in_batch

PHOTO = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)


def spec(dtype="uint8", size=(None, None)):
    return TensorSpec("ImageTensor", dtype, (1, *size, 3))


def test_an_input_of_any_size_gets_the_photo_as_it_is():
    assert framed(PHOTO, spec()) is PHOTO


@pytest.mark.parametrize(("dtype", "mean"), [("uint8", 128), ("float32", 127.5)])
def test_a_fixed_input_gets_the_photo_in_its_corner(dtype, mean):
    image = framed(PHOTO, spec(dtype, (4, 5)))
    assert (image.shape, image.dtype) == ((1, 4, 5, 3), dtype)
    assert image[:, :2, :3].tolist() == PHOTO.tolist()
    assert np.unique(image[:, 2:]).tolist() == np.unique(image[:, :, 3:]).tolist() == [mean]


def test_a_photo_too_large_and_a_type_that_is_no_photos_are_refused():
    with pytest.raises(DlconvError, match="2 x 3 does not fit 1 x 3"):
        framed(PHOTO, spec(size=(1, 3)))
    with pytest.raises(DlconvError, match="takes int64"):
        framed(PHOTO, spec("int64"))


def test_an_input_without_the_axis_of_a_batch_gets_one_photo():
    one = TensorSpec("DecodeJpeg", "uint8", (4, None, 3))
    image = framed(PHOTO, one)
    assert image.shape == (4, 3, 3)
    assert image[:2].tolist() == PHOTO[0].tolist()
    assert as_photo(image, one)[:, :2].tolist() == PHOTO.tolist()
    assert in_batch(np.zeros((4, 3), np.int64), one).shape == (1, 4, 3)
    assert in_batch(np.zeros((4, 3, 5), np.float32), one).shape == (1, 4, 3, 5)
    assert in_batch(np.zeros((1, 4, 3), np.int64), one).shape == (1, 4, 3)
    assert in_batch(np.zeros((4, 3), np.int64), spec()).shape == (4, 3)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))
def test_enlarging_by_whole_factors_repeats_each_label(height, width, down, across):
    labels = np.random.default_rng(height * 10 + width).integers(0, 5, (1, height, width))
    expected = labels.repeat(down, axis=1).repeat(across, axis=2)
    assert enlarged(labels, (height * down, width * across)).tolist() == expected.tolist()


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 40), st.integers(1, 40))
def test_enlarging_makes_no_new_labels(height, width, rows, columns):
    labels = np.arange(height * width).reshape(1, height, width)
    result = enlarged(labels, (rows, columns))
    assert result.shape == (1, rows, columns)
    assert set(result.ravel().tolist()) <= set(labels.ravel().tolist())
