"""Images to calibrate on when there are no photos: dead leaves.

Shapes that cover one another, with radii distributed as 1/size, have edges and regions of every
scale, as photos do (Lee, Mumford and Huang 2001, Occlusion models for natural images). Blur, noise
with a spectrum of 1/f and a gradient of light make them smoother. A seed fixes an image to the last
pixel.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import ImageDraw

SHAPES = 600
COUNT = 8


def synthetic_images(size: tuple[int, int], count: int = COUNT) -> list[np.ndarray]:
    """Return ``count`` images, uint8 [1, height, width, 3], for a size (height, width)."""
    return [_image(np.random.default_rng(seed), size) for seed in range(count)]


def _image(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image, ImageDraw, ImageFilter

    height, width = size
    picture = Image.new("RGB", (width, height), _colour(random))
    draw = ImageDraw.Draw(picture)
    for _ in range(SHAPES):
        _draw_shape(random, draw, size)
    blurred = picture.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 1.5))))
    pixels = np.asarray(blurred, np.float64)
    pixels += random.uniform(5, 30) * _noise(random, size)[:, :, None]
    pixels += _gradient(random, size)[:, :, None]
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)[None]


def _colour(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = random.integers(0, 256, 3).tolist()
    return red, green, blue


def _draw_shape(
    random: np.random.Generator, draw: "ImageDraw.ImageDraw", size: tuple[int, int]
) -> None:
    least, most = 3.0, max(size) / 3
    radius = least * (most / least) ** random.random()
    x, y = random.uniform(0, size[1]), random.uniform(0, size[0])
    across, down = radius, radius * random.uniform(0.3, 1)
    if random.random() < 0.5:
        across, down = down, across
    box = (x - across, y - down, x + across, y + down)
    shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
    shape(box, fill=_colour(random))


def _noise(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Return noise with a spectrum of 1/f, of variance 1; of a single pixel, none."""
    spectrum = np.fft.rfft2(random.normal(size=size))
    down, across = np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(spectrum / frequency, s=size)
    return np.asarray(noise / (noise.std() or 1.0))


def _gradient(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    down = np.linspace(-1, 1, size[0])[:, None] * random.uniform(-40, 40)
    across = np.linspace(-1, 1, size[1])[None] * random.uniform(-40, 40)
    return np.asarray(down + across)
