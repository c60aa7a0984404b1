import numpy as np
import pytest

from dlconv.bench.labelling import Labelled, Shown, label_in_turns
from dlconv.compare import compare
from dlconv.runtimes import Inference


class Fake:
    """A runtime that adds a number to the pixels of an image, and takes as many milliseconds."""

    def __init__(self, more, asked):
        self._more, self._asked = more, asked

    def infer(self, image):
        self._asked.append((self._more, int(image.max())))
        return Inference(image[..., 0].astype(np.int32) + self._more, float(self._more))


def photo(label, rows=2, columns=2):
    """An image of 4 x 4 whose own part has one label."""
    image = np.full((1, 4, 4, 3), label, np.uint8)
    return Shown(image, rows, columns, image[:, :rows, :columns, 0].astype(np.int32))


def test_runtimes_take_turns_on_all_photos_and_only_their_own_pixels_count():
    asked = []
    photos = [photo(1), photo(2)]
    photos[1].image[:, 3] = 9
    right, wrong = label_in_turns([Fake(0, asked), Fake(5, asked)], photos, rounds=2)
    assert [more for more, _ in asked[:4]] == [0, 5, 5, 0]
    assert [seen for _, seen in asked] == [1, 1, 9, 9] * 3
    assert (right.mean, right.worst, right.miou, right.ms) == (1, 1, 1, 0)
    assert (wrong.mean, wrong.worst, wrong.miou, wrong.ms) == (0, 0, 0, 5)
    assert [each.scores().pixels for each in right.confusions] == [4, 4]
    assert len(right.frames_ms) == 4


def test_a_class_of_a_handful_of_pixels_is_left_out_where_large_ones_are_asked_for():
    reference = np.zeros((1, 100, 100), np.int32)
    reference[:, :50] = 1
    reference[0, 99, :3] = 2
    found = np.where(reference == 2, 0, reference)
    found[0, :, 0] = 0
    labelled = Labelled((compare(reference, found), compare(reference, reference)), (3.0, 1.0))
    zero, one, two = (20_000 - 10_003, 10_000, 6)
    iou = [(zero - 3) / (zero + 50), (one - 50) / one, 3 / two]
    assert labelled.miou == pytest.approx(np.mean(iou), abs=1e-3)
    assert labelled.miou_of_large == pytest.approx(np.mean(iou[:2]), abs=1e-3)
    assert labelled.worst == pytest.approx(1 - 53 / 10_000)
    assert (labelled.mean, labelled.ms) == (pytest.approx(1 - 53 / 20_000), 2)
