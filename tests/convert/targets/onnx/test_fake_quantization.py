import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, written

from dlconv.errors import DlconvError

F = np.float32
EXACTLY = 0.0


def of_attributes(low, high, **options):
    return [node("y", "FakeQuantWithMinMaxArgs", "x", min=low, max=high, **options)]


def of_tensors(low, high, **options):
    op = "FakeQuantWithMinMaxVars" if np.ndim(low) == 0 else "FakeQuantWithMinMaxVarsPerChannel"
    return [
        const("low", low, F),
        const("high", high, F),
        node("y", op, "x", "low", "high", **options),
    ]


def on_boundaries(low: float, high: float, bits: int) -> np.ndarray:
    """Numbers halfway between two integers, as float32 has them, next to them and far out."""
    width = F(high - low) / F(2**bits - 1)
    halves = (np.arange(-300, 301) + F(0.5)).astype(F) * width
    ends = np.array([low, high, 0, -0.0, 3 * low - high, 3 * high - low], F)
    near = [np.nextafter(halves, F(side), dtype=F) for side in (-np.inf, np.inf)]
    return np.concatenate([halves, *near, halves + F(low), ends])


@st.composite
def ranges(draw):
    """Around 0, above it, below it, from it on, and of one number more on a side."""
    magnitude = 10.0 ** draw(st.integers(-3, 3))
    low, high = sorted(draw(st.floats(0.01, 1)) * magnitude for _ in range(2))
    high += magnitude / 50
    low, high = draw(
        st.sampled_from([(-low, high), (low, high), (-high, -low), (0.0, high), (-high, 0.0)])
    )
    return float(F(low)), float(F(high))


@settings(max_examples=40)
@given(st.sampled_from([of_attributes, of_tensors]), ranges(), st.integers(2, 16), st.booleans())
def test_numbers_are_rounded_to_the_same_one_of_a_range(write, limits, bits, is_narrow):
    given = on_boundaries(*limits, bits)
    nodes = write(*limits, num_bits=bits, narrow_range=is_narrow)
    assert_same(nodes, {"x": given}, close=EXACTLY, free=False)


@settings(max_examples=20)
@given(
    st.lists(ranges(), min_size=3, max_size=3),
    st.sampled_from([(3,), (50, 3), (2, 4, 5, 3)]),
    st.integers(2, 16),
    st.booleans(),
)
def test_each_channel_has_a_range(limits, shape, bits, is_narrow):
    low, high = np.array(limits, F).T
    given = np.random.default_rng(0).normal(size=shape).astype(F) * np.abs(high - low)
    nodes = of_tensors(low, high, num_bits=bits, narrow_range=is_narrow)
    assert_same(nodes, {"x": given}, close=EXACTLY)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4, 5)])
def test_the_range_and_the_bits_may_be_left_out(shape):
    given = np.asarray(np.random.default_rng(0).normal(size=shape) * 5, F)
    assert_same([node("y", "FakeQuantWithMinMaxArgs", "x")], {"x": given}, close=EXACTLY)
    assert_same(of_tensors(-6.0, 6.0), {"x": given}, close=EXACTLY)


@pytest.mark.parametrize("low", [-0.7, [-0.7, 0.0, -2.0, -1e-3]])
def test_constants_are_rounded_while_the_model_is_written(low):
    weights = np.random.default_rng(0).normal(size=(40, 30, 4)).astype(F)
    high = 0.5 if isinstance(low, float) else [0.5, 0.0, 1.0, 2e-3]
    rounded = of_tensors(low, high, narrow_range=True)
    nodes = [const("x", weights), *rounded]
    nodes[-1].name = "rounded"
    nodes.append(node("y", "Mul", "z", "rounded", T=F))
    feeds = {"z": np.ones((), F)}
    assert_same(nodes, feeds, close=EXACTLY)
    kinds = [each.op_type for each in written(graph_of(nodes, feeds), "y").skeleton.graph.node]
    assert kinds == ["Mul"]


def test_a_range_of_0_alone_gives_0():
    given = np.array([-1.0, 0.0, 0.3, 7.0], F)
    assert_same(of_tensors(0.0, 0.0), {"x": given}, close=EXACTLY)
    both = of_tensors([0.0, -1.0], [0.0, 1.0])
    assert_same(both, {"x": given.reshape(2, 2)}, close=EXACTLY)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), ([0.0, 3.0], [1.0, 3.0])])
def test_an_empty_range_is_refused(low, high):
    with pytest.raises(DlconvError, match="its range is empty"):
        written(graph_of(of_tensors(low, high), {"x": np.ones((5, 2), F)}), "y")


def test_a_range_that_is_computed_is_refused():
    rounded = node("y", "FakeQuantWithMinMaxVars", "x", "low", "high")
    feeds = {"x": np.ones(3, F), "low": np.array(-1, F), "high": np.array(1, F)}
    with pytest.raises(DlconvError, match="its range is not constant"):
        written(graph_of([rounded], feeds), "y")
