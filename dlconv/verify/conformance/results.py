"""What a backend makes of a case, beside TensorFlow.

Equal means: integers and truth values exactly, floats to 1e-5 of the largest value, half floats to
1e-3 of it. Close is what float arithmetic in another order gives, up to a hundred times that.
"""

from dataclasses import dataclass

import numpy as np

from dlconv.convert.conformance.table import Status
from dlconv.verify.difference import share_of_largest

EQUAL = {"float16": 1e-3, "float32": 1e-5, "float64": 1e-5}
CLOSE = {"float16": 4e-3, "float32": 1e-3, "float64": 1e-3}


@dataclass(frozen=True)
class Outcome:
    """A status, the largest difference as a share of the largest value, and what a runtime said."""

    status: Status
    error: float = 0.0
    said: str = ""


def compared(expected: np.ndarray, found: np.ndarray) -> Outcome:
    """Compare one output; the types may be those that a backend holds in place of others."""
    if expected.shape != found.shape:
        return Outcome(Status.WRONG, said=f"shape {found.shape} in place of {expected.shape}")
    if expected.dtype.kind not in "fc":
        return _exact(expected, found)
    if found.dtype.kind != "f":
        return Outcome(Status.WRONG, said=f"{found.dtype} in place of {expected.dtype}")
    error = share_of_largest(expected, found)
    if np.isinf(error):
        return Outcome(Status.WRONG, said="other values are not finite")
    dtype = expected.dtype.name
    if error <= EQUAL[dtype]:
        return Outcome(Status.EQUAL)
    return Outcome(Status.CLOSE if error <= CLOSE[dtype] else Status.WRONG, float(f"{error:.1e}"))


def _exact(expected: np.ndarray, found: np.ndarray) -> Outcome:
    if found.dtype.kind == "f":
        return Outcome(Status.WRONG, said=f"{found.dtype} in place of {expected.dtype}")
    equal = np.array_equal(expected.astype(np.int64), found.astype(np.int64))
    return Outcome(Status.EQUAL if equal else Status.WRONG)
