"""Files for LiteRT as TensorFlow's own converter writes them, each with the function it is from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

# A multiple of four, or LiteRT.js finds more classes on WebGPU (dlconv/runtimes/litert_web.py).
CLASSES = 8
KERNEL = np.random.default_rng(7).normal(size=(3, 3, 3, CLASSES)).astype(np.float32)


@dataclass(frozen=True)
class TfliteFile:
    path: Path
    function: Any

    def expected(self, photo: np.ndarray) -> np.ndarray:
        """What TensorFlow gives."""
        return self.function(tf.constant(photo)).numpy()


def labelling(path: Path, shape: list[int | None], dtype: str) -> TfliteFile:
    """A file that gives a label, int32, for each pixel."""

    @tf.function(input_signature=[tf.TensorSpec(shape, dtype)])
    def labels(photo):
        return tf.argmax(_scores(photo), axis=3, output_type=tf.int32)

    return _converted(path, labels)


def scoring_in_int8(path: Path, photos: list[np.ndarray]) -> TfliteFile:
    """A file that takes int8 and gives int8: scores in ranges learnt from photos, float32."""

    @tf.function(input_signature=[tf.TensorSpec(photos[0].shape, "float32")])
    def scores(photo):
        return _scores(photo)

    return _converted(path, scores, photos)


def _scores(photo):
    return tf.nn.conv2d(tf.cast(photo, tf.float32), KERNEL, 1, "SAME", name="scores")


def _converted(path: Path, function, photos=None) -> TfliteFile:
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], tf.Module()
    )
    if photos is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([photo] for photo in photos)
        converter.inference_input_type = converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())
    return TfliteFile(path, function)
