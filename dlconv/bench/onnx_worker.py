"""ONNX Runtime in a Python process of its own, and the worker that runs there.

Its memory is ONNX Runtime's and not that of the command around it.
"""

import sys
from pathlib import Path

from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.python_child import PythonChild, answer_requests
from dlconv.runtimes.session import SessionRuntime


class OnnxruntimeChild(SessionRuntime[PythonChild]):
    """Runs an ONNX file as ``OnnxruntimeRuntime`` does, in a process of its own."""

    name = OnnxruntimeRuntime.name
    described = ("onnxruntime", "threads")

    def __init__(self, model_path: Path, threads: int) -> None:
        super().__init__(model_path, OnnxruntimeRuntime.backend)
        self._threads = threads

    def _open(self) -> PythonChild:
        arguments = [str(self._path.resolve()), str(self._threads)]
        return PythonChild("ONNX Runtime's process", self._path, __name__, arguments)


if __name__ == "__main__":
    answer_requests(OnnxruntimeRuntime(Path(sys.argv[1]), int(sys.argv[2])))
