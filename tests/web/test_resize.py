"""The page's own Lanczos filter, in Node.js, beside Pillow's."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.sample import PHOTOS

from dlconv.web.build import NODE

SCRIPT = Path(__file__).parent / "segment" / "resizing.mts"
SEEDS = range(60)


@pytest.fixture(scope="module")
def resized():
    """What resizes a list of (photo [H, W, 3], (width, height)), all in one process."""

    def resize(cases):
        asked = b"".join(_frame(photo, size) for photo, size in cases)
        answer = subprocess.run([NODE, SCRIPT], input=asked, capture_output=True, check=True)
        stream = io.BytesIO(answer.stdout)
        return [_answer(stream).reshape(height, width, 4) for _, (width, height) in cases]

    return resize


def _frame(photo, size):
    height, width, _ = photo.shape
    rgba = np.dstack([photo, np.full((height, width), 255, np.uint8)])
    sizes = [{"width": w, "height": h} for w, h in ((width, height), size)]
    header = json.dumps({"from": sizes[0], "to": sizes[1], "bytes": rgba.nbytes}).encode()
    return len(header).to_bytes(4, "little") + header + rgba.tobytes()


def _answer(stream):
    header = json.loads(stream.read(int.from_bytes(stream.read(4), "little")))
    return np.frombuffer(stream.read(header["bytes"]), np.uint8)


def assert_as_pillow(resized, cases):
    for (photo, size), found in zip(cases, resized(cases), strict=True):
        expected = Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS)
        assert (found[..., :3] == np.asarray(expected)).all(), (photo.shape, size)
        assert (found[..., 3] == 255).all()


def test_random_photos_are_resized_to_pillow_s_pixels(resized):
    def case(seed):
        random = np.random.default_rng(seed)
        height, width, *size = random.integers(1, 150, 4)
        photo = random.integers(0, 256, (height, width, 3), np.uint8)
        # Extremes overshoot, and are cut off.
        return np.where(seed % 2, photo, photo // 128 * 255), tuple(map(int, size))

    assert_as_pillow(resized, [case(seed) for seed in SEEDS])


@pytest.mark.parametrize("size", [(513, 384), (257, 192), (640, 480), (600, 20), (1, 1)])
def test_a_photo_is_resized_to_pillow_s_pixels(resized, size):
    photo = Image.open(PHOTOS / "scene_2000036.png").convert("RGB").resize((640, 480))
    assert_as_pillow(resized, [(np.asarray(photo), size)])
