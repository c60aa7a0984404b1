"""Rounding a kernel so that its layer's outputs, not its weights, stay close.

A layer in a quantized network gets other inputs x' than it was trained with, x. Its kernel W first
becomes the W' whose outputs for x' are nearest, in the mean square, to those of W for x:

    W' = (E[x' x'^T] + d I)^-1 (E[x' x^T] + d I) W

where d keeps it near W. (GPTAQ, Li et al. 2025, arXiv 2504.02692, has the same aim.)

Then GPTQ (Frantar et al. 2022, arXiv 2210.17323): weights are rounded one input after another, and
those not yet rounded take up the error as the second moments E[x' x'^T] say they can. Inputs of the
greatest energy go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.quantize.grid import Grid

# What is added to the second moments' diagonal, in parts of its mean: for the kernel before
# rounding, and for the order in which errors are handed on.
KEEPING = 0.1
DAMPING = 0.01
# Inputs whose errors are handed on together, so that most of the work is one matrix product.
BLOCK = 64


@dataclass(frozen=True)
class Moments:
    """E[x' x'^T] and E[x' x^T] of a layer's inputs, float64 [sums, inputs, inputs].

    ``sums`` counts the kinds of sums that have inputs of their own: one for a convolution, the
    channels for a depthwise one.
    """

    replaced: np.ndarray
    cross: np.ndarray

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.replaced + other.replaced, self.cross + other.cross)


def moments_of(replaced: np.ndarray, exact: np.ndarray, share: float = 1.0) -> Moments:
    """Return the moments of samples of x' and x, [sums, count, inputs] each, times ``share``."""
    factor = share / max(replaced.shape[1], 1)
    # Sums of float32 would differ with NumPy's version and the processor, and codes with them.
    replaced, exact = replaced.astype(np.float64), exact.astype(np.float64)
    transposed = replaced.transpose(0, 2, 1)
    return Moments(factor * (transposed @ replaced), factor * (transposed @ exact))


def round_to_outputs(
    matrices: np.ndarray, moments: Moments, grids: Sequence[Grid]
) -> tuple[np.ndarray, Grid]:
    """Return codes for the matrices of a kernel, float64 [sums, inputs, outputs], and their grid.

    Of several grids it is the one that leaves the least error in the outputs. Without any energy in
    the inputs, it is the first one and the nearest codes.
    """
    energy = np.diagonal(moments.replaced, axis1=1, axis2=2)
    if not energy.any():
        return _inputs_first(grids[0].codes(_inputs_first(matrices))), grids[0]
    # A sum whose inputs are always zero gets the damping of one with a little energy.
    mean = np.maximum(energy.mean(axis=1), 1e-6 * energy.mean())[:, None, None]
    unit = mean * np.eye(energy.shape[1])
    target = np.linalg.solve(
        moments.replaced + KEEPING * unit, (moments.cross + KEEPING * unit) @ matrices
    )
    # Inputs that differ by an error of arithmetic alone are equal, and stay in their order.
    order = np.argsort(-energy.astype(np.float32), axis=1, kind="stable")
    damped = np.take_along_axis(moments.replaced + DAMPING * unit, order[:, :, None], axis=1)
    damped = np.take_along_axis(damped, order[:, None, :], axis=2)
    factor = _inverse_factor(damped)
    ordered = np.take_along_axis(target, order[:, :, None], axis=1)
    tried = [(_rounded_in_order(ordered, factor, grid), grid) for grid in grids]
    codes, grid = min(tried, key=lambda pair: _error(_values(*pair) - ordered, damped))
    return np.take_along_axis(codes, np.argsort(order, axis=1)[:, :, None], axis=1), grid


def _values(codes: np.ndarray, grid: Grid) -> np.ndarray:
    """Return what codes of matrices stand for."""
    return _inputs_first(grid.values(_inputs_first(codes)))


def _inputs_first(matrices: np.ndarray) -> np.ndarray:
    """Swap [sums, inputs, outputs] and [inputs, sums, outputs], where a grid finds its channels."""
    return matrices.swapaxes(0, 1)


def _error(difference: np.ndarray, moments: np.ndarray) -> float:
    """Return the sum over outputs of E[(d x)^2]."""
    return float((difference * (moments @ difference)).sum())


def _inverse_factor(moments: np.ndarray) -> np.ndarray:
    """Return the upper Cholesky factor U of each inverse: inverse(H) = U^T U."""
    inverse = np.linalg.inv(moments)
    symmetric = (inverse + inverse.transpose(0, 2, 1)) / 2
    return np.linalg.cholesky(symmetric).transpose(0, 2, 1)


def _rounded_in_order(matrices: np.ndarray, factor: np.ndarray, grid: Grid) -> np.ndarray:
    remaining = matrices.copy()
    codes = np.empty_like(matrices)
    inputs = matrices.shape[1]
    for start in range(0, inputs, BLOCK):
        end = min(start + BLOCK, inputs)
        errors = np.empty((len(matrices), end - start, matrices.shape[2]))
        for row in range(start, end):
            codes[:, row] = grid.codes(remaining[:, row])
            error = remaining[:, row] - grid.values(codes[:, row])
            error /= factor[:, row, row, None]
            remaining[:, row + 1 : end] -= factor[:, row, row + 1 : end, None] * error[:, None]
            errors[:, row - start] = error
        remaining[:, end:] -= factor[:, start:end, end:].transpose(0, 2, 1) @ errors
    return codes
