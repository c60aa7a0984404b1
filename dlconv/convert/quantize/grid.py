"""The grids that weights are rounded to.

A grid is affine: value = code * scale + minimum, as TensorFlow.js stores it, with zero among its
values, since a padded or dead input must stay one. A grid has one range for a whole tensor, or one
scale for each output channel, symmetric around zero (Krishnamoorthi 2018, arXiv 1806.08342). What
was trained for 8 bits (Jacob et al. 2018, arXiv 1712.05877) lies on a grid of its own already.
"""

from dataclasses import dataclass

import numpy as np

# How far from a grid's values, in steps, values may lie that it holds: what float32 loses.
EXACT = 1e-4
# So many values have a grid of their own.
FEWEST_VALUES = 9


@dataclass(frozen=True)
class Grid:
    """Codes 0 to ``last_code``: value = code * scale + minimum.

    ``scale`` and ``minimum`` are float64 scalars [] or one for each channel: [out], or [in,
    multiplier] of a depthwise kernel.
    """

    scale: np.ndarray
    minimum: np.ndarray
    last_code: int

    def codes(self, values: np.ndarray) -> np.ndarray:
        """Return the nearest codes, float64 of the shape of ``values``, channels last."""
        return np.asarray(np.clip(np.rint((values - self.minimum) / self.scale), 0, self.last_code))

    def values(self, codes: np.ndarray) -> np.ndarray:
        """Return what codes stand for, float64."""
        return np.asarray(codes * self.scale + self.minimum)

    def holds(self, values: np.ndarray) -> bool:
        """Tell whether values, channels last, are the grid's own."""
        far = np.abs(self.values(self.codes(values)) - values)
        return bool((far <= EXACT * self.scale).all())


def tensor_grid(values: np.ndarray, bits: int, part: float = 1.0) -> Grid:
    """Return the grid of the least and greatest value and zero, nudged so that zero is exact.

    With a ``part`` of the range, what lies outside becomes its end, and steps are finer.
    """
    last = 2**bits - 1
    low, high = min(part * float(values.min()), 0.0), max(part * float(values.max()), 0.0)
    scale = (high - low) / last or 1.0
    return _affine(scale, -np.rint(-low / scale) * scale, last)


def step_grid(values: np.ndarray, step: float) -> Grid:
    """Return the grid of a given step that reaches the least and the greatest value."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    below, above = np.rint(-low / step), np.rint(high / step)
    last = int(max(below + above, 1))
    return _affine(step, -below * step, last)


def own_grid(values: np.ndarray) -> Grid | None:
    """Return the grid of 8 bits that values lie on, None if they do not.

    That is so of kernels that were trained for 8 bits, whose step is found again to the last bit.
    Few different values may lie on one by chance, and have none.
    """
    found = np.unique(np.append(values.astype(np.float64), 0))
    if not FEWEST_VALUES <= len(found) <= 2**8:
        return None
    whole = np.rint(found / np.diff(found).min())
    if np.ptp(whole) >= 2**8:
        return None
    step = np.float32(found @ whole / (whole @ whole))
    around = [step, np.nextafter(step, np.float32(0)), np.nextafter(step, np.float32(np.inf))]
    steps = np.array(around, np.float32)[:, None]
    lost = np.abs(steps * whole.astype(np.float32) - found.astype(np.float32)).max(axis=1)
    grid = step_grid(values, float(around[int(lost.argmin())]))
    return grid if grid.holds(values) else None


def channel_grid(values: np.ndarray, bits: int = 8, axes: int = 1) -> Grid:
    """Return a grid with a scale for each channel, symmetric around zero.

    The last axis counts channels, or the last ``axes`` do together.
    """
    half = 2 ** (bits - 1) - 1
    others = tuple(range(values.ndim - axes))
    greatest = np.abs(values).max(axis=others).astype(np.float64)
    scale = np.where(greatest > 0, greatest / half, 1.0)
    return Grid(scale, -half * scale, 2 * half)


def _affine(scale: float, minimum: float, last: int) -> Grid:
    return Grid(np.asarray(scale, np.float64), np.asarray(minimum, np.float64), last)
