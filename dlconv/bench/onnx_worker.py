"""ONNX Runtime in a Python process of its own, and the worker that runs there.

Its memory is ONNX Runtime's and not that of the command around it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlconv.runtimes import Inference
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.python_child import PythonChild, answer_requests


class OnnxruntimeChild:
    """Runs an ONNX file as ``OnnxruntimeRuntime`` does, in a process of its own."""

    name = OnnxruntimeRuntime.name
    backend = OnnxruntimeRuntime.backend

    def __init__(self, model_path: Path, threads: int) -> None:
        self._model_path = model_path
        self._threads = threads

    def __enter__(self) -> "OnnxruntimeChild":
        arguments = [str(self._model_path.resolve()), str(self._threads)]
        name = "ONNX Runtime's process"
        self._asked = PythonChild(name, self._model_path, __name__, arguments)
        return self

    def __exit__(self, *raised: object) -> None:
        self._asked.close()

    @property
    def process_ids(self) -> Sequence[int]:
        """The worker's process, once it is entered."""
        return self._asked.process_ids

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, uint8 [1, H, W, 3] RGB, to its labels."""
        answer: Inference = self._asked.ask("infer", image)
        return answer

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        return self._asked.description


if __name__ == "__main__":
    answer_requests(OnnxruntimeRuntime(Path(sys.argv[1]), int(sys.argv[2])))
