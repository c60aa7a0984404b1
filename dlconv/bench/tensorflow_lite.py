"""TensorFlow's own converter on a frozen graph, as people call it; a program of its own.

    python tensorflow_lite.py GRAPH FILE FORM INPUT OUTPUT HEIGHTxWIDTH [PHOTOS]

FORM is ``float``, ``dynamic`` (weights of 8 bits, rounded while it runs) or ``int8`` (integers,
calibrated on PHOTOS, a file of numpy [n, height, width, 3]). The call is the one for graphs of
TensorFlow 1. Nothing of dlconv is imported here, so that time and memory are TensorFlow's.
"""

import sys
from pathlib import Path


def converted(
    graph: str, form: str, input_name: str, output_name: str, size: str, photos: str = ""
) -> bytes:
    """Return what TensorFlow's converter makes of a frozen graph. Raises what that does."""
    import numpy as np
    import tensorflow as tf

    height, width = map(int, size.split("x"))
    converter = tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(
        graph, [input_name], [output_name], {input_name: [1, height, width, 3]}
    )
    if form != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "int8":
        converter.representative_dataset = lambda: ([photo[None]] for photo in np.load(photos))
    content: bytes = converter.convert()
    return content


if __name__ == "__main__":
    source, target, *rest = sys.argv[1:]
    Path(target).write_bytes(converted(source, *rest))
