"""Fitting photos to an artifact's input, and its labels to the size of the reference's.

A graph of the zoo takes photos of any size and pads them itself. An artifact with a fixed input
takes one size: the photo lies in its upper left corner and the rest is padded with the mean pixel
the network was trained with, 127.5, or the nearest that the type holds. An artifact of a lower
resolution sees a smaller copy of the photo, and its labels are enlarged to the reference's size.
"""

import numpy as np

from dlconv.errors import DlconvError
from dlconv.graph.contract import TensorSpec, has_channels_first, sides_of

MEAN_PIXEL = {"float32": 127.5, "uint8": 128}


def framed(image: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Bring a photo, uint8 [1, H, W, 3], to the type and the fixed size, if any, of an input.

    It becomes [1, 3, H, W] for an input with channels first. Raises DlconvError when the photo is
    larger than the input or its type is not a photo's.
    """
    if spec.dtype not in MEAN_PIXEL:
        raise DlconvError(f"the input {spec.node} takes {spec.dtype}, not a photo")
    typed = image.astype(spec.dtype, copy=False)
    _, height, width, _ = image.shape
    rows, columns = sides_of(spec)
    below, right = (rows or height) - height, (columns or width) - width
    if below < 0 or right < 0:
        raise DlconvError(f"a photo of {height} x {width} does not fit {rows} x {columns}")
    if below or right:
        padding = ((0, 0), (0, below), (0, right), (0, 0))
        typed = np.pad(typed, padding, constant_values=MEAN_PIXEL[spec.dtype])
    return np.ascontiguousarray(typed.transpose(0, 3, 1, 2)) if has_channels_first(spec) else typed


def channels_last(scores: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Return scores as [1, H, W, K]: behind an input with channels first, they come so, too."""
    return scores.transpose(0, 2, 3, 1) if has_channels_first(spec) else scores


def enlarged(labels: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Enlarge labels, integer [1, H, W], to another size by the nearest pixel's centre."""
    rows, columns = (
        np.minimum(((np.arange(wanted) + 0.5) * given / wanted).astype(int), given - 1)
        for wanted, given in zip(size, labels.shape[1:], strict=True)
    )
    return labels[:, rows][:, :, columns]
