"""The weights of TensorFlow's bicubic resizing, which it looks up in a table."""

import numpy as np

# How many places between two pixels the table tells apart.
BICUBIC_STEPS = 1024


def bicubic_table(is_centred: bool) -> np.ndarray:
    """Return float32 [steps + 1, 4]: the weights of four pixels for a place between the middle two.

    They are Keys' (Cubic Convolution Interpolation for Digital Image Processing, 1981) with a of
    -0.75, or of -0.5 with half pixel centers.
    """
    a = -0.5 if is_centred else -0.75
    near = np.linspace(0, 1, BICUBIC_STEPS + 1)
    far = near + 1
    to_near = ((a + 2) * near - (a + 3)) * near**2 + 1
    to_far = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    return np.stack([to_far, to_near, to_near[::-1], to_far[::-1]], 1).astype(np.float32)
