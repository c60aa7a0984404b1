"""Ranges of activations: between which values integers of 8 bits lose least.

What a network computes has long tails: a few values far away would make the steps of all others
wide. So a range may be narrower than the values seen, and what lies outside takes its end. It is
the one of the least squared error over a sample of the values, among those from the least to the
greatest value and the same ones shrunk towards zero (Nagel et al. 2021, A White Paper on Neural
Network Quantization, arXiv 2106.08295, section 3.1).
"""

from collections.abc import Mapping

import numpy as np

STEPS = 255
# How many values of a tensor are taken of each image.
SAMPLED = 4096
# The shares of the whole range that are tried, the whole first: of equals, the widest is taken.
SHARES = np.linspace(1.0, 0.4, 25)

Range = tuple[float, float]


class Ranges:
    """Collects the values of tensors, by name, and says their ranges."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._ends: dict[str, Range] = {}
        self._samples: dict[str, list[np.ndarray]] = {}

    def add(self, values: Mapping[str, np.ndarray]) -> None:
        """Take in what tensors hold for one image, float32 of any shape."""
        for name, held in values.items():
            low, high = self._ends.get(name, (0.0, 0.0))
            self._ends[name] = min(low, float(held.min())), max(high, float(held.max()))
            self._samples.setdefault(name, []).append(self._sampled(held.ravel()))

    def _sampled(self, values: np.ndarray) -> np.ndarray:
        if values.size <= SAMPLED:
            return values.copy()
        return values[self._random.integers(values.size, size=SAMPLED)]

    def found(self) -> dict[str, Range]:
        """Return the range of each tensor, from zero or less to zero or more."""
        return {
            name: least_error(ends, np.concatenate(self._samples[name]))
            for name, ends in self._ends.items()
        }


def least_error(ends: Range, values: np.ndarray) -> Range:
    """Return a range, shrunk so that values lose the least when it has ``STEPS`` steps."""
    tried = [(ends[0] * share, ends[1] * share) for share in SHARES.tolist()]
    return min(tried, key=lambda each: _error(each, values))


def _error(ends: Range, values: np.ndarray) -> float:
    low, high = ends
    step = (high - low) / STEPS
    if not step:
        return 0.0
    rounded = np.clip(np.rint(values / step), round(low / step), round(high / step)) * step
    return float(np.square(rounded - values).sum())
