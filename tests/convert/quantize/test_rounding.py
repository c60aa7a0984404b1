import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlconv.convert.quantize import rounding
from dlconv.convert.quantize.grid import channel_grid, tensor_grid
from dlconv.convert.quantize.rounding import Moments, moments_of, round_to_outputs


def correlated(random, count=2000, inputs=24, sources=6):
    """Samples of inputs that are mixtures of a few sources, positive as after a ReLU."""
    mixing = random.normal(size=(sources, inputs))
    return np.maximum(random.normal(size=(count, sources)) @ mixing + 0.3, 0).astype(np.float32)


def output_error(samples, values, matrix, exact=None):
    """Mean square of what another kernel matrix does to the outputs."""
    wanted = (samples if exact is None else exact) @ matrix
    return float(((samples @ values - wanted) ** 2).mean())


def moments(replaced, exact=None):
    """The moments of one sum's samples, [count, inputs]."""
    return moments_of(replaced[None], (replaced if exact is None else exact)[None])


def codes_for(matrix, moments, grid):
    """Codes for the one matrix of a convolution, [inputs, outputs]."""
    (codes,), chosen = round_to_outputs(matrix[None], moments, [grid])
    assert chosen is grid
    return codes


def rounded(matrix, moments, grid):
    return grid.values(codes_for(matrix, moments, grid))


@pytest.mark.parametrize("grid_for", [tensor_grid, channel_grid])
@pytest.mark.parametrize("bits", [3, 4, 8])
def test_outputs_are_closer_than_with_the_nearest_codes(bits, grid_for):
    random = np.random.default_rng(bits)
    samples, unseen = correlated(random, 6000).reshape(2, 3000, -1)
    matrix = random.normal(size=(samples.shape[1], 16))
    grid = grid_for(matrix, bits)
    values = rounded(matrix, moments(samples), grid)
    nearest = grid.values(grid.codes(matrix))
    for each in (samples, unseen):
        assert output_error(each, values, matrix) < 0.5 * output_error(each, nearest, matrix)
    assert ((values - nearest) ** 2).mean() > 0, "weights themselves are further away"


def test_codes_stay_on_the_grid():
    random = np.random.default_rng(1)
    samples = correlated(random)
    matrix = random.normal(size=(samples.shape[1], 8))
    grid = tensor_grid(matrix, 2)
    codes = codes_for(matrix, moments(samples), grid)
    assert codes.dtype == np.float64
    assert set(codes.ravel()) <= {0, 1, 2, 3}


def test_inputs_without_energy_get_the_nearest_codes():
    random = np.random.default_rng(2)
    matrix = random.normal(size=(5, 7))
    grid = tensor_grid(matrix, 4)
    silent = moments(np.zeros((9, 5), np.float32))
    assert np.array_equal(codes_for(matrix, silent, grid), grid.codes(matrix))


def test_an_input_without_energy_among_others_gets_the_nearest_codes():
    random = np.random.default_rng(3)
    samples = correlated(random, inputs=6)
    samples[:, 2] = 0
    matrix = random.normal(size=(6, 9))
    grid = tensor_grid(matrix, 3)
    codes = codes_for(matrix, moments(samples), grid)
    assert np.array_equal(codes[2], grid.codes(matrix)[2])
    assert not np.array_equal(codes, grid.codes(matrix))


def test_fewer_samples_than_inputs_are_enough_to_round_for():
    random = np.random.default_rng(4)
    samples = correlated(random, count=3, inputs=40)
    matrix = random.normal(size=(40, 5))
    grid = tensor_grid(matrix, 4)
    values = rounded(matrix, moments(samples), grid)
    nearest = grid.values(grid.codes(matrix))
    assert output_error(samples, values, matrix) < output_error(samples, nearest, matrix)


@settings(max_examples=25)
@given(st.integers(0, 2**16), st.integers(1, 40), st.integers(1, 50), st.sampled_from([2, 4, 8]))
def test_blocks_give_the_codes_of_one_large_block(seed, block, inputs, bits):
    random = np.random.default_rng(seed)
    samples = correlated(random, 200, inputs)
    matrix = random.normal(size=(inputs, 3))
    grid = tensor_grid(matrix, bits)
    codes = []
    for size in (block, 10_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rounding, "BLOCK", size)
            codes.append(codes_for(matrix, moments(samples), grid))
    assert np.array_equal(*codes)


def test_a_kernel_stays_what_it_is_for_equal_inputs():
    """On a grid so fine that it rounds nothing."""
    random = np.random.default_rng(5)
    samples = correlated(random)
    matrix = random.normal(size=(samples.shape[1], 8))
    values = rounded(matrix, moments(samples), tensor_grid(matrix, 40))
    np.testing.assert_allclose(values, matrix, atol=1e-6)


def test_a_kernel_makes_up_for_inputs_that_changed():
    random = np.random.default_rng(6)
    exact = correlated(random)
    replaced = (exact * random.uniform(0.8, 1.2, exact.shape[1])).astype(np.float32)
    matrix = random.normal(size=(exact.shape[1], 8))
    grid = tensor_grid(2 * matrix, 12)
    values = rounded(matrix, moments(replaced, exact), grid)
    assert output_error(replaced, values, matrix, exact) < 0.25 * output_error(
        replaced, matrix, matrix, exact
    )


def test_the_sums_of_a_depthwise_kernel_are_rounded_each_for_its_own_inputs():
    random = np.random.default_rng(7)
    samples = np.stack([correlated(random, 500, inputs=9) for _ in range(4)])
    samples[2] = 0
    matrices = random.normal(size=(4, 9, 2))
    grid = tensor_grid(matrices, 4)
    codes, _ = round_to_outputs(matrices, moments_of(samples, samples), [grid])
    for each, matrix, own in zip(codes, matrices, samples, strict=True):
        assert np.array_equal(each, codes_for(matrix, moments(own), grid))
    assert np.array_equal(codes[2], grid.codes(matrices)[2])


def test_of_several_grids_it_is_the_one_that_leaves_the_least_error_in_the_outputs():
    """A range that cuts off two great weights is the better one only if their input is silent."""
    random = np.random.default_rng(8)
    matrix = random.uniform(-1, 1, size=(24, 16))
    matrix[5, 3:5] = 4, -4
    grids = [tensor_grid(matrix, 4, part) for part in (1, 0.5, 0.25)]
    for silent, cuts_off_most in ((5, True), (6, False)):
        samples = correlated(random) + 0.2
        samples[:, silent] *= 1e-3
        codes, grid = round_to_outputs(matrix[None], moments(samples), grids)
        assert (grid is grids[2]) == cuts_off_most
        errors = [
            output_error(samples, rounded(matrix, moments(samples), g), matrix) for g in grids
        ]
        assert output_error(samples, grid.values(codes[0]), matrix) == min(errors)


def test_without_energy_it_is_the_first_grid():
    matrix = np.random.default_rng(9).normal(size=(5, 7))
    grids = [tensor_grid(matrix, bits) for bits in (3, 8)]
    codes, grid = round_to_outputs(matrix[None], moments(np.zeros((9, 5), np.float32)), grids)
    assert grid is grids[0]
    assert np.array_equal(codes[0], grids[0].codes(matrix))


def test_moments_are_means_of_products_and_add_up():
    replaced = np.array([[1, 2], [3, 4]], np.float32)
    exact = np.array([[5, 6], [7, 8]], np.float32)
    found = moments(replaced, exact)
    assert found.replaced.tolist() == [[[5, 7], [7, 10]]]
    assert found.cross.tolist() == [[[13, 15], [19, 22]]]
    assert found.replaced.dtype == found.cross.dtype == np.float64
    summed = found + moments_of(replaced[None], exact[None], share=0.5)
    assert isinstance(summed, Moments)
    assert np.array_equal(summed.cross, 1.5 * found.cross)
