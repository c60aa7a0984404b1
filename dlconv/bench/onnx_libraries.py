"""Other readers of ONNX files, in the Python that runs this: OpenCV and OpenVINO.

    PYTHON onnx_libraries.py NAME MODEL.onnx IMAGES.npz OUTPUTS.npz

NAME is one of ``LIBRARIES``; what it gives for each array of IMAGES.npz goes to OUTPUTS.npz. What a
library says when it refuses a model or an image is the last line of standard error, and the exit
code is 1. PYTHON has an environment without dlconv, so nothing of that is imported.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

Infer = Callable[[np.ndarray], np.ndarray]


def opencv(path: str, engine: str = "") -> Infer:
    """Load a model in OpenCV, with the engine of its dnn module that it takes or one by name.

    Before 5.0 there is one engine, the classic one.
    """
    import cv2

    chosen = getattr(cv2.dnn, engine, None)
    network = cv2.dnn.readNetFromONNX(path, *([] if chosen is None else [chosen]))

    def infer(image: np.ndarray) -> np.ndarray:
        network.setInput(image)
        return np.asarray(network.forward())

    return infer


def openvino(path: str, **properties: str) -> Infer:
    """Load a model in OpenVINO, on the CPU."""
    import openvino as ov

    compiled: Any = ov.Core().compile_model(path, "CPU", properties)
    return lambda image: np.asarray(compiled(image)[0])


LIBRARIES: Mapping[str, Callable[[str], Infer]] = {
    "opencv": opencv,
    "opencv-classic": partial(opencv, engine="ENGINE_CLASSIC"),
    "openvino": openvino,
    "openvino-float32": partial(openvino, INFERENCE_PRECISION_HINT="f32"),
}


def main(name: str, model: str, images: str, outputs: str) -> None:
    """Run a model on images and keep what it gives; what fails ends the process."""
    try:
        infer = LIBRARIES[name](model)
        with np.load(images) as given:
            found = [infer(given[key]) for key in given.files]
    except Exception as error:
        sys.exit(" ".join(str(error).split()))
    np.savez(outputs, *found)


if __name__ == "__main__":
    main(*sys.argv[1:])
