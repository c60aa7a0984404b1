import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered, assert_not_lowered

F = np.float32
ALL = [f"FakeQuantWithMinMax{kind}" for kind in ("Args", "Vars", "VarsPerChannel")]
EXACTLY = 0.0
RANGES = [(-6.0, 6.0), (0.0, 2.7), (-3.3, 0.7), (1.0, 4.0)]


def on_boundaries(low, high, bits):
    """Numbers halfway between two integers, as float32 has them, next to them and far out."""
    width = F(high - low) / F(2**bits - 1)
    halves = (np.arange(-300, 301) + F(0.5)).astype(F) * width
    near = [np.nextafter(halves, F(side), dtype=F) for side in (-np.inf, np.inf)]
    return np.concatenate([halves, *near, halves + F(low), [low, high, 0, 9 * high]]).astype(F)


@pytest.mark.parametrize("limits", RANGES)
@pytest.mark.parametrize("options", [{}, {"num_bits": 4, "narrow_range": True}])
def test_a_range_for_all(runners, limits, options):
    feeds = {"x": on_boundaries(*limits, options.get("num_bits", 8))}
    low, high = limits
    by_attributes = [node("y", ALL[0], "x", min=low, max=high, **options)]
    by_tensors = [*ends(low, high), node("y", ALL[1], "x", "low", "high", **options)]
    for nodes in (by_attributes, by_tensors):
        assert_lowered(runners, nodes, feeds, ALL, close=EXACTLY)


def ends(low, high):
    return [const("low", low, F), const("high", high, F)]


def test_a_range_for_each_channel(runners):
    image = np.stack([on_boundaries(*limits, 8) for limits in RANGES], axis=-1)
    nodes = [*ends(*np.array(RANGES).T), node("y", ALL[2], "x", "low", "high")]
    assert_lowered(runners, nodes, {"x": image}, ALL, close=EXACTLY)


def test_what_tensorflow_refuses_is_refused():
    nodes = [node("y", ALL[0], "x", min=2.0, max=1.0)]
    assert_not_lowered(nodes, {"x": np.ones(3, F)}, ALL, "y .*its range is empty")


def test_a_range_that_is_computed_is_refused():
    nodes = [const("high", 1, F), node("y", ALL[1], "x", "low", "high")]
    feeds = {"x": np.ones(3, F), "low": np.zeros((), F)}
    assert_not_lowered(nodes, feeds, ALL, "y .*its range is not constant")
