"""A video file that Chromium takes for a camera: YUV4MPEG2, 4:2:0."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

WEIGHTS = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


def write_y4m(path: Path, frames: Iterable[np.ndarray], rate: int = 10) -> None:
    """Write frames, uint8 [H, W, 3] of one even size, at a rate per second."""
    content = b""
    for frame in frames:
        height, width, _ = frame.shape
        if not content:
            content = f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode()
        luma, blue, red = np.moveaxis(frame @ WEIGHTS.T, 2, 0)
        planes = [16 + luma * 219 / 255, *(128 + _halved(each) * 224 / 255 for each in (blue, red))]
        pixels = [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in planes]
        content += b"FRAME\n" + b"".join(plane.tobytes() for plane in pixels)
    path.write_bytes(content)


def _halved(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
