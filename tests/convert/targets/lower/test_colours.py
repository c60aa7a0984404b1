import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered

F = np.float32


def pixels():
    """Every hue, greys, black and white."""
    x = np.random.default_rng(0).random((2, 9, 9, 3)).astype(F)
    x[:, 0] = x[:, 0, :, :1]
    x[:, 1] = np.round(x[:, 1])
    return x


@pytest.mark.parametrize("op", ["RGBToHSV", "HSVToRGB"])
def test_colour_spaces(runners, op):
    assert_lowered(runners, [node("y", op, "x", T=F)], {"x": pixels()}, [op])


@pytest.mark.parametrize("by", [-0.3, 0.0, 0.4, 1.7])
@pytest.mark.parametrize("op", ["AdjustHue", "AdjustSaturation", "AdjustContrastv2"])
def test_changed_images(runners, op, by):
    nodes = [const("by", by, F), node("y", op, "x", "by", T=F)]
    assert_lowered(runners, nodes, {"x": pixels()}, [op])
