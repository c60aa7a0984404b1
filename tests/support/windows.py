"""What tests of convolutions and pools share: sizes, strides, paddings and random images."""

import numpy as np
from hypothesis import strategies as st
from support.graphs import const, node

extents = st.integers(1, 12)
images = st.tuples(extents, extents)
steps = st.tuples(st.integers(1, 4), st.integers(1, 4))
gaps = st.tuples(st.integers(1, 3), st.integers(1, 3))
kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
paddings = st.sampled_from(["SAME", "VALID", "EXPLICIT"])
borders = st.lists(st.integers(0, 4), min_size=4, max_size=4)


def some(*shape, dtype=np.float32) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def attributes(
    strides=(1, 1),
    rates=(1, 1),
    padding="SAME",
    border=(0, 0, 0, 0),
    data_format="NHWC",
    dtype=np.float32,
) -> dict:
    """Attributes of a convolution, from what they are along height and width."""
    pads = with_others([border[k : k + 2] for k in range(0, len(border), 2)], (0, 0), data_format)
    explicit = {"explicit_paddings": [each for pair in pads for each in pair]}
    return {
        "T": dtype,
        "strides": with_others(strides, 1, data_format),
        "dilations": with_others(rates, 1, data_format),
        "padding": padding.encode(),
        "data_format": data_format.encode(),
        **(explicit if padding == "EXPLICIT" else {}),
    }


def with_others(axes, other, data_format="NHWC") -> list:
    """What is given for height and width, with the same for batch and channels."""
    channels = data_format.index("C")
    return [other, *axes[: channels - 1], other, *axes[channels - 1 :]]


def with_channels_last(build, rank: int = 4) -> list:
    """Nodes that read ``x`` with channels first through nodes that have them last.

    ``build`` returns nodes by their output, their input and their order of axes.
    """
    types = {"T": np.float32, "Tperm": np.int32}
    return [
        const("last", [0, *range(2, rank), 1], np.int32),
        const("first", [0, rank - 1, *range(1, rank - 1)], np.int32),
        node("x/last", "Transpose", "x", "last", **types),
        *build("y/last", "x/last", "NDHWC" if rank == 5 else "NHWC"),
        node("y", "Transpose", "y/last", "first", **types),
    ]


def fits(sizes, kernel, rates=(1, 1), padding="VALID", border=(0, 0, 0, 0)) -> bool:
    """Whether an image has room for a window."""
    if padding == "SAME":
        return True
    pads = border if padding == "EXPLICIT" else [0] * len(border)
    along = zip(sizes, kernel, rates, pads[::2], pads[1::2], strict=True)
    return all((window - 1) * rate + 1 <= size + a + b for size, window, rate, a, b in along)
