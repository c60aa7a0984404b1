"""How photos go to JavaScript and what comes back: a header and little-endian bytes.

No answer within a time limit is an error, too.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import Inference

# How long a runtime may take to load an artifact, or for one photo: ten times what the slowest in
# use, WebGPU on the processor, needs.
ANSWER_SECONDS = 600.0


def header_of(image: np.ndarray) -> dict[str, Any]:
    """Return the header of a photo: its shape and dtype."""
    return {"shape": list(image.shape), "dtype": image.dtype.name}


def as_bytes(image: np.ndarray) -> bytes:
    """Return a photo's bytes."""
    return np.ascontiguousarray(image, image.dtype.newbyteorder("<")).tobytes()


def inference_from(header: Mapping[str, Any], payload: bytes) -> Inference:
    """Return the result in an answer. Raises DlconvError if its bytes do not match its shape."""
    shape = tuple(header["shape"])
    if len(payload) != 4 * math.prod(shape):
        raise DlconvError(f"the answer has {len(payload)} bytes for an output of shape {shape}")
    dtype = "<f4" if header["dtype"] == "float32" else "<i4"
    return Inference(np.frombuffer(payload, dtype).reshape(shape), float(header["ms"]))


def no_answer(who: str, what: Path) -> DlconvError:
    """Return the error of a runtime that took longer than ``ANSWER_SECONDS`` over an artifact."""
    return DlconvError(
        f"{who} did not answer within {ANSWER_SECONDS:g} seconds while it ran {what}",
        "try another runtime, or a smaller size of the input",
        code="no-answer",
    )


def arrays_from(shapes: Sequence[Sequence[int]], payload: bytes) -> list[np.ndarray]:
    """Split concatenated float32 values. Raises DlconvError if they do not fit the shapes."""
    sizes = [math.prod(shape) for shape in shapes]
    if len(payload) != 4 * sum(sizes):
        raise DlconvError(f"the answer has {len(payload)} bytes for {sum(sizes)} numbers")
    parts = np.split(np.frombuffer(payload, "<f4"), np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
