import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlconv.convert.fake_quantization import fake_quantized
from dlconv.convert.quantize.grid import Grid, channel_grid, own_grid, step_grid, tensor_grid
from dlconv.convert.stored import Stored

FINITE = st.floats(-1e6, 1e6, width=32)
KERNELS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_side=6), elements=FINITE)
BITS = st.sampled_from([2, 4, 8, 16])
# A step for each tensor, in parts of its range.
PARTS = st.floats(1e-4, 4)


def extent_of(values):
    """How far a tensor and zero reach."""
    return max(float(np.ptp([values.min(), values.max(), 0])), 1e-3)


def grids_for(values, bits, part):
    steps = step_grid(values, part * extent_of(values))
    return tensor_grid(values, bits), steps, channel_grid(values, bits)


def all_codes(grid):
    """Each code, in a column for each channel if the grid has several."""
    codes = np.arange(min(grid.last_code, 70_000) + 1, dtype=np.float64)
    return codes if not grid.scale.ndim else np.repeat(codes[:, None], len(grid.scale), axis=1)


def test_the_grid_of_a_tensor_by_hand():
    grid = tensor_grid(np.array([-1, 0, 3], np.float32), 8)
    assert grid.last_code == 255
    assert float(grid.scale) == pytest.approx(4 / 255)
    assert float(grid.minimum) == pytest.approx(-64 * 4 / 255)
    assert grid.codes(np.array([-1, 0, 3])).tolist() == [0, 64, 255]
    assert grid.codes(np.array([-9, 9])).tolist() == [0, 255]


def test_a_part_of_the_range_has_finer_steps_and_an_end():
    values = np.array([-1, 0.2, 3], np.float32)
    whole, part = tensor_grid(values, 8), tensor_grid(values, 8, 0.5)
    assert float(part.scale) == pytest.approx(float(whole.scale) / 2)
    ends = part.values(part.codes(values))
    assert ends == pytest.approx([-0.5, 0.2, 1.5], abs=float(part.scale))
    assert part.values(part.codes(np.zeros(1))) == 0


def test_a_step_gives_as_many_codes_as_it_takes():
    grid = step_grid(np.array([-1, 3], np.float32), 0.5)
    assert grid.last_code == 8
    assert grid.values(np.arange(9.0)).tolist() == np.arange(-1, 3.5, 0.5).tolist()


def test_each_channel_has_a_scale_of_its_own_and_a_dead_one_stays_dead():
    kernel = np.array([[1, -100, 0], [-0.25, 25, 0]], np.float32)
    grid = channel_grid(kernel)
    assert grid.last_code == 254
    codes = grid.codes(kernel)
    assert codes.tolist() == [[254, 0, 127], [127 - 32, 127 + 32, 127]]
    assert (np.abs(grid.values(codes) - kernel).max(axis=0) <= [1 / 254, 100 / 254, 0]).all()


@given(KERNELS, BITS, PARTS)
def test_zero_is_among_the_values_of_every_grid(values, bits, part):
    for grid in grids_for(values, bits, part):
        assert not grid.values(grid.codes(np.zeros_like(values))).any()


@given(KERNELS, BITS, PARTS)
def test_every_code_is_the_nearest_to_its_own_value(values, bits, part):
    for grid in grids_for(values, bits, part):
        codes = all_codes(grid)
        assert np.array_equal(grid.codes(grid.values(codes)), codes)


@given(KERNELS, BITS, PARTS)
def test_no_value_is_further_than_half_a_step_from_its_code(values, bits, part):
    for grid in grids_for(values, bits, part):
        error = np.abs(grid.values(grid.codes(values.astype(np.float64))) - values)
        assert (error <= grid.scale * (0.5 + 1e-6)).all()


@given(KERNELS, PARTS)
def test_a_step_reaches_the_ends_with_no_code_to_spare(values, part):
    grid = step_grid(values, part * extent_of(values))
    low, high = min(float(values.min()), 0), max(float(values.max()), 0)
    ends = grid.values(np.array([0, grid.last_code], np.float64))
    assert ends[0] <= 0 <= ends[1]
    if grid.last_code > 1:
        assert np.abs(ends - [low, high]).max() <= float(grid.scale) * (0.5 + 1e-6)


@given(KERNELS, st.sampled_from([8, 16]))
def test_a_reader_in_float64_gets_the_same_float32_values(values, bits):
    """What TF.js does with each code: one product and one sum of doubles, then Float32Array."""
    grid = tensor_grid(values, bits)
    codes = grid.codes(values.astype(np.float64))
    scale, minimum = float(grid.scale), float(grid.minimum)
    read = [np.float32(int(code) * scale + minimum) for code in codes.ravel()]
    assert grid.values(codes).astype(np.float32).ravel().tolist() == read
    stored = Stored(codes.astype(f"uint{bits}"), minimum, scale)
    assert stored.values().ravel().tolist() == read


def test_a_tensor_of_zeros_has_a_grid():
    zeros = np.zeros((1, 1, 2, 3), np.float32)
    for grid in (tensor_grid(zeros, 8), step_grid(zeros, 0.1), channel_grid(zeros)):
        assert isinstance(grid, Grid)
        assert not grid.values(grid.codes(zeros)).any()


RANGES = st.tuples(st.floats(-8, -0.125, width=32), st.floats(0.125, 8, width=32))


@given(RANGES, st.booleans(), st.integers(0, 9))
def test_what_was_trained_for_8_bits_lies_on_the_grid_it_was_trained_for(limits, is_narrow, seed):
    weights = np.random.default_rng(seed).normal(size=(1, 1, 20, 30)).astype(np.float32)
    low, high = np.float32(limits)
    kernel = fake_quantized(weights, low, high, 8, is_narrow, divides=True)
    grid = own_grid(kernel)
    assert grid is not None
    assert grid.last_code < 256
    np.testing.assert_array_equal(grid.values(grid.codes(kernel)).astype(np.float32), kernel)


def test_other_values_and_few_values_have_no_grid_of_their_own():
    random = np.random.default_rng(1)
    assert own_grid(random.normal(size=(1, 1, 20, 30)).astype(np.float32)) is None
    assert own_grid(np.ones((1, 1, 3, 3), np.float32)) is None
    assert own_grid(np.full((1, 1, 20, 30), np.nan, np.float32)) is None
