"""Fitting photos to an artifact's input, and its labels to the size of the reference's.

A graph of the zoo takes photos of any size and pads them itself. An artifact with a fixed input
takes one size: the photo lies in its upper left corner and the rest is padded with the mean pixel
the network was trained with, 127.5, or the nearest that the type holds. An artifact of a lower
resolution sees a smaller copy of the photo, and its labels are enlarged to the reference's size.
"""

import numpy as np

from dlconv.errors import DlconvError
from dlconv.graph.contract import TensorSpec, has_channels_first, is_one_image, sides_of

MEAN_PIXEL = {"float32": 127.5, "uint8": 128}


def framed(image: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Bring a photo, uint8 [1, H, W, 3], to the type and the fixed size, if any, of an input.

    It becomes [1, 3, H, W] for an input with channels first, [H, W, 3] for one without the axis of
    a batch. Raises DlconvError when the photo is larger than the input or its type is not that of a
    photo.
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
    if is_one_image(spec):
        return typed.reshape(typed.shape[1:])
    return np.ascontiguousarray(typed.transpose(0, 3, 1, 2)) if has_channels_first(spec) else typed


def as_photo(given: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Return what an input is given as a photo again, [1, H, W, 3]."""
    if is_one_image(spec):
        return given[None]
    return given.transpose(0, 2, 3, 1) if has_channels_first(spec) else given


def in_batch(output: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Return labels as [1, H, W] and scores as [1, H, W, K], whatever the input has.

    Behind an input without the axis of a batch, integers may be [H, W] and floats [H, W, K].
    """
    axes = 3 if np.issubdtype(output.dtype, np.floating) else 2
    return output[None] if is_one_image(spec) and output.ndim == axes else output


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
