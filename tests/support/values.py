"""Values and shapes that many operations are tried with."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
FLOATS = ["float16", "float32", "float64"]
shapes = arrays.array_shapes(min_dims=1, max_dims=5, max_side=4)
images = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


def some(shape, dtype="float32", seed=0) -> np.ndarray:
    """Values of which some are equal; integers reach both ends of their range."""
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.random(shape) < 0.6
    if dtype in WHOLE:
        limits = np.iinfo(dtype)
        small = random.integers(max(limits.min, -4), 5, shape)
        return np.where(random.random(shape) < 0.8, small, limits.max - small % 3).astype(dtype)
    return (random.integers(-4, 5, shape) / 2).astype(dtype)
