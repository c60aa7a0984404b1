import io

import numpy as np
from PIL import Image

from dlconv.verify.reports.pictures import DIFFERENT, pictures_of

COLOURS = [(0, 0, 0), (10, 20, 30), (200, 0, 0)]
IMAGE = np.full((1, 4, 6, 3), 90, np.uint8)


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def test_labels_have_the_colours_of_their_classes_and_a_black_background_is_clear():
    reference = np.zeros((1, 4, 6), np.int32)
    reference[0, 1, 2] = 1
    labels = reference.copy()
    labels[0, 3, 3] = 2
    made = pictures_of(IMAGE, reference, labels, COLOURS)
    assert made.classes == (0, 1, 2)
    assert pixels(made.reference)[1, 2].tolist() == [10, 20, 30, 255]
    assert pixels(made.labels)[3, 3].tolist() == [200, 0, 0, 255]
    assert pixels(made.labels)[0, 0, 3] == 0
    difference = pixels(made.difference)
    assert difference[3, 3].tolist() == [*DIFFERENT, 255]
    assert (difference[..., 3] > 0).sum() == 1
    assert np.allclose(pixels(made.photo)[..., :3], 90, atol=3)


def test_a_first_class_with_a_colour_is_shown():
    labels = np.zeros((1, 4, 6), np.int32)
    made = pictures_of(IMAGE, labels, labels, [(128, 64, 128), *COLOURS])
    assert pixels(made.reference)[0, 0].tolist() == [128, 64, 128, 255]
