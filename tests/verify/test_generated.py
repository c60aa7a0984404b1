import numpy as np

from dlconv.graph.contract import Contract, TensorSpec
from dlconv.verify.generated import generated, shapes_of


def contract(shape, crop=None, dtype="uint8"):
    image = TensorSpec("image", dtype, shape)
    return Contract(image, TensorSpec("y", "int64", None), crop, "", None, "")


def test_free_sizes_are_small_and_odd_then_even_then_the_crop():
    assert shapes_of(contract(None)) == [(1, 65, 97, 3), (1, 64, 96, 3)]
    assert shapes_of(contract((None, None, None, 3), crop=(513, 321))) == [
        (1, 65, 97, 3),
        (1, 64, 96, 3),
        (1, 513, 321, 3),
    ]


def test_they_lie_within_the_crop():
    assert shapes_of(contract((1, None, None, 3), crop=(33, 80))) == [(1, 33, 80, 3)]


def test_what_the_input_fixes_stays():
    assert shapes_of(contract((4, 32, 48, 1))) == [(4, 32, 48, 1)]
    assert shapes_of(contract((None, 3, None, None))) == [(1, 3, 65, 97), (1, 3, 64, 96)]
    assert shapes_of(contract((None, None, 3))) == [(65, 97, 3), (64, 96, 3)]
    assert shapes_of(contract((None, 784))) == [(1, 784)]


def test_images_are_the_same_in_each_order_of_axes():
    image = generated((1, 16, 24, 3), contract(None).input)
    turned = generated((1, 3, 16, 24), contract((None, 3, None, None), dtype="float32").input)
    alone = generated((16, 24, 3), contract((None, None, 3)).input)
    assert len(np.unique(image)) > 50
    assert turned.dtype == np.float32
    assert np.array_equal(turned.transpose(0, 2, 3, 1), image)
    assert np.array_equal(alone, image[0])


def test_each_image_of_a_batch_is_another():
    batch = generated((2, 16, 24, 3), contract(None).input)
    assert not np.array_equal(batch[0], batch[1])


def test_other_inputs_get_noise_which_is_the_same_each_time():
    spec = contract((None, 784), dtype="float32").input
    noise = generated((1, 784), spec)
    assert noise.std() > 50
    assert np.array_equal(noise, generated((1, 784), spec))
