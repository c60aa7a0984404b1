"""Rounding a kernel so that its layer's outputs, not its weights, stay close.

A layer in a quantized network gets other inputs x' than it was trained with, x. Its kernel W first
becomes the W' whose outputs for x' are nearest, in the mean square, to those of W for x:

    W' = (E[x' x'^T] + d I)^-1 (E[x' x^T] + d I) W

where d keeps it near W. (GPTAQ, Li et al. 2025, arXiv 2504.02692, has the same aim.)

Then GPTQ (Frantar et al. 2022, arXiv 2210.17323): weights are rounded one input after another, and
those not yet rounded take up the error as the second moments E[x' x'^T] say they can. Inputs of the
greatest energy go first.
"""

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
    """E[x' x'^T] and E[x' x^T] of a layer's inputs, float64 [inputs, inputs]."""

    replaced: np.ndarray
    cross: np.ndarray

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.replaced + other.replaced, self.cross + other.cross)


def moments_of(replaced: np.ndarray, exact: np.ndarray, share: float = 1.0) -> Moments:
    """Return the moments of samples of x' and x, [count, inputs] each, times ``share``."""
    factor = share / max(len(replaced), 1)
    return Moments(
        factor * (replaced.T @ replaced).astype(np.float64),
        factor * (replaced.T @ exact).astype(np.float64),
    )


def round_to_outputs(matrix: np.ndarray, moments: Moments, grid: Grid) -> np.ndarray:
    """Return codes, float64 [inputs, outputs], for a kernel matrix [inputs, outputs].

    Without any energy in the inputs, the nearest codes.
    """
    energy = np.diag(moments.replaced)
    if not energy.any():
        return grid.codes(matrix)
    mean = energy.mean() * np.eye(len(energy))
    target = np.linalg.solve(
        moments.replaced + KEEPING * mean, (moments.cross + KEEPING * mean) @ matrix
    )
    order = np.argsort(-energy, kind="stable")
    damped = (moments.replaced + DAMPING * mean)[np.ix_(order, order)]
    codes = np.empty_like(matrix)
    codes[order] = _rounded_in_order(target[order], _inverse_factor(damped), grid)
    return codes


def _inverse_factor(moments: np.ndarray) -> np.ndarray:
    """Return the upper Cholesky factor U of the inverse: inverse(H) = U^T U."""
    inverse = np.linalg.inv(moments)
    return np.linalg.cholesky((inverse + inverse.T) / 2).T


def _rounded_in_order(matrix: np.ndarray, factor: np.ndarray, grid: Grid) -> np.ndarray:
    remaining = matrix.copy()
    codes = np.empty_like(matrix)
    for start in range(0, len(matrix), BLOCK):
        end = min(start + BLOCK, len(matrix))
        errors = np.empty((end - start, matrix.shape[1]))
        for row in range(start, end):
            codes[row] = grid.codes(remaining[row])
            error = (remaining[row] - grid.values(codes[row])) / factor[row, row]
            remaining[row + 1 : end] -= np.outer(factor[row, row + 1 : end], error)
            errors[row - start] = error
        remaining[end:] -= factor[start:end, end:].T @ errors
    return codes
