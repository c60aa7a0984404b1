"""How far floats are from TensorFlow's: the largest difference, as a share of the largest value."""

import numpy as np


def share_of_largest(expected: np.ndarray, found: np.ndarray) -> float:
    """Return the largest difference of floats of one shape, as a share of the largest expected.

    The largest is among the finite ones. Infinities and NaN are equal to themselves alone: the
    share is infinite where one stands for another value.
    """
    wanted, given = expected.astype(np.float64), found.astype(np.float64)
    is_same = (wanted == given) | (np.isnan(wanted) & np.isnan(given))
    if is_same.all():
        return 0.0
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=np.finfo(np.float32).tiny)
    differences = np.abs(np.subtract(wanted, given, where=~is_same, out=np.zeros_like(wanted)))
    return float(np.nan_to_num(differences, nan=np.inf, posinf=np.inf).max() / largest)
