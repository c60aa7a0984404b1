"""Fitting photos to an artifact's input, and its labels to the size of the reference's.

A graph of the zoo takes photos of any size and pads them itself. An artifact with a fixed input
takes one size: the photo lies in its upper left corner and the rest is padded with the mean pixel
the network was trained with, 127.5, or the nearest that the type holds. An artifact of a lower
resolution sees a smaller copy of the photo, and its labels are enlarged to the reference's size.
"""

import numpy as np

from dlconv.errors import DlconvError
from dlconv.graph.contract import TensorSpec

MEAN_PIXEL = {"float32": 127.5, "uint8": 128}


def framed(image: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Bring a photo, uint8 [1, H, W, 3], to the type and the fixed size, if any, of an input.

    Raises DlconvError when the photo is larger than the input or its type is not a photo's.
    """
    if spec.dtype not in MEAN_PIXEL:
        raise DlconvError(f"the input {spec.node} takes {spec.dtype}, not a photo")
    typed = image.astype(spec.dtype, copy=False)
    _, height, width, _ = image.shape
    _, rows, columns, _ = spec.shape if spec.shape and len(spec.shape) == 4 else (None,) * 4
    below, right = (rows or height) - height, (columns or width) - width
    if below < 0 or right < 0:
        raise DlconvError(f"a photo of {height} x {width} does not fit {rows} x {columns}")
    if not below and not right:
        return typed
    padding = ((0, 0), (0, below), (0, right), (0, 0))
    return np.pad(typed, padding, constant_values=MEAN_PIXEL[spec.dtype])


def enlarged(labels: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Enlarge labels, integer [1, H, W], to another size by the nearest pixel's centre."""
    rows, columns = (
        np.minimum(((np.arange(wanted) + 0.5) * given / wanted).astype(int), given - 1)
        for wanted, given in zip(size, labels.shape[1:], strict=True)
    )
    return labels[:, rows][:, :, columns]
